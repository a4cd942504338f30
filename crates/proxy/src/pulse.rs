//! Whether the server behind turns its event loop: it is asked again and again, and its silence is told.
//!
//! The question is one that Node's HTTP server answers by itself, with 417: an expectation that nobody can meet. So it costs little,
//! is no `request` event: it reaches no plugin and no rate limit, and has no line in Node's log. Who subscribes to Node's
//! `diagnostics_channel` sees it. Each has a connection of its own, as one that is kept would keep a server that stops from ending.

use std::{
    future::{Future, pending},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::body::Body;
use greenroom_logging::{Logger, info, warn};
use http::{HeaderValue, Request, Uri, header};
use parking_lot::Mutex;
use tokio::time::{sleep, sleep_until};

use crate::{
    OTHER_PLUGINS,
    connect::{Connector, NotConnected},
    measured::ProxyMetrics,
    shared::Shared,
    stall::{MainThread, Stall, Stalls, Suspect},
    start::Start,
    watch::PROBE_AGENT,
};

/// What is asked of a server that would take it for a request.
const PATH: &str = "/.backstage/health/v1/liveness";

/// What nobody can do.
const EXPECTATION: HeaderValue = HeaderValue::from_static("greenroom-pulse");

/// How often it is asked; half of that is how well the beginning of a silence is known.
const EVERY: Duration = Duration::from_millis(200);

/// The same of a server on another machine.
const EVERY_FAR: Duration = Duration::from_secs(1);

/// From here on an answer is late: what was asked just before is looked at, while nothing else has come.
const LATE: Duration = Duration::from_millis(50);

/// How often the requests that have begun are divided into those of now and those of before.
const TURN: Duration = Duration::from_secs(1);

/// As long a connection is not made by a server whose queue is full; what fails sooner is of this machine.
const QUEUE_IS_FULL: Duration = Duration::from_secs(1);

/// So long liveness is answered here while it is silent: whoever ends what has hung for long must be able to see it.
const LIVES: Duration = Duration::from_secs(10);

/// Looks at the main thread of the server behind. It must not wait.
pub type LookAtThread = Arc<dyn Fn() -> Option<MainThread> + Send + Sync>;

/// What is known of whether it answers.
#[derive(Default)]
pub(crate) struct Pulse {
    stalls: Mutex<Stalls>,
    thread: Mutex<Option<LookAtThread>>,
    is_stalled: AtomicBool,
    is_stalled_for_long: AtomicBool,
}

impl Pulse {
    /// Whether it is silent, as was told.
    pub(crate) fn is_stalled(&self) -> bool {
        self.is_stalled.load(Relaxed)
    }

    /// Whether it has been for long.
    pub(crate) fn is_stalled_for_long(&self) -> bool {
        self.is_stalled_for_long.load(Relaxed)
    }

    /// How its main thread is looked at.
    pub(crate) fn set_thread(&self, look: Option<LookAtThread>) {
        *self.thread.lock() = look;
    }

    pub(crate) fn known(&self) -> (u64, Vec<Stall>) {
        self.stalls.lock().known()
    }

    /// It is still silent. Returns whether a stall has begun by this.
    fn silent(&self, now: Instant, logger: &Logger) -> bool {
        let look = self.thread.lock().clone();
        let thread = look.and_then(|look| look());
        let mut stalls = self.stalls.lock();
        let begun = stalls.silent(now, thread);
        let has_begun = begun.is_some();
        if let Some(stall) = begun {
            self.is_stalled.store(true, Relaxed);
            tell_begun(stall, logger);
        }
        if stalls.lasts().is_some_and(|lasts| lasts >= LIVES) {
            self.is_stalled_for_long.store(true, Relaxed);
        }
        has_begun
    }

    /// It is silent no more. Returns whether a stall has ended by this.
    fn ends(
        &self,
        now: Instant,
        has_answered: bool,
        logger: &Logger,
        metrics: Option<&ProxyMetrics>,
    ) -> bool {
        let mut stalls = self.stalls.lock();
        let ended = if has_answered { stalls.answered(now) } else { stalls.gone(now) };
        let Some(stall) = ended else { return false };
        self.is_stalled.store(false, Relaxed);
        self.is_stalled_for_long.store(false, Relaxed);
        tell_ended(stall, has_answered, logger);
        if let Some(metrics) = metrics {
            metrics.stalled(stall.kind, stall.lasted);
        }
        true
    }
}

/// A question on its way.
struct Asking {
    start: Arc<Start>,
    asked: Instant,
    is_late: bool,
    answer: Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

/// What became of a question.
enum Outcome {
    /// It is answered, or the connection was ended by the other side.
    Alive,
    /// It could not be asked, which says nothing.
    Nothing,
}

/// Asks, until nobody has the proxy any more.
pub(crate) async fn watch_event_loop(of: Weak<Shared>) {
    let (mut asking, mut next, mut turned) = (None::<Asking>, Instant::now(), Instant::now());
    loop {
        let outcome = tokio::select! {
            // An answer that has come counts, however late it is looked at.
            biased;
            outcome = answer(&mut asking) => Some(outcome),
            () = sleep_until(next.into()) => None,
        };
        let Some(shared) = of.upgrade() else { return };
        let (pulse, now) = (&shared.pulse, Instant::now());
        if let Some(outcome) = outcome {
            let has_answered = matches!(outcome, Outcome::Alive);
            if pulse.ends(now, has_answered, &shared.logger, shared.metrics.as_ref()) {
                shared.news.notify_one();
            }
            next = now.max(asking.take().map_or(now, |asking| asking.asked + every(&asking.start)));
            continue;
        }
        let start = shared.availability.start().filter(|_| shared.is_checked());
        if asking
            .as_ref()
            .is_some_and(|asking| !start.as_ref().is_some_and(|now| Arc::ptr_eq(now, &asking.start)))
        {
            asking = None;
            if pulse.ends(now, false, &shared.logger, shared.metrics.as_ref()) {
                shared.news.notify_one();
            }
        }
        match (&mut asking, start) {
            (Some(asking), _) => {
                if !std::mem::replace(&mut asking.is_late, true) {
                    pulse.stalls.lock().is_late(shared.live.suspects());
                }
                if pulse.silent(now, &shared.logger) {
                    shared.news.notify_one();
                }
                next = now + EVERY;
            }
            (None, Some(start)) => {
                if now.saturating_duration_since(turned) >= TURN {
                    turned = now;
                    shared.live.turn();
                }
                pulse.stalls.lock().asked(now);
                let answer = Box::pin(ask(shared.connector.clone(), start.address));
                asking = Some(Asking { start, asked: now, is_late: false, answer });
                next = now + LATE;
            }
            (None, None) => next = now + EVERY,
        }
    }
}

fn every(start: &Start) -> Duration {
    if start.address.ip().is_loopback() { EVERY } else { EVERY_FAR }
}

async fn answer(asking: &mut Option<Asking>) -> Outcome {
    match asking {
        Some(asking) => asking.answer.as_mut().await,
        None => pending().await,
    }
}

/// Waits for an answer for as long as it takes.
async fn ask(connector: Arc<Connector>, address: SocketAddr) -> Outcome {
    let mut connection = loop {
        let began = Instant::now();
        match connector.connect_as_probe(address).await {
            Ok(connection) => break connection,
            // It takes none of those that wait in its queue.
            Err(NotConnected::Unable(_)) if began.elapsed() >= QUEUE_IS_FULL => sleep(EVERY).await,
            Err(_) => return Outcome::Nothing,
        }
    };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static(PATH);
    let Ok(host) = HeaderValue::try_from(address.to_string()) else { return Outcome::Nothing };
    request.headers_mut().insert(header::HOST, host);
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(PROBE_AGENT));
    request.headers_mut().insert(header::EXPECT, EXPECTATION);
    request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    // Whatever comes of it, an end too, somebody there has done something.
    let _ = connection.send(Box::new(request)).await;
    Outcome::Alive
}

fn tell_begun(stall: &Stall, logger: &Logger) {
    let (kind, suspects) = (stall.kind.as_str(), &stall.suspects);
    let duration_ms = millis(stall.lasted);
    let (does, asked) = (stall.kind.what(), asked_before(suspects));
    warn!(
        logger,
        stall = kind,
        "durationMs" = duration_ms,
        suspects = suspects,
        "The event loop of the Node backend has stood still for {:.1} s: {does}{asked}",
        stall.lasted.as_secs_f64()
    );
}

fn tell_ended(stall: &Stall, has_answered: bool, logger: &Logger) {
    let (kind, suspects) = (stall.kind.as_str(), &stall.suspects);
    let duration_ms = millis(stall.lasted);
    let (what, seconds) =
        (if has_answered { "turns again" } else { "is asked no more" }, stall.lasted.as_secs_f64());
    let asked = asked_before(suspects);
    info!(
        logger,
        stall = kind,
        "durationMs" = duration_ms,
        suspects = suspects,
        "The event loop of the Node backend {what}, after it stood still for {seconds:.1} s: it was {kind}{asked}"
    );
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whose requests had begun.
fn asked_before(suspects: &[Suspect]) -> String {
    let named = |suspect: &Suspect| {
        let plugin = match &*suspect.plugin {
            "" => "pages and files",
            OTHER_PLUGINS => "other plugins",
            plugin => plugin,
        };
        format!("{plugin} ({})", suspect.requests)
    };
    let named: Vec<_> = suspects.iter().map(named).collect();
    if named.is_empty() {
        String::new()
    } else {
        format!("; begun just before, and without an answer: {}", named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use greenroom_logging::{CaptureSink, RootLogger};

    use super::*;
    use crate::{Proxy, Upstream};

    // Its tasks do not run: nothing is awaited.
    #[tokio::test]
    async fn of_a_long_silence_liveness_is_answered_here_for_ten_seconds_and_readiness_to_its_end() {
        let upstream = Upstream {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            source: None,
            connect_timeout: TURN,
            pause: TURN,
            headers: 100,
        };
        let logger = RootLogger::builder().sink(CaptureSink::new()).build().plugin("gateway");
        let shared = Proxy::builder(upstream, logger).build().0;
        shared.availability.takes(&shared.availability.start().expect("it is started"));
        let (pulse, logger) = (&shared.pulse, &shared.logger);
        let goes_on = || (shared.reach().readiness, shared.reach().liveness);
        let begun = Instant::now();
        // The second silence is as long as the first: what was is forgotten.
        for asked in [0, 20].map(|second| begun + Duration::from_secs(second)) {
            let after = |millis| asked + Duration::from_millis(millis);
            pulse.stalls.lock().asked(asked);
            for (millis, expected) in
                [(900, (true, true)), (1000, (false, false)), (9000, (false, false)), (11_000, (false, true))]
            {
                pulse.silent(after(millis), logger);
                assert_eq!(goes_on(), expected, "after {millis} ms");
            }
            pulse.ends(after(12_000), true, logger, None);
            assert_eq!(goes_on(), (true, true), "it has answered");
        }
    }
}
