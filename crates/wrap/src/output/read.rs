//! A thread that reads one stream of a child, or both.
//!
//! A thread, and no task: it reads also while the runtime is busy.

use std::{
    io::{self, PipeReader, PipeWriter, Read},
    time::{Duration, Instant},
};

use greenroom_context::catch_panic_in;
use greenroom_node_log::{Reader, Record, Stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::{sync::mpsc, time::timeout};

use super::copy::OwnStream;

/// How much is read at once.
const READ: usize = 64 << 10;

/// How long after the end of the child and of its group is read what others hold: whom it has started may have its streams for ever.
const REST: Duration = Duration::from_secs(1);

/// How much is read of each stream once that time is over: what the pipe held by then.
const HELD: usize = super::pipes::SIZE;

/// How much longer may be waited for the thread, which may have no turn.
const BEYOND: Duration = Duration::from_secs(5);

/// What is known of those who read a child. When it is dropped, the child counts as ended.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Its other ends are closed when the child has ended.
    child_runs: Option<PipeWriter>,
    /// Ends with the last of them.
    done: mpsc::Receiver<()>,
    is_copied: bool,
}

impl Reading {
    pub(super) fn new(child_runs: PipeWriter, done: mpsc::Receiver<()>, is_copied: bool) -> Self {
        Self { child_runs: Some(child_runs), done, is_copied }
    }

    /// Waits until all is read, once the child has ended, for which there is a second from here on; of what is copied, as long as it takes whoever gets it. May be given up.
    pub(crate) async fn end(&mut self) {
        if self.is_copied { self.done().await } else { self.end_soon().await }
    }

    /// The same, but not for long.
    pub(crate) async fn end_soon(&mut self) {
        let _ = timeout(REST + BEYOND, self.done()).await;
    }

    async fn done(&mut self) {
        self.child_runs = None;
        while self.done.recv().await.is_some() {}
    }
}

/// One stream.
pub(super) struct Source {
    pipe: Option<PipeReader>,
    stream: Stream,
    reader: Reader,
    /// Where it goes as it comes, besides.
    copy: Option<OwnStream>,
    /// How much may still be read once the time is over.
    left: usize,
}

/// Is given records.
type Out<'o> = &'o mut dyn FnMut(Record<'_>);

impl Source {
    /// What comes goes to `copy` as well.
    pub(super) fn new(stream: Stream, pipe: PipeReader, copy: Option<OwnStream>) -> Self {
        Self { pipe: Some(pipe), stream, reader: Reader::new(stream), copy, left: HELD }
    }

    /// Reads once: there is something.
    fn read(&mut self, bytes: &mut [u8], is_over: bool, mut out: Out<'_>) {
        let Some(pipe) = &mut self.pipe else { return };
        match pipe.read(bytes) {
            Ok(length @ 1..) => {
                if is_over {
                    self.left = self.left.saturating_sub(length);
                }
                let has_left = self.copy.as_mut().is_some_and(|copy| copy.write(&bytes[..length]).is_err());
                self.reader.push(&bytes[..length], Instant::now(), &mut out);
                if has_left {
                    // The child hears of it as it would without us: by its next write.
                    self.close(out);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => self.close(out),
        }
    }

    /// Nothing more is read; what is left comes out.
    fn close(&mut self, mut out: Out<'_>) {
        self.pipe = None;
        self.reader.finish(&mut out);
    }
}

/// Reads these streams, the first one first, to their ends, or until the time is over after `ended`, whose other end is closed with the
/// child.
pub(super) fn all(mut sources: Vec<Source>, ended: &PipeReader, out: Out<'_>) {
    let (mut bytes, mut end) = (vec![0; READ], None);
    while sources.iter().any(|source| source.pipe.is_some()) {
        let now = Instant::now();
        let is_over = end.is_some_and(|end| now >= end);
        let due = sources.iter().filter_map(|source| source.reader.deadline()).chain(end).min();
        let Some((ready, has_ended)) = wait(&sources, end.is_none().then_some(ended), due) else { break };
        if is_over && !sources.iter().zip(&ready).any(|(source, is_ready)| *is_ready && source.left > 0) {
            break;
        }
        if has_ended {
            // Not from `now`, which was before the wait.
            end = Some(Instant::now() + REST);
        }
        for (source, is_ready) in sources.iter_mut().zip(ready) {
            // Whatever a child prints must not end the reading: it would end the child.
            let taken = catch_panic_in(|| {
                if is_ready {
                    source.read(&mut bytes, is_over, out);
                } else {
                    // Until then nothing had come. What has come since, this thread may have had no turn to see.
                    source.reader.tick(now, &mut &mut *out);
                }
            });
            if taken.is_err() {
                source.reader = Reader::new(source.stream);
            }
        }
    }
    sources.iter_mut().for_each(|source| source.close(out));
}

/// Waits until a stream has something, the child has ended, or the time has come: which streams have, and whether it has. `None` if
/// the system does not let us wait.
fn wait(sources: &[Source], ended: Option<&PipeReader>, due: Option<Instant>) -> Option<(Vec<bool>, bool)> {
    let pipes = || sources.iter().map(|source| source.pipe.as_ref());
    let mut asked: Vec<PollFd<'_>> =
        pipes().chain([ended]).flatten().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
    loop {
        // A moment later: to the millisecond, it must not come too early.
        let left = due.map(|due| due.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut asked, left.as_ref()) {
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    let mut answers = asked.iter().map(|asked| !asked.revents().is_empty());
    let mut of = |pipe: Option<&PipeReader>| pipe.is_some() && answers.next().unwrap_or_default();
    Some((pipes().map(&mut of).collect(), of(ended)))
}
