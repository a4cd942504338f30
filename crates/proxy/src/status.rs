//! What is going on between this server and the one behind, for pages and checks.

use std::{collections::BTreeMap, time::{Duration, SystemTime}};

use crate::{documents::Untouched, state::State};

/// A look at all of it.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether the server behind can be asked.
    pub state: State,
    /// Whether bytes pass as they come, and nothing is added.
    pub is_transparent: bool,
    /// How long its answers took to begin, of the last requests: the median and the 95th percentile.
    pub latency: Option<(Duration, Duration)>,
    /// By plugin; what is below no `/api/<id>` has the key of an empty text.
    pub plugins: BTreeMap<String, PluginStatus>,
    /// Requests that were asked twice.
    pub retries: u64,
    /// Connections that were opened.
    pub connects: u64,
    /// Documents that were added to.
    pub documents: u64,
    /// Documents that went out as they came.
    pub untouched: BTreeMap<Untouched, u64>,
}

/// One plugin behind.
#[derive(Clone, Debug, Default)]
pub struct PluginStatus {
    /// Requests whose answers have not begun or not ended.
    pub in_flight: usize,
    /// Event streams that are open.
    pub streams: usize,
    /// Connections that have left HTTP.
    pub tunnels: usize,
    /// Requests so far.
    pub requests: u64,
    /// Answers of 500 and above, and answers that broke.
    pub failures: u64,
    /// The last failure: when, which status or error code, and the request's id.
    pub last_failure: Option<(SystemTime, String, String)>,
}
