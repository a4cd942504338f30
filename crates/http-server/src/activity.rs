//! What one connection is at, and how long its peer has for it.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::{Timeouts, limits::deadline, places::Place, takeover::TakeoverWork};

/// An idle connection is closed this much later than `Keep-Alive` says, for requests that are under way.
const KEEP_ALIVE_BUFFER: Duration = Duration::from_secs(1);

/// What one connection is at.
#[derive(Debug)]
pub(crate) struct Activity {
    timeouts: Timeouts,
    /// Free with the last of the connection and its requests.
    place: Place,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers have not been taken.
    running: usize,
    /// Requests that came.
    begun: u64,
    /// When the first byte of a header came, until its last one has come.
    head_since: Option<Instant>,
    /// Whether a body has begun and not all of it has come.
    in_body: bool,
    /// When the last answer was taken, or the connection was made.
    idle_since: Instant,
    /// When either side last sent something; known only where it matters.
    moved: Instant,
    /// When a write first made no progress.
    stuck_since: Option<Instant>,
    has_left_http: bool,
    has_sent_all: bool,
    /// What the connection goes on with, until its task takes that.
    taken: Option<TakeoverWork>,
    /// The task that waits until nothing is at work.
    waiting: Option<Waker>,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// A header has begun and does not end: 408.
    Header,
    /// Nothing is wanted, or the peer takes nothing.
    Idle,
}

impl Activity {
    pub(crate) fn new(timeouts: Timeouts, place: Place) -> Self {
        let now = Instant::now();
        Self {
            timeouts,
            place,
            state: Mutex::new(State {
                running: 0,
                begun: 0,
                head_since: None,
                in_body: false,
                idle_since: now,
                moved: now,
                stuck_since: None,
                has_left_http: false,
                has_sent_all: false,
                taken: None,
                waiting: None,
            }),
        }
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Bytes came; a header has begun with them and not ended, or not, and so has a body.
    pub(crate) fn received(&self, in_head: bool, in_body: bool) {
        let mut state = self.state.lock();
        state.in_body = in_body;
        if in_head {
            state.head_since.get_or_insert_with(Instant::now);
        } else {
            state.head_since = None;
        }
        if !self.timeouts.socket.is_zero() {
            state.moved = Instant::now();
        }
    }

    /// Bytes were sent, or could not be.
    pub(crate) fn sent(&self, progress: bool) {
        let mut state = self.state.lock();
        if progress {
            state.stuck_since = None;
            if !self.timeouts.socket.is_zero() {
                state.moved = Instant::now();
            }
        } else {
            state.stuck_since.get_or_insert_with(Instant::now);
        }
    }

    /// Whether the connection has left HTTP: its bytes are not followed, and no timeout holds.
    pub(crate) fn has_left_http(&self) -> bool {
        self.state.lock().has_left_http
    }

    /// The connection is to go on with something else than HTTP.
    pub(crate) fn take_over(&self, then: TakeoverWork) {
        self.state.lock().taken = Some(then);
    }

    /// What the connection goes on with, once the answers before that have left: from here on it is no HTTP.
    pub(crate) fn taken(&self) -> Option<TakeoverWork> {
        let mut state = self.state.lock();
        if state.stuck_since.is_some() {
            return None;
        }
        let then = state.taken.take()?;
        state.has_left_http = true;
        Some(then)
    }

    /// All has been sent that ever will be.
    pub(crate) fn set_sent_all(&self) {
        self.state.lock().has_sent_all = true;
        self.place.set_answered();
    }

    /// Whether all has been sent that ever will be.
    pub(crate) fn has_sent_all(&self) -> bool {
        self.state.lock().has_sent_all
    }

    /// Whether an answer is being made or sent.
    pub(crate) fn is_at_work(&self) -> bool {
        self.state.lock().running > 0
    }

    /// Waits until nothing is at work any more.
    pub(crate) fn poll_answered(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.running == 0 {
            return Poll::Ready(());
        }
        state.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether a header has begun and not ended.
    pub(crate) fn is_in_head(&self) -> bool {
        self.state.lock().head_since.is_some()
    }

    /// Whether a body has begun and not all of it has come.
    pub(crate) fn is_in_body(&self) -> bool {
        self.state.lock().in_body
    }

    /// When the peer has had enough time for what the connection is at.
    pub(crate) fn deadline(&self) -> Option<(Instant, Overdue)> {
        let state = self.state.lock();
        if state.has_left_http {
            return None;
        }
        let after = |since, timeout, why| deadline(since, timeout).map(|at| (at, why));
        let header = self.timeouts.until_header().unwrap_or_default();
        let waiting = match state.head_since {
            _ if state.running > 0 => None,
            Some(since) => after(since.max(state.idle_since), header, Overdue::Header),
            // A fresh connection has the time that a header has.
            None if state.begun == 0 => after(state.idle_since, header, Overdue::Idle),
            None => after(state.idle_since + KEEP_ALIVE_BUFFER, self.timeouts.keep_alive, Overdue::Idle),
        };
        let silent = after(state.moved, self.timeouts.socket, Overdue::Idle);
        let stuck = state.stuck_since.and_then(|since| after(since, self.timeouts.send, Overdue::Idle));
        [waiting, silent, stuck].into_iter().flatten().min_by_key(|(deadline, _)| *deadline)
    }
}

/// A request that is at work until this is dropped: its connection stays, and a drain waits for it.
///
/// It is kept until the last byte of the answer was taken, or until the work is done if the client leaves before that; so long
/// the connection's place among `maxConnections` is taken.
#[derive(Debug)]
pub struct InFlight {
    activity: Arc<Activity>,
    _drain: TaskTrackerToken,
}

impl InFlight {
    pub(crate) fn begin(activity: &Arc<Activity>, drain: TaskTrackerToken) -> Self {
        let mut state = activity.state.lock();
        state.running += 1;
        state.begun += 1;
        drop(state);
        activity.place.set_asking();
        Self { activity: activity.clone(), _drain: drain }
    }
}

impl Clone for InFlight {
    /// A part of the work that may end later than the rest.
    fn clone(&self) -> Self {
        self.activity.state.lock().running += 1;
        Self { activity: self.activity.clone(), _drain: self._drain.clone() }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state.lock();
        state.running -= 1;
        let mut waiting = None;
        if state.running == 0 {
            state.idle_since = Instant::now();
            waiting = state.waiting.take();
        }
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
