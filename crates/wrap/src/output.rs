//! What a child prints: read as it comes, and handed to our log.
//!
//! The reader waits for nobody but the child. A sink that is full drops lines and counts them: a reader that waited would let Node
//! keep in memory what nobody takes, and lose exactly its last words when it ends.

mod copy;
mod pipes;
mod read;
mod record;
mod spend;

use std::{fmt, io, process::Stdio, sync::Arc};

use greenroom_context::spawn_thread;
use greenroom_logging::Logger;
use greenroom_node_log::{Kind, Record, Repeated, Warnings};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::Tail;

pub(crate) use read::Reading;
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
    pub(crate) fn connect(&self) -> io::Result<(Stdio, Stdio, Reading)> {
        let ((stdout, to_stdout), (stderr, to_stderr)) = (pipes::large()?, pipes::large()?);
        let (ended, child_runs) = io::pipe()?;
        let (tell, told) = oneshot::channel();
        let inner = self.0.clone();
        let copies = match &inner.to {
            To::Log(_) => [None, None],
            To::Own(_) => copy::own(),
        };
        spawn_thread("output", move || {
            let warnings = Mutex::default();
            read::all([stdout, stderr], copies, &ended, &mut |record| inner.take(&record, &warnings));
            inner.tell_repetitions(&warnings.lock());
            let _ = tell.send(());
        })?;
        Ok((to_stdout.into(), to_stderr.into(), Reading::new(child_runs, told)))
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
    }

    /// Each warning was told once: how many there were is told at the end.
    fn tell_repetitions(&self, warnings: &Warnings) {
        let count = warnings.repetitions();
        if let (To::Log(options), 1..) = (&self.to, count) {
            let text =
                format_args!("Warnings of the Node process that were told once came {count} more times");
            options.own.info(text);
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}
