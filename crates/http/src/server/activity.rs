//! What is at work on one connection.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

/// Requests at work on one connection, bytes of the next one, and the end of each.
pub(crate) struct Activity {
    begun: Instant,
    running: AtomicUsize,
    heard: AtomicBool,
    ended: Notify,
    /// When the last one ended, in nanoseconds from the beginning.
    ended_at: AtomicU64,
    /// Counts what either side sent.
    moved: AtomicUsize,
    /// The lines that came since the last one began.
    lines: AtomicUsize,
    /// The next request has more headers than the connection's parser has room for.
    needs_room: AtomicBool,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            running: AtomicUsize::default(),
            heard: AtomicBool::default(),
            ended: Notify::default(),
            ended_at: AtomicU64::default(),
            moved: AtomicUsize::default(),
            lines: AtomicUsize::default(),
            needs_room: AtomicBool::default(),
        }
    }
}

impl Activity {
    /// Bytes have come: a request has begun, even if its header is not complete.
    pub(crate) fn hear(&self) {
        self.heard.store(true, SeqCst);
    }

    /// Bytes were sent or received.
    pub(crate) fn stir(&self) {
        self.moved.fetch_add(1, Relaxed);
    }

    /// Counts the lines of a header that is coming; how many there are with these bytes. A body's count for nothing.
    pub(crate) fn lines(&self, bytes: &[u8]) -> usize {
        if self.running.load(SeqCst) > 0 {
            return 0;
        }
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        self.lines.fetch_add(lines, Relaxed) + lines
    }

    /// Has the connection make room for more headers.
    pub(crate) fn ask_for_room(&self) {
        self.needs_room.store(true, Relaxed);
    }

    /// Whether room was asked for since the last time.
    pub(crate) fn needs_room(&self) -> bool {
        self.needs_room.load(Relaxed) && self.needs_room.swap(false, Relaxed)
    }

    /// Resolves once neither side has sent anything for that long, a quarter more at most.
    pub(crate) async fn silent_for(&self, span: Duration) {
        let (mut seen, mut quiet) = (self.moved.load(Relaxed), 0);
        while quiet < 5 {
            sleep(span / 4).await;
            let now = self.moved.load(Relaxed);
            quiet = if now == seen { quiet + 1 } else { 1 };
            seen = now;
        }
    }

    /// Whether bytes came since the last response ended.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard.load(SeqCst)
    }

    fn is_quiet(&self) -> bool {
        self.running.load(SeqCst) == 0 && !self.has_heard()
    }

    /// Resolves once nothing has been at work, nor begun, for that long.
    ///
    /// The end of a request does not wake the wait: it is seen when the wait is over, which then goes on from there.
    pub(crate) async fn quiet_for(&self, span: Duration) {
        let mut since = Instant::now();
        loop {
            sleep_until(since + span).await;
            let ended = self.begun + Duration::from_nanos(self.ended_at.load(SeqCst));
            if ended > since {
                since = ended;
            } else if self.is_quiet() {
                return;
            } else {
                self.ended.notified().await;
            }
        }
    }

    /// The same, counted from the end of the first request: a fresh connection has the time that a header has.
    pub(crate) async fn idle_for(&self, span: Duration) {
        self.ended.notified().await;
        self.quiet_for(span).await;
    }
}

/// One request and its response, until the last byte of the response was taken.
pub(crate) struct Work(Arc<Activity>);

impl Work {
    pub(crate) fn begin(activity: &Arc<Activity>) -> Self {
        activity.running.fetch_add(1, SeqCst);
        activity.lines.store(0, Relaxed);
        Self(activity.clone())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let passed = self.0.begun.elapsed().as_nanos();
        self.0.ended_at.store(u64::try_from(passed).unwrap_or(u64::MAX), SeqCst);
        self.0.heard.store(false, SeqCst);
        self.0.running.fetch_sub(1, SeqCst);
        self.0.ended.notify_one();
    }
}
