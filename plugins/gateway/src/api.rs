//! `/.greenroom/v1/gateway`: what is going on between us and the Node backend, as JSON, and the switch that lets bytes pass as
//! they come. Units stand in names; times are RFC 3339 in UTC. `docs/operating.md` has each field.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::State,
    routing::{get, put},
};
use greenroom::{ops::Operator, prelude::*};
use greenroom_boot_document::BootDocument;
use greenroom_plugin_observatory_node::assets;
use greenroom_proxy::{PluginStatus, Status, Untouched};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Gateway,
    node::{NodeReadiness, Said},
    outside::Outside,
    words,
};

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) gateway: Gateway,
    pub(crate) config: RootConfig,
    pub(crate) ops: Ops,
}

/// The routes below `/.greenroom/v1/gateway`.
pub(crate) fn router(told: Told) -> Router {
    Router::new().route("/", get(show)).route("/transparent", put(switch)).with_state(told)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    upstream: Upstream,
    readiness: Option<Readiness>,
    boot: Option<BootDocument>,
    latency: Option<Latency>,
    #[serde(flatten)]
    open: Open,
    requests: u64,
    given_up: u64,
    failures: u64,
    retries: u64,
    connects: u64,
    open_connections: usize,
    idle_connections: usize,
    documents: Documents,
    transparent: bool,
    plugins: Vec<Plugin>,
    last_exit: Option<Exit>,
    #[serde(flatten)]
    outside: Outside,
}

/// How a child ended last, also that of the process before this one.
#[derive(Serialize)]
struct Exit {
    time: greenroom_wrap::Time,
    cause: &'static str,
    sentence: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Upstream {
    address: String,
    /// Whether it is a child process of this one.
    child: bool,
    state: &'static str,
    since: Option<String>,
    why: Option<String>,
    /// Why it is asked from an address that its rate limit spares.
    no_source: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    ready: bool,
    status: Option<u16>,
    message: Option<String>,
    latency_ms: f64,
    checked_at: Option<String>,
    since: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Latency {
    p50_ms: f64,
    p95_ms: f64,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    in_flight: usize,
    streams: usize,
    tunnels: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Documents {
    added: u64,
    untouched: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plugin {
    /// `null` for what is below no `/api/<id>`.
    id: Option<String>,
    requests: u64,
    #[serde(flatten)]
    open: Open,
    given_up: u64,
    failures: u64,
    last_failure: Option<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    at: Option<String>,
    /// A status, or the code of an error.
    what: String,
    request_id: String,
    lines: String,
}

async fn show(State(told): State<Told>) -> Json<Shown> {
    let status = told.gateway.proxy().status();
    let outside = Outside::of(&told.gateway, &status, &told.config.masks());
    let Status { address, state, is_transparent, no_source, latency, plugins, .. } = status;
    let Status { retries, connects, open_connections, idle_connections, documents, untouched, .. } = status;
    let now = SystemTime::now();
    let sum = |of: fn(&PluginStatus) -> u64| plugins.values().map(of).sum();
    let open = |of: fn(&PluginStatus) -> usize| plugins.values().map(of).sum();
    Json(Shown {
        upstream: Upstream {
            address: address.to_string(),
            child: told.gateway.is_child(),
            state: words::word(&state),
            since: time(words::since(&state, now)),
            why: words::why(&state).map(|why| told.config.masked(why)),
            no_source: no_source.map(|why| told.config.masked(&why)),
        },
        readiness: told.gateway.node().map(|node| readiness(node, &told.config)),
        boot: told.gateway.boot_document(),
        latency: latency.map(|(p50, p95)| Latency { p50_ms: millis(p50), p95_ms: millis(p95) }),
        open: Open {
            in_flight: open(|plugin| plugin.in_flight),
            streams: open(|plugin| plugin.streams),
            tunnels: open(|plugin| plugin.tunnels),
        },
        requests: sum(|plugin| plugin.requests),
        given_up: sum(|plugin| plugin.given_up),
        failures: sum(|plugin| plugin.failures),
        retries,
        connects,
        open_connections,
        idle_connections,
        documents: Documents {
            added: documents,
            untouched: untouched.into_iter().map(|(why, count)| (reason(why), count)).collect(),
        },
        transparent: is_transparent,
        plugins: plugins.into_iter().map(|(id, status)| plugin(id, status)).collect(),
        last_exit: told.gateway.child_facts().last_exit().map(|exit| Exit {
            time: exit.time,
            cause: exit.cause.as_str(),
            sentence: told.config.masked(&exit.sentence),
        }),
        outside,
    })
}

fn readiness(node: NodeReadiness, config: &RootConfig) -> Readiness {
    let ready = node.is_ready();
    let (status, message) = match node.said {
        Said::Ready => (None, None),
        Said::NotReady(status, message) => (Some(status), message),
        Said::Nothing(why) => (None, Some(why)),
    };
    Readiness {
        ready,
        status,
        message: message.map(|message| config.masked(&message)),
        latency_ms: millis(node.took),
        checked_at: time(node.at),
        since: time(node.since),
    }
}

fn plugin(id: String, status: PluginStatus) -> Plugin {
    let PluginStatus { in_flight, streams, tunnels, requests, given_up, failures, last_failure, .. } = status;
    let last_failure = last_failure.map(|(at, what, request_id)| Failure {
        at: time(at),
        what,
        lines: assets::lines("request", &request_id),
        request_id,
    });
    let id = Some(id).filter(|id| !id.is_empty());
    Plugin { id, requests, open: Open { in_flight, streams, tunnels }, given_up, failures, last_failure }
}

fn reason(why: Untouched) -> &'static str {
    match why {
        Untouched::Encoded => "encoded",
        Untouched::TooLarge => "tooLarge",
        Untouched::Busy => "busy",
        Untouched::TooSlow => "tooSlow",
        Untouched::NotUtf8 => "notUtf8",
        Untouched::NoHead => "noHead",
        Untouched::Policy => "policy",
        Untouched::AlreadyThere => "alreadyThere",
    }
}

/// What the switch is asked with, and what it answers.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Transparent {
    transparent: bool,
}

async fn switch(
    State(told): State<Told>,
    operator: Operator,
    Json(asked): Json<Transparent>,
) -> HandlerResult<Json<Transparent>> {
    told.gateway.proxy().set_transparent(asked.transparent);
    let (what, why) = match asked.transparent {
        true => ("on", "bytes pass as they come, and nothing is added"),
        false => ("off", "requests and pages are added to"),
    };
    told.ops.audit(&operator, "gateway.transparent", what, why);
    Ok(Json(asked))
}

pub(crate) fn time(at: SystemTime) -> Option<String> {
    let at = Timestamp::try_from(at).ok()?;
    Some(format!("{at:.3}"))
}

/// In milliseconds, whole microseconds kept.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
