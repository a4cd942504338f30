//! Standard output behind a bounded buffer and a thread of its own.
//!
//! A caller appends to the buffer under a short lock. The writer takes the whole buffer, gives an empty one in its
//! place, and writes. A consumer that does not read stops only the writer: the buffer fills, further lines are
//! dropped and counted, and the count is told in a line of its own once writing goes on. Errors of this process have some
//! room more: why a child has ended must not be lost to what it has printed before.
//!
//! The writer sleeps while there is nothing to write; woken by a first line it waits [`BATCH_DELAY`] for more, so that a
//! busy process makes few system calls. That is all a hard kill can lose, beside what a slow consumer has not taken.
//!
//! What cannot be written is lost, and told on stderr. After a write that failed half-way the next line begins a new one.

use std::{
    io::{self, ErrorKind, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::complaint::{Complaints, REMINDER, complain};
use crate::{
    Level,
    sink::{Emitted, Sink, SinkState},
};

/// The default bound of the buffer: 8 MiB.
pub const DEFAULT_CAPACITY: usize = 8 << 20;

/// The room beside it for errors of this process.
const ROOM_FOR_ERRORS: usize = 256 << 10;

/// How long the writer gathers lines before it writes.
const BATCH_DELAY: Duration = Duration::from_millis(2);

/// How long a caller waits for its own line, where each line is waited for. Once it was in vain, none is waited for.
const LINE_TIMEOUT: Duration = Duration::from_millis(200);

/// How long dropping the sink waits for its lines.
const DROP_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a consumer that says "not now" is asked again.
const WOULD_BLOCK_PAUSE: Duration = Duration::from_millis(5);

/// How long the writer rests after a failure, as of a full disk.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

type DropLine = Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// A sink that never blocks a caller.
pub struct BufferedSink {
    shared: Arc<Shared>,
    /// Whether callers wait for their lines.
    each_line: AtomicBool,
}

struct Shared {
    capacity: usize,
    state: Mutex<State>,
    /// Wakes the writer.
    wake: Condvar,
    /// Wakes those who wait for a flush.
    written: Condvar,
    drop_line: Mutex<Option<DropLine>>,
}

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    /// Lines in `buffer`.
    lines: u64,
    /// Lines dropped and not told yet.
    dropped: u64,
    /// Lines dropped since the start.
    lost: u64,
    /// Batches handed to the writer, and batches it is done with.
    taken: u64,
    done: u64,
    /// Since when the writer is at the batch that it has not done with.
    writing: Option<Instant>,
    /// The writer waits for a first line.
    idle: bool,
    /// Someone waits: no gathering.
    urgent: bool,
    /// The sink is gone.
    closing: bool,
    /// The consumer is gone for good.
    broken: bool,
}

impl BufferedSink {
    /// Standard output, buffered up to [`DEFAULT_CAPACITY`].
    pub fn stdout() -> Self {
        Self::new(stdout(), DEFAULT_CAPACITY)
    }

    /// Any writer. If the thread cannot be started, every line is dropped and counted.
    pub fn new(writer: impl Write + Send + 'static, capacity: usize) -> Self {
        let shared = Arc::new(Shared {
            capacity,
            state: Mutex::default(),
            wake: Condvar::new(),
            written: Condvar::new(),
            drop_line: Mutex::default(),
        });
        let of_thread = shared.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "the log outlives every backend whose context it could carry"
        )]
        let started = thread::Builder::new()
            .name("greenroom-log".into())
            .spawn(move || of_thread.write_all(Box::new(writer)));
        if started.is_err() {
            shared.state.lock().broken = true;
        }
        Self { shared, each_line: AtomicBool::new(false) }
    }

    /// Lets a caller wait until its line is written: then a hard kill loses no line, and logging costs a change of
    /// threads. If a line is not out after 200 ms, its consumer is stuck: that is told on stderr, and from then on lines
    /// are gathered and nobody waits.
    #[must_use]
    pub fn each_line(mut self) -> Self {
        *self.each_line.get_mut() = true;
        self
    }

    /// Callers wait no longer.
    #[cold]
    fn degrade(&self) {
        if !self.each_line.swap(false, Relaxed) || self.shared.state.lock().broken {
            return;
        }
        // Stderr may be as stuck as the log is.
        #[expect(clippy::disallowed_methods, reason = "it must not log, so it needs no context")]
        let told = thread::Builder::new().name("greenroom-log-stuck".into()).spawn(|| {
            complain(format_args!(
                "the reader of the log took no line for {LINE_TIMEOUT:?}: lines are no longer waited for"
            ));
        });
        // Without a thread there is no way to tell that could not block.
        drop(told);
    }

    /// How many lines were dropped since the start.
    pub fn lost(&self) -> u64 {
        self.shared.state.lock().lost
    }
}

impl Sink for BufferedSink {
    fn emit(&self, emitted: &Emitted<'_>) {
        self.shared
            .push(emitted.line(), || !emitted.is_foreign() && emitted.record().level() == Level::Error);
        let is_waited_for = self.each_line.load(Relaxed) && !emitted.is_foreign();
        if is_waited_for && !self.shared.flush(LINE_TIMEOUT) {
            self.degrade();
        }
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.shared.flush(deadline)
    }

    fn state(&self) -> Option<SinkState> {
        let state = self.shared.state.lock();
        let blocked = state.writing.map(|since| since.elapsed());
        Some(SinkState { lost: state.lost, blocked, is_closed: state.broken })
    }

    fn tell_drops(&self, line: DropLine) {
        *self.shared.drop_line.lock() = Some(line);
    }
}

impl Drop for BufferedSink {
    fn drop(&mut self) {
        self.shared.state.lock().closing = true;
        self.shared.wake.notify_one();
        self.shared.flush(DROP_TIMEOUT);
    }
}

// === impl Shared ===

impl Shared {
    fn push(&self, line: &[u8], is_own_error: impl FnOnce() -> bool) {
        let mut state = self.state.lock();
        let needed = state.buffer.len() + line.len();
        let fits = needed <= self.capacity || (needed <= self.capacity + ROOM_FOR_ERRORS && is_own_error());
        if state.broken || !fits {
            state.dropped += 1;
            state.lost += 1;
            return;
        }
        state.buffer.extend_from_slice(line);
        state.lines += 1;
        if std::mem::take(&mut state.idle) {
            drop(state);
            self.wake.notify_one();
        }
    }

    fn flush(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let mut state = self.state.lock();
        // What is buffered now goes out with the next batch; with an empty buffer the running one is the last.
        let target = state.taken + u64::from(!state.buffer.is_empty() || state.dropped > 0);
        while state.done < target && !state.broken {
            state.urgent = true;
            self.wake.notify_one();
            if self.written.wait_until(&mut state, end).timed_out() {
                break;
            }
        }
        state.done >= target && !state.broken
    }

    /// Waits for lines, then takes them all; `None` at the end.
    fn next_batch<'s>(&'s self, spare: Vec<u8>) -> Option<(Vec<u8>, u64, u64)> {
        let mut state = self.state.lock();
        while state.buffer.is_empty() {
            if state.dropped > 0 && !state.broken {
                break;
            }
            if state.closing {
                return None;
            }
            state.idle = true;
            self.wake.wait(&mut state);
        }
        if !state.urgent && !state.closing {
            self.wake.wait_for(&mut state, BATCH_DELAY);
        }
        let state: &mut MutexGuard<'s, State> = &mut state;
        state.idle = false;
        state.urgent = false;
        state.taken += 1;
        state.writing = Some(Instant::now());
        let batch = std::mem::replace(&mut state.buffer, spare);
        Some((batch, std::mem::take(&mut state.lines), std::mem::take(&mut state.dropped)))
    }

    /// The writer's life.
    fn write_all(&self, writer: Box<dyn Write + Send>) {
        let mut output = Output { writer, mid_line: false };
        let mut complaints = Complaints::default();
        let mut spare = Vec::new();
        while let Some((mut batch, lines, dropped)) = self.next_batch(std::mem::take(&mut spare)) {
            let (out, mut outcome) = output.write(&batch);
            if outcome.is_ok() && dropped > 0 {
                let line = self.drop_line.lock().as_ref().map(|line| line(dropped)).unwrap_or_default();
                outcome = output.write(&line).1;
            }
            let outcome = outcome.and_then(|()| output.writer.flush());
            batch.clear();
            batch.shrink_to(1 << 20);
            spare = batch;

            let mut state = self.state.lock();
            if let Err(error) = &outcome {
                let lost = lines.saturating_sub(out);
                state.dropped += lost + dropped;
                state.lost += lost;
                state.broken = is_final(error);
                if state.broken {
                    let unwritten = std::mem::take(&mut state.lines);
                    state.lost += unwritten;
                    state.buffer = Vec::new();
                }
            }
            state.done += 1;
            state.writing = None;
            let (closing, broken, lost) = (state.closing, state.broken, state.lost);
            drop(state);
            self.written.notify_all();
            let Err(error) = outcome else { continue };
            complaints.lost(&error, lost);
            if closing {
                return;
            }
            if broken {
                return self.count_losses(&error, complaints);
            }
            thread::sleep(FAILURE_PAUSE);
        }
    }

    /// What is left to do once nobody reads: to tell how many lines are lost.
    fn count_losses(&self, error: &io::Error, mut complaints: Complaints) {
        let mut state = self.state.lock();
        let mut told = state.lost;
        while !state.closing {
            self.wake.wait_for(&mut state, REMINDER);
            if state.lost > told && !state.closing {
                told = state.lost;
                MutexGuard::unlocked(&mut state, || complaints.lost(error, told));
            }
        }
    }
}

/// The consumer, and whether what it has taken ends in the middle of a line.
struct Output {
    writer: Box<dyn Write + Send>,
    mid_line: bool,
}

impl Output {
    /// Writes whole lines; how many went out.
    fn write(&mut self, lines: &[u8]) -> (u64, io::Result<()>) {
        if self.mid_line && !lines.is_empty() {
            match write(&mut *self.writer, b"\n") {
                (_, Ok(())) => self.mid_line = false,
                (_, failed) => return (0, failed),
            }
        }
        let (count, outcome) = write(&mut *self.writer, lines);
        let out = &lines[..count];
        if let Some(last) = out.last() {
            self.mid_line = *last != b'\n';
        }
        (memchr::memchr_iter(b'\n', out).count() as u64, outcome)
    }
}

/// Whether nobody will ever read again: a closed pipe, a closed descriptor.
fn is_final(error: &io::Error) -> bool {
    const EBADF: i32 = 9;
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::NotConnected | ErrorKind::ConnectionReset)
        || error.raw_os_error() == Some(EBADF)
}

/// Writes all, or up to what fails; how many bytes went out.
fn write(writer: &mut dyn Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut count = 0;
    while count < bytes.len() {
        match writer.write(&bytes[count..]) {
            Ok(0) => return (count, Err(ErrorKind::WriteZero.into())),
            Ok(n) => count += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // A consumer made the pipe non-blocking.
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(WOULD_BLOCK_PAUSE),
            Err(e) => return (count, Err(e)),
        }
    }
    (count, Ok(()))
}

/// Standard output without the standard library's own buffer; a sink for nothing if it is closed.
#[cfg(unix)]
fn stdout() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd;
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => Box::new(std::fs::File::from(fd)),
        Err(_) => Box::new(io::sink()),
    }
}

#[cfg(not(unix))]
fn stdout() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}
