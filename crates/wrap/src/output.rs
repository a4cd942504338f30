//! What a child prints: read as it comes, and handed to our log.
//!
//! For our log, the reader waits for nobody but the child. A sink that is full drops lines and counts them: a reader that waited would
//! let Node keep in memory what nobody takes, and lose exactly its last words when it ends. What is copied to our own output waits for
//! who takes it, as the child would without us, and each stream for itself.

mod copy;
mod pipes;
mod read;
mod record;
mod spend;

use std::{
    fmt,
    io::{self, PipeWriter},
    sync::Arc,
};

use greenroom_context::spawn_thread;
use greenroom_logging::Logger;
use greenroom_node_log::{Kind, Record, Repeated, Stream, Warnings};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::Tail;

use copy::OwnStream;
pub(crate) use read::Reading;
use read::Source;
pub(crate) use record::printed_at;
use spend::Counts;
pub use spend::Spent;

/// Which records are nobody's business: lines about what we do ourselves.
pub type LeftOut = Box<dyn Fn(&Record<'_>) -> bool + Send + Sync>;

/// What becomes of what a child prints.
pub struct OutputOptions {
    /// Gets its records: see [`RootLogger::foreign`](greenroom_logging::RootLogger::foreign).
    pub foreign: Logger,
    /// Gets what there is to say about them.
    pub own: Logger,
    /// Gets its last records.
    pub tail: Tail,
    /// Which records go nowhere.
    pub is_left_out: LeftOut,
}

/// Where what a child prints goes. Clones are the same, also for the children that follow.
///
/// ```
/// use greenroom_logging::{CaptureSink, Format, RootLogger};
/// use greenroom_wrap::{Child, ChildCommand, Environment, Output, OutputOptions, Tail, Target};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let lines = CaptureSink::in_format(Format::Backstage);
/// let root = RootLogger::builder().sink(lines.clone()).build();
/// let tail = Tail::default();
/// let output = Output::new(OutputOptions {
///     foreign: root.foreign(),
///     own: (*root).clone(),
///     tail: tail.clone(),
///     is_left_out: Box::new(|_| false),
/// });
/// let words = ["sh", "-c", "echo 'Error: why' >&2; exit 7"].map(Into::into);
/// let command = ChildCommand::new(words, "/", Environment::new()).unwrap();
/// let mut child = Child::start_into(&command, &Target::default(), None, Some(&output)).unwrap();
/// child.wait().await;
/// child.read_out().await;
/// let line = &lines.json()[0];
/// assert_eq!((&line["level"], &line["message"], &line["stream"]), (&"error".into(), &"Error: why".into(), &"stderr".into()));
/// assert_eq!(tail.said(str::to_owned).lines, ["Error: why"]);
/// assert_eq!(output.spend()[0].records, 1);
/// # })
/// ```
#[derive(Clone)]
pub struct Output(Arc<Inner>);

struct Inner {
    to: To,
    spent: Counts,
}

enum To {
    /// Its records go there.
    Log(OutputOptions),
    /// Its bytes go where our own output goes, as they come; its last records, there.
    Own(Tail),
}

impl Output {
    /// Of these options.
    pub fn new(options: OutputOptions) -> Self {
        Self::to(To::Log(options))
    }

    /// Where our own output goes, byte for byte and as it comes, each of both streams for itself. `tail` gets its last records.
    pub fn copied(tail: Tail) -> Self {
        Self::to(To::Own(tail))
    }

    fn to(to: To) -> Self {
        Self(Arc::new(Inner { to, spent: Counts::default() }))
    }

    /// What was printed since the start, by plugin and level, before any level rule of ours.
    pub fn spend(&self) -> Vec<Spent> {
        self.0.spent.all()
    }

    /// Begins to read a new child: its standard output, its standard error, and who reads them.
    pub(crate) fn connect(&self) -> io::Result<(PipeWriter, PipeWriter, Reading)> {
        self.connect_to(match &self.0.to {
            To::Log(_) => None,
            To::Own(_) => Some(copy::own()),
        })
    }

    fn connect_to(
        &self,
        copies: Option<[Option<OwnStream>; 2]>,
    ) -> io::Result<(PipeWriter, PipeWriter, Reading)> {
        let ((stdout, to_stdout), (stderr, to_stderr)) = (pipes::large()?, pipes::large()?);
        let (ended, child_runs) = io::pipe()?;
        let is_copied = copies.is_some();
        let readers = match copies {
            // One reads both, so that records have the order in which they came.
            None => vec![vec![
                Source::new(Stream::Stdout, stdout, None),
                Source::new(Stream::Stderr, stderr, None),
            ]],
            Some([of_stdout, of_stderr]) => vec![
                vec![Source::new(Stream::Stdout, stdout, of_stdout)],
                vec![Source::new(Stream::Stderr, stderr, of_stderr)],
            ],
        };
        let (reads, done) = mpsc::channel(1);
        for sources in readers {
            let (inner, ended, reads) = (self.0.clone(), ended.try_clone()?, reads.clone());
            spawn_thread("output", move || {
                let warnings = Mutex::default();
                read::all(sources, &ended, &mut |record| inner.take(&record, &warnings));
                inner.tell_repetitions(&warnings.lock());
                drop(reads);
            })?;
        }
        Ok((to_stdout, to_stderr, Reading::new(child_runs, done, is_copied)))
    }
}

impl Inner {
    fn take(&self, record: &Record<'_>, warnings: &Mutex<Warnings>) {
        let options = match &self.to {
            To::Log(options) => options,
            To::Own(tail) => return tail.push(record),
        };
        if (options.is_left_out)(record) {
            return;
        }
        options.tail.push(record);
        self.spent.count(record);
        let is_repeated = match &record.kind {
            Kind::ProcessWarning(warning) => {
                warnings.lock().seen(warning, &record.message) != Repeated::First
            }
            _ => false,
        };
        record::log(record, is_repeated || record.is_blank(), &options.foreign);
        if record.truncated_bytes > 0 {
            // Where the log has the bytes that were printed, nothing else tells it.
            options.own.warn(format_args!(
                "The Node process has printed a line that is too long: its last {} bytes are left out",
                record.truncated_bytes
            ));
        }
    }

    /// Each warning was told once: how many there were is told at the end.
    fn tell_repetitions(&self, warnings: &Warnings) {
        let count = warnings.repetitions();
        if let (To::Log(options), 1..) = (&self.to, count) {
            let times = match count {
                1 => "once more".to_owned(),
                count => format!("{count} more times"),
            };
            options.own.info(format_args!("Warnings of the Node process that were told once came {times}"));
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{PipeReader, Read, Write},
        os::fd::{AsFd, OwnedFd},
        time::Duration,
    };

    use rustix::io::{ioctl_fionbio, ioctl_fionread};
    use tokio::time::timeout;

    use super::*;

    fn copy() -> (PipeReader, PipeWriter, Option<OwnStream>) {
        let (reader, writer) = io::pipe().unwrap();
        let own = OwnedFd::from(writer.try_clone().unwrap());
        (reader, writer, Some(OwnStream::new(own.into())))
    }

    /// Nothing tells what other threads have done with a pipe.
    async fn until(what: &str, is_so: impl Fn() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), waiting).await.expect(what);
    }

    fn held(pipe: impl AsFd) -> u64 {
        ioctl_fionread(pipe).unwrap()
    }

    #[tokio::test]
    async fn who_does_not_read_standard_output_holds_back_no_standard_error_and_loses_nothing() {
        let tail = Tail::default();
        let ((mut stdout, mut full, of_stdout), (stderr, own, of_stderr)) = (copy(), copy());
        drop(own);
        let output = Output::copied(tail.clone());
        let (mut to_stdout, mut to_stderr, mut reading) =
            output.connect_to(Some([of_stdout, of_stderr])).unwrap();
        ioctl_fionbio(&full, true).unwrap();
        let mut filled = 0;
        while let Ok(length) = full.write(&[b'.'; 4096]) {
            filled += length;
        }
        drop(full);
        to_stdout.write_all(b"waits").unwrap();
        until("it is read, and can be written nowhere", || held(&to_stdout) == 0).await;
        to_stdout.write_all(b" for long\n").unwrap();
        to_stderr.write_all(b"Error: why\n").unwrap();
        until("standard error comes", || held(&stderr) == 11).await;
        until("its record, too", || tail.said(str::to_owned).lines == ["Error: why"]).await;

        drop((to_stdout, to_stderr));
        // Whoever waits for all of it waits for its reader.
        assert!(timeout(Duration::from_millis(1), reading.end()).await.is_err());
        let mut rest = vec![0; filled];
        stdout.read_exact(&mut rest).unwrap();
        reading.end().await;
        rest.clear();
        stdout.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"waits for long\n");
        assert_eq!(tail.said(str::to_owned).lines, ["Error: why", "waits for long"]);
    }
}
