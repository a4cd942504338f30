//! Whether the server behind can be asked, as whoever connects finds out; and who waits for it.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use greenroom_logging::{Logger, info, warn};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    time::timeout_at,
};

use crate::{
    failure::Failure,
    settings::Upstream,
    state::{State, Why},
};

/// What is known of it.
pub(crate) struct Availability {
    state: watch::Sender<State>,
    target: Mutex<Target>,
    pause: Duration,
    waiting: AtomicUsize,
    /// Somebody waits.
    knock: Notify,
    logger: Logger,
}

/// Where it is. What was begun before it was started anew says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    start: u64,
}

impl Availability {
    pub(crate) fn new(upstream: &Upstream, logger: Logger) -> Self {
        Self {
            state: watch::Sender::new(State::Starting { since: Instant::now() }),
            target: Mutex::new(Target { address: upstream.address, start: 0 }),
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

    pub(crate) fn target(&self) -> Target {
        *self.target.lock()
    }

    /// Whether somebody waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// Resolves when somebody begins to wait for it.
    pub(crate) async fn awaited(&self) {
        self.knock.notified().await;
    }

    /// It has taken a connection.
    pub(crate) fn takes(&self, asked: Target) {
        if self.is_up() {
            return;
        }
        let target = self.target.lock();
        if *target != asked {
            return;
        }
        self.state.send_if_modified(|state| {
            let address = target.address;
            match state {
                State::Up { .. } | State::Failed { .. } => return false,
                State::Starting { since } => {
                    let seconds = seconds(since.elapsed());
                    info!(self.logger, "Node backend at {address} takes connections, after {seconds}");
                }
                State::Down { since, .. } => {
                    let seconds = seconds(since.elapsed());
                    info!(self.logger, "Node backend at {address} takes connections again, after {seconds}");
                }
            }
            *state = State::Up { since: Instant::now() };
            true
        });
    }

    /// It has not.
    pub(crate) fn refuses(&self, asked: Target, why: &Why) {
        let target = self.target.lock();
        if *target != asked {
            return;
        }
        self.state.send_if_modified(|state| {
            if !matches!(state, State::Up { .. }) {
                return false;
            }
            *state = State::Down { since: Instant::now(), why: why.clone() };
            let (address, pause) = (target.address, seconds(self.pause));
            warn!(
                self.logger,
                "Node backend at {address} takes no connections: {why}; requests wait up to {pause}, then get 503"
            );
            true
        });
    }

    /// It is started anew, elsewhere perhaps.
    pub(crate) fn starts(&self, address: Option<SocketAddr>) {
        let mut target = self.target.lock();
        target.start += 1;
        target.address = address.unwrap_or(target.address);
        self.state.send_replace(State::Starting { since: Instant::now() });
    }

    /// Nobody is to wait for it.
    pub(crate) fn failed(&self, why: Why) {
        self.target.lock().start += 1;
        self.state.send_replace(State::Failed { since: Instant::now(), why });
    }

    /// Waits until it can be asked, as long as a request waits that has begun to at that time.
    pub(crate) async fn wait(&self, begun: Instant) -> Result<Target, Failure> {
        if self.is_up() {
            return Ok(self.target());
        }
        let mut states = self.watch();
        let is_decided = |state: &State| matches!(state, State::Up { .. } | State::Failed { .. });
        let until = tokio::time::Instant::from_std(begun + self.pause);
        let _waiting = Waiting::new(self);
        let decided = timeout_at(until, states.wait_for(is_decided)).await;
        drop(decided);
        match self.state() {
            State::Up { .. } => Ok(self.target()),
            State::Starting { .. } => Err(Failure::Starting),
            State::Down { .. } => Err(Failure::Down),
            State::Failed { .. } => Err(Failure::Failed),
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
