//! What is seen of the Node backend, as metrics: read from what the proxy and the child's log have counted anyway.

mod start;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use greenroom::{
    auth::is_plugin_id,
    metrics::{MetricsRegistry, Observation},
    prelude::*,
};
use greenroom_proxy::{State, Status};
use greenroom_wrap::DriftKind;

use crate::Gateway;

/// Tells them under the backend's own meter.
pub(crate) fn tell(
    registry: &MetricsRegistry,
    gateway: &Gateway,
    lifecycle: &Lifecycle,
    metadata: InstanceMetadata,
) {
    let metrics = registry.own();
    let of = |look: fn(&Status, &Observation<'_>)| {
        let proxy = gateway.proxy().clone();
        move |now: &Observation<'_>| look(&proxy.status(), now)
    };
    metrics
        .observable_gauge("greenroom.upstream.up")
        .description("1 while the Node backend takes connections, else 0.")
        .observe(of(|status, now| now.observe(u8::from(matches!(status.state, State::Up { .. })), &[])));
    metrics
        .observable_counter("greenroom.upstream.stalls")
        .unit("{stall}")
        .description("How many times the Node backend's event loop has stood still.")
        .observe(of(|status, now| now.observe(status.stall_count, &[])));
    metrics
        .observable_counter("greenroom.gateway.retries")
        .unit("{request}")
        .description("Requests that the Node backend was asked twice.")
        .observe(of(|status, now| now.observe(status.retries, &[])));
    metrics
        .observable_up_down_counter("http.client.open_connections")
        .unit("{connection}")
        .description("Number of outbound HTTP connections that are currently active or idle.")
        .observe(of(connections));
    metrics
        .observable_up_down_counter("greenroom.gateway.streams")
        .unit("{stream}")
        .description(
            "Forwarded streams of events, and connections that left HTTP, which are open, by plugin.",
        )
        .observe(of(streams));
    metrics
        .observable_counter("greenroom.auth.failures")
        .unit("{request}")
        .description("Requests that the Node backend has answered by 401 or 403, by plugin and reason.")
        .observe(of(refused));
    starts(registry, gateway, lifecycle);
    if gateway.is_child() {
        start::tell(metrics, gateway, metadata);
        let asked = gateway.clone();
        metrics
            .observable_gauge("greenroom.config.stale")
            .unit("{file}")
            .description(
                "Files that the Node backend has read at its start and that have changed since, by kind.",
            )
            .observe(move |now| stale(&asked, now));
        let gateway = gateway.clone();
        metrics
            .observable_counter("greenroom.log.bytes")
            .unit("By")
            .description("Bytes that the Node backend has printed, by plugin and level.")
            .observe(move |now| spent(&gateway, now));
    }
}

fn connections(status: &Status, now: &Observation<'_>) {
    let active = status.open_connections.saturating_sub(status.idle_connections);
    for (state, count) in [("active", active), ("idle", status.idle_connections)] {
        let server = [
            KeyValue::new("http.connection.state", state),
            KeyValue::new("server.address", status.address.ip().to_string()),
            KeyValue::new("server.port", i64::from(status.address.port())),
        ];
        now.observe(count as u64, &server);
    }
}

/// The plugins behind by the names that they have in metrics: what clients ask for may be none.
fn plugins(status: &Status) -> impl Iterator<Item = (Option<&str>, &greenroom_proxy::PluginStatus)> {
    status.plugins.iter().map(|(id, of)| (Some(&**id).filter(|_| of.is_found), of))
}

fn streams(status: &Status, now: &Observation<'_>) {
    let mut open = BTreeMap::<_, u64>::new();
    for (plugin, of) in plugins(status) {
        for (kind, count) in [("events", of.streams), ("tunnel", of.tunnels)] {
            *open.entry((plugin, kind)).or_default() += count as u64;
        }
    }
    // What has never been open is no series.
    open.retain(|(plugin, _), count| plugin.is_none() || *count > 0);
    for ((plugin, kind), count) in open {
        now.observe(count, &named(plugin, [KeyValue::new("kind", kind)]));
    }
}

fn refused(status: &Status, now: &Observation<'_>) {
    let mut all = BTreeMap::<_, u64>::new();
    for (plugin, of) in plugins(status) {
        for refused in &of.refused {
            *all.entry((plugin, refused.status, refused.reason)).or_default() += refused.count;
        }
    }
    for ((plugin, status, reason), count) in all {
        let why =
            [KeyValue::new("reason", reason), KeyValue::new("http.response.status_code", i64::from(status))];
        now.observe(count, &named(plugin, why));
    }
}

/// How many times it has begun to take connections: more than once, and it was away.
fn starts(registry: &MetricsRegistry, gateway: &Gateway, lifecycle: &Lifecycle) {
    let starts = Arc::new(AtomicU64::new(0));
    let counted = starts.clone();
    let mut state = gateway.proxy().state();
    lifecycle.spawn("how often the Node backend starts", async move {
        let mut was_up = false;
        loop {
            let is_up = matches!(*state.borrow_and_update(), State::Up { .. });
            if is_up && !std::mem::replace(&mut was_up, is_up) {
                counted.fetch_add(1, Relaxed);
            }
            was_up = is_up;
            if state.changed().await.is_err() {
                return;
            }
        }
    });
    registry
        .own()
        .observable_counter("greenroom.upstream.starts")
        .unit("{start}")
        .description("How many times the Node backend has begun to take connections.")
        .observe(move |now| now.observe(starts.load(Relaxed), &[]));
}

/// Files that nobody looks after are no series.
fn stale(gateway: &Gateway, now: &Observation<'_>) {
    let Some(drifted) = gateway.child_facts().drift() else { return };
    for kind in [DriftKind::Config, DriftKind::Lockfile] {
        let count = drifted.iter().filter(|file| file.kind == kind).count();
        now.observe(count, &[KeyValue::new("kind", kind.as_str())]);
    }
}

fn spent(gateway: &Gateway, now: &Observation<'_>) {
    let mut all = BTreeMap::<_, u64>::new();
    for spent in gateway.child_facts().spend().unwrap_or_default() {
        // A line may say anything.
        let plugin = spent.plugin.filter(|id| is_plugin_id(id));
        *all.entry((plugin, spent.level.as_str())).or_default() += spent.bytes;
    }
    for ((plugin, level), bytes) in all {
        now.observe(bytes, &named(plugin.as_deref(), [KeyValue::new("level", level)]));
    }
}

fn named<const N: usize>(plugin: Option<&str>, others: [KeyValue; N]) -> Vec<KeyValue> {
    let plugin = plugin.map(|id| KeyValue::new("backstage.plugin.id", id.to_owned()));
    others.into_iter().chain(plugin).collect()
}
