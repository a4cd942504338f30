//! Whether the server behind can be asked, as whoever connects finds out; and who waits for it.
//!
//! Who waits belongs to no [`Start`]: the next one answers it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use greenroom_logging::{Logger, info, warn};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    time::timeout_at,
};
use tokio_util::sync::CancellationToken;

use crate::{
    failure::Failure,
    settings::Upstream,
    start::{IsIt, Start},
    state::{State, Why},
};

/// What is known of it.
pub(crate) struct Availability {
    state: watch::Sender<State>,
    current: Mutex<Current>,
    /// Cancelled once this server drains, with all starts.
    drained: CancellationToken,
    pause: Duration,
    waiting: AtomicUsize,
    /// Somebody waits, or there is somebody new to look at.
    knock: Notify,
    logger: Logger,
}

/// Which start is asked. Results from an earlier one are ignored.
struct Current {
    /// That of the last one, or of the first one to be.
    address: SocketAddr,
    /// `None` before the first one, and between an end and what follows.
    start: Option<Arc<Start>>,
}

impl Current {
    fn is(&self, start: &Arc<Start>) -> bool {
        self.start.as_ref().is_some_and(|current| Arc::ptr_eq(current, start))
    }
}

impl Availability {
    pub(crate) fn new(upstream: &Upstream, logger: Logger) -> Self {
        let (address, drained) = (upstream.address, CancellationToken::new());
        let start = Some(Arc::new(Start::new(address, drained.child_token(), None)));
        Self {
            state: watch::Sender::new(State::Starting { since: Instant::now() }),
            current: Mutex::new(Current { address, start }),
            drained,
            pause: upstream.pause,
            waiting: AtomicUsize::new(0),
            knock: Notify::new(),
            logger,
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(*self.state.borrow(), State::Up { .. })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.current.lock().address
    }

    pub(crate) fn start(&self) -> Option<Arc<Start>> {
        self.current.lock().start.clone()
    }

    /// What ends once this server drains.
    pub(crate) fn drained(&self) -> &CancellationToken {
        &self.drained
    }

    /// Whether somebody waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// There is something new to look at.
    pub(crate) fn look_again(&self) {
        self.knock.notify_one();
    }

    /// Resolves when somebody begins to wait for it, or it is started.
    pub(crate) async fn awaited(&self) {
        self.knock.notified().await;
    }

    /// It has taken a connection.
    pub(crate) fn takes(&self, start: &Arc<Start>) {
        if self.is_up() {
            return;
        }
        let current = self.current.lock();
        if !current.is(start) {
            return;
        }
        let address = start.address;
        self.state.send_if_modified(|state| {
            match state {
                State::Up { .. } | State::Failed { .. } => return false,
                // Who reads that it takes connections hopes that all is well.
                State::Starting { since } if start.has_failed() => {
                    let seconds = seconds(since.elapsed());
                    info!(
                        self.logger,
                        "Node backend at {address} takes connections after {seconds}, although its start has failed: it does not become \
                         ready"
                    );
                }
                State::Starting { since } => {
                    let seconds = seconds(since.elapsed());
                    info!(self.logger, "Node backend at {address} takes connections, after {seconds}");
                }
                State::Down { since, .. } => {
                    let seconds = seconds(since.elapsed());
                    info!(self.logger, "Node backend at {address} takes connections again, after {seconds}");
                }
            }
            *state = State::Up { since: Instant::now(), address };
            true
        });
    }

    /// It has not.
    pub(crate) fn refuses(&self, start: &Arc<Start>, why: &Why) {
        let current = self.current.lock();
        if !current.is(start) {
            return;
        }
        self.state.send_if_modified(|state| {
            let (address, pause) = (start.address, seconds(self.pause));
            if matches!(state, State::Starting { .. }) && start.is_absence_news() {
                warn!(
                    self.logger,
                    "Nobody takes connections at {address}, where the Node backend is to be: {why}; requests wait up to {pause}, then \
                     get 503. Check that it runs, and that it listens there, as with APP_CONFIG_backend_listen={address}"
                );
            }
            if !matches!(state, State::Up { .. }) {
                return false;
            }
            start.goes();
            *state = State::Down { since: Instant::now(), why: why.clone() };
            warn!(
                self.logger,
                "Node backend at {address} takes no connections: {why}; requests wait up to {pause}, then get 503"
            );
            true
        });
    }

    /// It is started, elsewhere perhaps.
    pub(crate) fn starts(&self, address: SocketAddr, is_it: Option<IsIt>) {
        let start = Start::new(address, self.drained.child_token(), is_it);
        self.replace(Some(start), State::Starting { since: Instant::now() });
        self.knock.notify_one();
    }

    /// It has ended, and another start follows.
    pub(crate) fn ended(&self, why: Why) {
        self.replace(None, State::Down { since: Instant::now(), why });
    }

    /// Nobody is to wait for it.
    pub(crate) fn gone(&self, why: Why) {
        self.replace(None, State::Failed { since: Instant::now(), why });
    }

    /// There is none yet.
    pub(crate) fn is_not_started(&self) {
        self.replace(None, State::Starting { since: Instant::now() });
    }

    fn replace(&self, start: Option<Start>, state: State) {
        let mut current = self.current.lock();
        if let Some(before) = &current.start {
            before.ended.cancel();
        }
        current.address = start.as_ref().map_or(current.address, |start| start.address);
        current.start = start.map(Arc::new);
        self.state.send_replace(state);
    }

    /// Waits until it can be asked, as long as a request waits that has begun to at that time.
    pub(crate) async fn wait(&self, begun: Instant) -> Result<Arc<Start>, Failure> {
        let until = tokio::time::Instant::from_std(begun + self.pause);
        let is_decided = |state: &State| matches!(state, State::Up { .. } | State::Failed { .. });
        loop {
            if !self.is_up() {
                let _waiting = Waiting::new(self);
                let mut states = self.watch();
                drop(timeout_at(until, states.wait_for(is_decided)).await);
            }
            match self.state() {
                State::Starting { .. } => return Err(Failure::Starting),
                State::Down { .. } => return Err(Failure::Down),
                State::Failed { .. } => return Err(Failure::Failed),
                State::Up { .. } => {}
            }
            // Without one, it has ended at this moment.
            if let Some(start) = self.start() {
                return Ok(start);
            }
        }
    }
}

/// One who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(on: &'a Availability) -> Self {
        on.waiting.fetch_add(1, Relaxed);
        on.knock.notify_one();
        Self(&on.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn seconds(time: Duration) -> String {
    let millis = time.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{} s", millis / 1000)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
