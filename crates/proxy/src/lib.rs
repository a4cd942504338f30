//! One server behind this one, as a rule the Node backend: what is forwarded to it, and what comes back.
//!
//! A [`Proxy`] is installed as [`Forwarding`](greenroom_http::Forwarding), and then gets what nobody of this backend owns. It
//! changes as few bytes as a proxy can: `request_headers.rs` and `response_headers.rs` say which. What becomes of one request is in
//! `send.rs`, what is known of the server behind in `availability.rs`.

mod answer_body;
mod availability;
mod connect;
mod connection;
mod documents;
mod failure;
mod hop_by_hop;
mod labels;
mod latency;
mod live;
mod measured;
mod occasional;
mod open;
mod pool;
mod proxy;
mod pulse;
mod quiet_waker;
mod recent;
mod refusals;
mod request_head;
mod request_headers;
mod response_headers;
mod send;
mod settings;
mod shared;
mod stall;
mod start;
mod state;
mod status;
mod traced;
mod tunnel;
mod upload;
mod watch;
mod wire;

pub use crate::{
    documents::{Addition, Document, Documents, Untouched},
    labels::{Label, Labels},
    live::{OTHER_PLUGINS, PROBES},
    open::Open,
    proxy::{Proxy, ProxyBuilder},
    pulse::LookAtThread,
    refusals::{MISSING, UNVERIFIED, VALID},
    settings::{Limits, Upstream},
    stall::{MainThread, STALL, Stall, StallKind, Suspect, ThreadState},
    start::IsIt,
    state::{State, Why},
    status::{PluginStatus, Readiness, Refused, Status},
    watch::{PROBE_AGENT, PROBE_PATH},
};
