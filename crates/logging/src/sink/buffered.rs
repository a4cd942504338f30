//! Standard output behind a bounded buffer and a thread of its own.
//!
//! A caller appends to the buffer under a short lock. The writer takes the whole buffer, gives an empty one in its
//! place, and writes. A consumer that does not read stops only the writer: the buffer fills, further lines are
//! dropped and counted, and the count is told in a line of its own once writing goes on.
//!
//! The writer sleeps while there is nothing to write; woken by a first line it waits [`GATHER`] for more, so that a
//! busy process makes few system calls. That is all a hard kill can lose, beside what a slow consumer has not taken.

use std::{
    io::{self, ErrorKind, Write},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::sink::{Emitted, Sink};

/// The default bound of the buffer: 8 MiB.
pub const DEFAULT_CAPACITY: usize = 8 << 20;

/// How long the writer gathers lines before it writes.
const GATHER: Duration = Duration::from_millis(2);

/// How long dropping the sink waits for its lines.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often a consumer that says "not now" is asked again.
const AGAIN: Duration = Duration::from_millis(5);

/// How long the writer rests after a failure, as of a full disk.
const RETRY: Duration = Duration::from_millis(250);

type DropLine = Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// How long a caller waits for its own line, where each line is waited for.
const EACH: Duration = Duration::from_secs(1);

/// A sink that never blocks a caller.
pub struct BufferedSink {
    shared: Arc<Shared>,
    each_line: bool,
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
        let started = thread::Builder::new()
            .name("greenroom-log".into())
            .spawn(move || of_thread.write_all(Box::new(writer)));
        if started.is_err() {
            shared.state.lock().broken = true;
        }
        Self { shared, each_line: false }
    }

    /// Lets a caller wait until its line is written, at most a second: then a hard kill loses no line, and logging
    /// costs a change of threads.
    #[must_use]
    pub fn each_line(mut self) -> Self {
        self.each_line = true;
        self
    }

    /// How many lines were dropped since the start.
    pub fn lost(&self) -> u64 {
        self.shared.state.lock().lost
    }
}

impl Sink for BufferedSink {
    fn emit(&self, emitted: &Emitted<'_>) {
        self.shared.push(emitted.line());
        if self.each_line {
            self.shared.flush(EACH);
        }
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.shared.flush(deadline)
    }

    fn tell_drops(&self, line: DropLine) {
        *self.shared.drop_line.lock() = Some(line);
    }
}

impl Drop for BufferedSink {
    fn drop(&mut self) {
        self.shared.state.lock().closing = true;
        self.shared.wake.notify_one();
        self.shared.flush(FAREWELL);
    }
}

// === impl Shared ===

impl Shared {
    fn push(&self, line: &[u8]) {
        let mut state = self.state.lock();
        if state.broken || state.buffer.len() + line.len() > self.capacity {
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
            self.wake.wait_for(&mut state, GATHER);
        }
        let state: &mut MutexGuard<'s, State> = &mut state;
        state.idle = false;
        state.urgent = false;
        state.taken += 1;
        let batch = std::mem::replace(&mut state.buffer, spare);
        Some((batch, std::mem::take(&mut state.lines), std::mem::take(&mut state.dropped)))
    }

    /// The writer's life.
    fn write_all(&self, mut writer: Box<dyn Write + Send>) {
        let mut spare = Vec::new();
        while let Some((mut batch, lines, dropped)) = self.next_batch(std::mem::take(&mut spare)) {
            let mut outcome = write(&mut *writer, &batch);
            if outcome.is_ok() && dropped > 0 {
                let line = self.drop_line.lock().as_ref().map(|line| line(dropped)).unwrap_or_default();
                outcome = write(&mut *writer, &line);
            }
            let outcome = outcome.and_then(|()| writer.flush());
            batch.clear();
            batch.shrink_to(1 << 20);
            spare = batch;

            let failed = outcome.is_err();
            let mut state = self.state.lock();
            if let Err(error) = outcome {
                state.dropped += lines + dropped;
                state.lost += lines;
                state.broken = is_final(&error);
                if state.broken {
                    state.buffer = Vec::new();
                }
            }
            state.done += 1;
            let (ends, retries) = (state.closing && failed, failed && !state.broken);
            drop(state);
            self.written.notify_all();
            if ends {
                return;
            }
            if retries {
                thread::sleep(RETRY);
            }
        }
    }
}

/// Whether nobody will ever read again: a closed pipe, a closed descriptor.
fn is_final(error: &io::Error) -> bool {
    const EBADF: i32 = 9;
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::NotConnected | ErrorKind::ConnectionReset)
        || error.raw_os_error() == Some(EBADF)
}

fn write(writer: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // A consumer made the pipe non-blocking.
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(AGAIN),
            Err(e) => return Err(e),
        }
    }
    Ok(())
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
