//! Pools as they are when somebody asks.

use std::sync::Arc;

use greenroom_metrics::{KeyValue, Metrics, Observation};

use super::{ClientMetrics, Inner};

/// A pool of connections, as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// How many connections there may be.
    pub max: u32,
    /// How many there are.
    pub open: u32,
    /// How many of them nobody uses.
    pub idle: u32,
    /// How often one was waited for in vain, so far.
    pub timeouts: u64,
}

impl PoolState {
    /// How many connections are in use.
    pub fn used(&self) -> u32 {
        self.open.saturating_sub(self.idle)
    }

    /// Whether who wants one has to wait until another one is given back.
    pub fn is_full(&self) -> bool {
        self.used() >= self.max
    }
}

/// What is told of a pool.
type Tell = fn(&Observation<'_>, &Pool<'_>);

struct Pool<'c> {
    client: &'c ClientMetrics,
    number: usize,
    state: PoolState,
    /// How many wait for one of its connections.
    pending: usize,
}

pub(super) fn tell(metrics: &Metrics, inner: &Arc<Inner>) {
    let of = |tell: Tell| {
        let inner = inner.clone();
        move |now: &Observation<'_>| {
            for client in inner.clients() {
                each(&client, |pool| tell(now, pool));
            }
        }
    };
    metrics
        .observable_up_down_counter("db.client.connection.count")
        .unit("{connection}")
        .description(
            "The number of connections that are currently in state described by the state attribute.",
        )
        .observe(of(|now, pool| {
            for (state, count) in [("idle", pool.state.idle), ("used", pool.state.used())] {
                let mut attributes = pool.attributes();
                attributes.push(KeyValue::new("db.client.connection.state", state));
                now.observe(count, &attributes);
            }
        }));
    metrics
        .observable_up_down_counter("db.client.connection.max")
        .unit("{connection}")
        .description("The maximum number of open connections allowed.")
        .observe(of(|now, pool| now.observe(pool.state.max, &pool.attributes())));
    metrics
        .observable_up_down_counter("db.client.connection.pending_requests")
        .unit("{request}")
        .description("The number of current pending requests for an open connection.")
        .observe(of(|now, pool| now.observe(pool.pending, &pool.attributes())));
    metrics
        .observable_counter("db.client.connection.timeouts")
        .unit("{timeout}")
        .description("The number of connection timeouts that have occurred trying to obtain a connection from the pool.")
        .observe(of(|now, pool| now.observe(pool.state.timeouts, &pool.attributes())));
}

impl Pool<'_> {
    fn attributes(&self) -> Vec<KeyValue> {
        self.client.pool_attributes(self.number)
    }
}

/// All pools of a client. Who has asked by `Client::run` and has no connection waits for one, if a pool has none left: none of the
/// libraries tells how many these are.
fn each(client: &ClientMetrics, mut tell: impl FnMut(&Pool<'_>)) {
    let states = client.open.pools();
    let used: u32 = states.iter().map(PoolState::used).sum();
    let mut waiting = client.running().saturating_sub(used as usize);
    for (number, state) in states.into_iter().enumerate() {
        let pending = if state.is_full() { std::mem::take(&mut waiting) } else { 0 };
        tell(&Pool { client, number, state, pending });
    }
}
