//! Stands in front of a Node backend: what this backend does not own, that one answers.
//!
//! [`gateway_services`] makes a backend a gateway: its root router then forwards from its very first request. The plugin
//! [`gateway`] has what operators see and do: `GET /.greenroom/v1/gateway`, the part “Node backend” of the page “Now”, the
//! switch `PUT /.greenroom/v1/gateway/transparent`, and the health check `gateway.node`.
//!
//! # Readiness
//!
//! As long as the Node backend has not listened, or takes no connections, Backstage's readiness is answered here, with 503 and
//! why; once it listens, probes get its bytes. While its event loop stands still they are answered here, by what it has said last;
//! from a stop's beginning on they are answered here again.
//!
//! # Config
//!
//! ```yaml
//! greenroom:
//!   gateway:
//!     upstreamPort: 7008   # where a Node backend that is started here listens; a free port
//!     maxInFlight: 2000    # requests at a time, up to a million; more are answered 503
//!     maxStreams: 5000     # event streams and WebSockets, up to a million
//!     htmlLimit: 1MiB      # the longest page that is added to, 1KiB to 64MiB
//!     accessLines: ours    # or `both`, or `node`
//!     transparent: false   # nothing is added
//!   run:
//!     delay: 3s            # how long a stop waits for load balancers
//! ```

mod api;
mod boot;
mod checks;
mod child_facts;
mod databases;
mod labels;
mod lately;
mod metrics;
mod node;
mod outside;
mod readiness;
mod section;
mod service;
mod settings;
mod stop;
mod upstream;
mod users;
mod words;

use std::time::{Duration, Instant, SystemTime};

use greenroom::{auth::UserTokens, health::CheckHandle, metrics::MetricsRegistry, prelude::*};
use greenroom_plugin_observatory_node::NowParts;
use greenroom_proxy::State;

pub use crate::{
    boot::GivenUp,
    service::{Gateway, gateway_services},
    settings::{AccessLines, GatewaySettings},
    upstream::{GatewayOptions, UpstreamFrom},
};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// How soon it is looked again at a Node backend that listens and is not ready, as while its plugins start.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a Node backend may take to be ready before its check says that it is not.
const START: Duration = Duration::from_secs(60);

/// The plugin `gateway`. See the [crate's documentation](crate); it needs what [`gateway_services`] adds.
pub fn gateway() -> Plugin {
    plugin("gateway", |env| {
        env.register_init(
            async |gateway: Gateway, ops: Ops, now: NowParts, config: RootConfig, work: Work| {
                // A plugin `auth` of this backend signs its own users in.
                if !work.metadata.installed_plugins().iter().any(|plugin| &*plugin.plugin_id == "auth") {
                    work.users.set_auth_backend(gateway.auth_backend())?;
                }
                // It is registered once that server has begun; a config may name it before.
                work.health.expect("node");
                checks::declare(&gateway, &work.health, &work.lifecycle);
                let databases = databases::declare(&gateway, &config, &work.health);
                let last_end = section::LastEnd::default();
                let followed =
                    follow(gateway.clone(), last_end.clone(), work.health, databases, work.logger.clone());
                work.lifecycle.spawn("what the Node backend says", followed);
                let stopping = gateway.stopping().clone();
                work.http.on_finished(work.logger, move |finished| stopping.finished(finished));
                metrics::tell(&work.metrics, &gateway, &work.lifecycle, work.metadata);
                if !ops.is_on() {
                    return Ok(());
                }
                let told = api::Told { gateway: gateway.clone(), config: config.clone(), ops: ops.clone() };
                ops.mount_api("gateway", api::router(told))?;
                let noted = last_end.clone().follow(gateway.proxy().state());
                work.lifecycle.spawn("how the Node backend ended last", noted);
                let lately = lately::Lately::default();
                if gateway.is_child() {
                    let followed = lately.clone().follow(gateway.clone());
                    work.lifecycle.spawn("what is seen of the Node backend lately", followed);
                }
                now.add(move |now| section::part(&gateway, (&last_end, &lately), &config, &ops, now));
                Ok(())
            },
        );
    })
    .config_schema(CONFIG_SCHEMA)
    .reads(GatewaySettings::from_config)
}

/// By which the plugin works.
#[derive(Clone, Deps)]
struct Work {
    health: HealthChecks,
    http: RootHttpRouter,
    lifecycle: Lifecycle,
    logger: Logger,
    metadata: InstanceMetadata,
    metrics: MetricsRegistry,
    users: UserTokens,
}

/// Checks the Node backend anew at each event by which it may be another one, and again and again until it is ready: checks run too
/// seldom to wait for one.
async fn follow(
    gateway: Gateway,
    past: section::LastEnd,
    health: HealthChecks,
    databases: Vec<CheckHandle>,
    logger: Logger,
) {
    let (began, mut was_ready, mut was_asked) = (Instant::now(), false, None);
    // That it is not there yet is no failure that a line should tell, unless it goes on.
    let _ = tokio::time::timeout(START, begun(&gateway)).await;
    let asked = gateway.clone();
    let node = health.declare("node").tells_of_readiness().run(async move || node::check(&asked));
    let (mut state, news) = (gateway.proxy().state(), gateway.proxy().news());
    loop {
        let is_up = matches!(*state.borrow_and_update(), State::Up { .. });
        node.run_now().await;
        let said = gateway.node();
        let is_ready = said.as_ref().is_some_and(|node| node.is_ready());
        // What they say is of no more interest, or of interest now.
        if was_asked.replace(is_ready) != Some(is_ready) {
            for database in &databases {
                database.run_now().await;
            }
        }
        past.note(is_up && is_ready, || match said {
            Some(node) if is_up => node.since,
            _ => words::since(&gateway.state(), SystemTime::now()),
        });
        if is_up && is_ready && !std::mem::replace(&mut was_ready, true) {
            // Whom a start has told that it waits for Node.
            let seconds = began.elapsed().as_secs_f64();
            logger.info(format!("The Node backend is ready, {seconds:.1} s after this start"));
        }
        let changed = tokio::select! {
            changed = state.changed() => changed,
            () = news.notified() => Ok(()),
            // What its lines tell of its start changes without such news.
            () = tokio::time::sleep(AGAIN), if is_up && !is_ready => Ok(()),
        };
        if changed.is_err() {
            // The proxy is gone.
            return;
        }
    }
}

/// Resolves once the Node backend is ready, or has gone, or its start has failed.
async fn begun(gateway: &Gateway) {
    let (mut state, news) = (gateway.proxy().state(), gateway.proxy().news());
    loop {
        let now = state.borrow_and_update().clone();
        let is_ready = gateway.node().is_some_and(|node| node.is_ready());
        let is_away = matches!(now, State::Down { .. } | State::Failed { .. });
        if is_ready || is_away || boot::has_failed(gateway.boot().as_ref()) {
            return;
        }
        let changed = tokio::select! {
            changed = state.changed() => changed,
            () = news.notified() => Ok(()),
        };
        if changed.is_err() {
            return;
        }
    }
}
