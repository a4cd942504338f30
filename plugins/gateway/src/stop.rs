//! A stop: load balancers get time, what is kept open is ended, and a line says what it has cost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use greenroom::{core::Phase, http::FinishedRequest, prelude::*};
use greenroom_proxy::{State, Status};
use parking_lot::Mutex;

use crate::{Gateway, boot};

/// How long hooks may take that do not wait.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How often is looked whether requests are in flight.
const LOOK: Duration = Duration::from_millis(20);
/// The longest id of a request that is told: clients choose it.
const LONGEST_ID: usize = 128;

/// What is noted of a stop. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopping(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    /// Whether it was ever ready: nobody waits for a start that has failed.
    has_started: bool,
    signal: Option<(Instant, Open)>,
    has_drained: bool,
    /// What was ended by force.
    ended: Open,
    slowest: Option<Slowest>,
}

/// What is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Open {
    requests: usize,
    streams: usize,
    tunnels: usize,
}

/// The request that took longest to be answered, of those that ended within the stop.
#[derive(Debug)]
struct Slowest {
    took: Duration,
    plugin: Option<Arc<str>>,
    request_id: String,
}

impl Open {
    fn of(status: &Status) -> Self {
        status.plugins.values().fold(Self::default(), |sum, plugin| Self {
            // What goes on behind its answer is not cut off either.
            requests: sum.requests + plugin.in_flight + plugin.uploads,
            streams: sum.streams + plugin.streams,
            tunnels: sum.tunnels + plugin.tunnels,
        })
    }
}

impl Stopping {
    /// Whether the backend has been told to stop.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.lock().signal.is_some()
    }

    /// Notes a request that is over.
    pub(crate) fn finished(&self, finished: &FinishedRequest<'_>) {
        let mut noted = self.0.lock();
        let Some(took) = finished.spent.handling.filter(|_| noted.signal.is_some()) else { return };
        if noted.slowest.as_ref().is_none_or(|slowest| slowest.took < took) {
            let id = finished.request.id();
            let request_id = id.chars().take(LONGEST_ID).collect();
            noted.slowest =
                Some(Slowest { took, plugin: finished.request.target_plugin().map(Into::into), request_id });
        }
    }
}

/// Adds what a stop does. `shutdown_delay` is that of the root router, which waits it by itself.
pub(crate) fn add_hooks(
    gateway: &Gateway,
    lifecycle: &RootLifecycle,
    shutdown_delay: Duration,
    logger: Logger,
) -> Result {
    let delay = gateway.settings().delay.max(shutdown_delay);
    let started = gateway.stopping().clone();
    lifecycle.add_startup_hook("gateway", async move || {
        started.0.lock().has_started = true;
        Ok(())
    })?;
    let stops = gateway.clone();
    lifecycle.add_hook_in(Phase::BeforeShutdown, "gateway delay", delay + AT_ONCE, async move || {
        let status = stops.proxy().status();
        let has_started = {
            let mut noted = stops.stopping().0.lock();
            noted.signal = Some((Instant::now(), Open::of(&status)));
            noted.has_started
        };
        stops.proxy().stops();
        // Where nothing could be asked, or was never ready, load balancers know already.
        let has_failed = boot::has_failed(stops.boot().as_ref());
        if has_started && !has_failed && matches!(status.state, State::Up { .. }) {
            tokio::time::sleep(delay).await;
        }
        Ok(())
    })?;
    let drains = gateway.clone();
    lifecycle.add_hook_in(Phase::Drain, "gateway drain", AT_ONCE, async move || {
        drain(&drains);
        Ok(())
    })?;
    let told = gateway.clone();
    lifecycle.add_hook_in(Phase::Shutdown, "gateway report", AT_ONCE, async move || {
        // What the root router has waited for in vain is cut by its end.
        let left = Open::of(&told.proxy().status());
        let mut noted = told.stopping().0.lock();
        noted.ended.requests = left.requests;
        tell(&noted, &logger);
        Ok(())
    })
}

/// Ends streams, tunnels and idle connections, and notes how many, whoever asks for it first: who ends the Node backend does not
/// wait for another hook.
pub(crate) fn drain(gateway: &Gateway) {
    let mut noted = gateway.stopping().0.lock();
    if !std::mem::replace(&mut noted.has_drained, true) {
        noted.ended = Open { requests: 0, ..Open::of(&gateway.proxy().status()) };
        gateway.proxy().drain();
    }
}

/// Resolves once no request is in flight.
pub(crate) async fn quiet(gateway: &Gateway) {
    while Open::of(&gateway.proxy().status()).requests > 0 {
        tokio::time::sleep(LOOK).await;
    }
}

/// One line of it all.
fn tell(noted: &Noted, logger: &Logger) {
    let Some((signal, open)) = noted.signal.as_ref().filter(|_| noted.has_started) else { return };
    let (took, ended) = (signal.elapsed(), noted.ended);
    let slowest = noted.slowest.as_ref();
    let millis = |duration: Duration| duration.as_millis() as u64;
    let logger = match slowest {
        None => logger.clone(),
        Some(slowest) => logger.child(fields! {
            slowestMs: millis(slowest.took),
            slowestPlugin: slowest.plugin.as_deref().unwrap_or_default(),
            slowestRequestId: &*slowest.request_id,
        }),
    };
    info!(
        logger,
        "inFlight" = open.requests as u64,
        streams = open.streams as u64,
        tunnels = open.tunnels as u64,
        "cutRequests" = ended.requests as u64,
        "endedStreams" = ended.streams as u64,
        "endedTunnels" = ended.tunnels as u64,
        "durationMs" = millis(took),
        "{}",
        sentence(*open, ended, slowest, took)
    );
}

fn sentence(open: Open, ended: Open, slowest: Option<&Slowest>, took: Duration) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let fate = match (open.requests, ended.requests) {
        (0, 0) => String::new(),
        (_, 0) => ", all were answered".to_owned(),
        (_, cut) => format!(", {cut} were cut"),
    };
    let slowest = slowest.map(|slowest| {
        let plugin = slowest.plugin.as_deref().map(|plugin| format!(" ({plugin})")).unwrap_or_default();
        format!("; the slowest took {} ms{plugin}", slowest.took.as_millis())
    });
    format!(
        "Gateway drained in {} ms: {} in flight at the signal{fate}; {} and {} were ended{}",
        took.as_millis(),
        counted(open.requests, "request"),
        counted(ended.streams, "event stream"),
        counted(ended.tunnels, "tunnel"),
        slowest.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_says_what_it_has_cost() {
        let (none, took) = (Open::default(), Duration::from_millis(3012));
        assert_eq!(
            sentence(none, none, None, took),
            "Gateway drained in 3012 ms: 0 requests in flight at the signal; 0 event streams and 0 tunnels were ended"
        );
        let slowest = Slowest {
            took: Duration::from_millis(1204),
            plugin: Some("catalog".into()),
            request_id: "r".into(),
        };
        let open = Open { requests: 4, streams: 2, tunnels: 1 };
        let ended = Open { requests: 0, streams: 2, tunnels: 1 };
        assert_eq!(
            sentence(open, ended, Some(&slowest), took),
            "Gateway drained in 3012 ms: 4 requests in flight at the signal, all were answered; 2 event streams and \
             1 tunnel were ended; the slowest took 1204 ms (catalog)"
        );
        let cut = sentence(open, Open { requests: 2, ..ended }, None, took);
        assert!(cut.contains("4 requests in flight at the signal, 2 were cut; "), "{cut}");
    }
}
