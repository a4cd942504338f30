//! What is going on between this server and the one behind, for pages and checks.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    documents::Untouched,
    settings::Limits,
    stall::Stall,
    state::{State, Why},
};

/// A look at all of it.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where the server behind is.
    pub address: SocketAddr,
    /// Whether it can be asked.
    pub state: State,
    /// Whether bytes pass as they come, and nothing is added.
    pub is_transparent: bool,
    /// Whether this server is about to stop.
    pub is_stopping: bool,
    /// Why it is not asked from [the address](crate::Upstream::source) from which it should be.
    pub no_source: Option<Why>,
    /// What it said last of its readiness, since it takes connections.
    pub readiness: Option<Arc<Readiness>>,
    /// How long its answers of the last minute took to begin: the median and the 95th percentile.
    pub latency: Option<(Duration, Duration)>,
    /// How much may go to it at once.
    pub limits: Limits,
    /// By plugin; what is below no `/api/<id>` has the key of an empty text, health checks have [`PROBES`](crate::PROBES), and
    /// what is beyond the first 200 ids [`OTHER_PLUGINS`](crate::OTHER_PLUGINS).
    pub plugins: BTreeMap<String, PluginStatus>,
    /// Requests that were asked twice.
    pub retries: u64,
    /// Connections that were opened for requests.
    pub connects: u64,
    /// Connections that are open.
    pub open_connections: usize,
    /// Connections that wait for a request.
    pub idle_connections: usize,
    /// Documents that were added to.
    pub documents: u64,
    /// Documents that went out as they came.
    pub untouched: BTreeMap<Untouched, u64>,
    /// How many times its event loop has stood still.
    pub stall_count: u64,
    /// The last twenty of these, the newest first.
    pub stalls: Vec<Stall>,
}

/// An answer to the question whether the server behind is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// When the first of the answers came that all said yes, or all did not.
    pub since: SystemTime,
    /// When it came.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// The status and the beginning of the body, or why there was no answer.
    pub answer: Result<(u16, String), Why>,
}

impl Readiness {
    /// Whether it said yes: by a status below 400.
    pub fn is_ready(&self) -> bool {
        self.answer.as_ref().is_ok_and(|(status, _)| *status < 400)
    }
}

/// One plugin behind.
#[derive(Clone, Debug, Default)]
pub struct PluginStatus {
    /// Requests whose answers have not begun or not ended.
    pub in_flight: usize,
    /// Requests whose answers have ended, and the rest of whose bodies goes on.
    pub uploads: usize,
    /// Event streams that are open.
    pub streams: usize,
    /// Connections that have left HTTP.
    pub tunnels: usize,
    /// Whether the server behind has it, as far as answers have shown: what clients ask for may be no plugin. Metrics and pages tell of
    /// these alone by name.
    pub is_found: bool,
    /// Requests so far.
    pub requests: u64,
    /// Those of them that clients gave up before an answer.
    pub given_up: u64,
    /// Answers of 500 and above, and answers that broke.
    pub failures: u64,
    /// The last failure: when, which status or error code, and the request's id.
    pub last_failure: Option<(SystemTime, String, String)>,
    /// Answers of 401 and 403.
    pub refused: Vec<Refused>,
}

/// Requests that the server behind has refused for who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// 401 or 403.
    pub status: u16,
    /// Why, as far as the request's [label](crate::Label) tells: [`MISSING`](crate::MISSING), [`VALID`](crate::VALID),
    /// [`UNVERIFIED`](crate::UNVERIFIED), or why the credential is not valid.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
    /// When the last one came.
    pub last: SystemTime,
}
