//! The process that reads what another one prints.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::corpus::Corpus;
use crate::proc;
use crate::process::{Core, Process};
use crate::server::free_port;
use crate::subject::{Places, command};

/// How long reading may take.
const PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(20);
const STOP: Duration = Duration::from_secs(20);
/// The pause after the first line, and the part of it in which a start comes to rest.
const PAUSE: &str = "3";
const REST: Duration = Duration::from_secs(2);

/// What reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reader {
    /// Nothing but a copy.
    Cat,
    PinoPretty,
    /// Greenroom, in this format.
    Wrap(&'static str),
}

impl Reader {
    pub(super) const ALL: [Self; 5] =
        [Self::Cat, Self::PinoPretty, Self::Wrap("backstage"), Self::Wrap("node"), Self::Wrap("pretty")];

    pub(super) fn name(self) -> String {
        match self {
            Self::Cat => "`cat`".to_owned(),
            Self::PinoPretty => "`pino-pretty`".to_owned(),
            Self::Wrap(format) => format!("`greenroom run --gateway`, format `{format}`"),
        }
    }

    /// CPU time that reading all lines has taken but the first one.
    pub(super) fn cpu(self, places: &Places, corpus: &Corpus, scratch: &Path) -> io::Result<Duration> {
        let out = scratch.join("read.log");
        let file = File::create(&out)?;
        let from = corpus.path.display();
        let print = format!("head -n 1 '{from}'; sleep {PAUSE}; tail -n +2 '{from}'; exec sleep 600");
        let (reader, printer) = match self {
            Self::Wrap(format) => {
                let mut wrap = wrap(places, format, scratch, ["sh".as_ref(), "-c".as_ref(), print.as_ref()])?;
                wrap.stdout(file).stderr(Stdio::null());
                (Process::start(&mut wrap, Core::Server)?, None)
            }
            _ => {
                let (from, to) = io::pipe()?;
                let mut printer = command("sh");
                let started = Process::start(printer.arg("-c").arg(&print).stdout(to), Core::Server)?;
                // With its end of the pipe.
                drop(printer);
                let reader = Process::start(self.pipe(places).stdin(from).stdout(file), Core::Server)?;
                (reader, Some(started))
            }
        };
        let mut seen = Seen { file: File::open(&out)?, tail: Vec::new() };
        seen.wait_for("the first line")?;
        thread::sleep(REST);
        let before = proc::cpu(reader.id())?;
        seen.wait_for("the last line")?;
        let took = proc::cpu(reader.id())? - before;
        reader.stop(STOP)?;
        drop(printer);
        Ok(took)
    }

    /// What reads its standard input.
    fn pipe(self, places: &Places) -> Command {
        match self {
            Self::PinoPretty => {
                let mut pretty = command(places.node());
                pretty.arg(places.target.join("pino/node_modules/pino-pretty/bin.js"));
                pretty.args([
                    "--messageKey",
                    "message",
                    "--levelKey",
                    "level",
                    "--timestampKey",
                    "timestamp",
                ]);
                pretty
            }
            _ => command("cat"),
        }
    }
}

/// What reads the lines of this command and writes them in this format.
pub(super) fn wrap<'a>(
    places: &Places,
    format: &str,
    scratch: &Path,
    child: impl IntoIterator<Item = &'a OsStr>,
) -> io::Result<Command> {
    let (port, data) = (free_port()?, scratch.join("data"));
    let text = format!(
        "app: {{title: Benchmark, baseUrl: 'http://localhost:{port}'}}\n\
         backend: {{baseUrl: 'http://localhost:{port}', listen: '127.0.0.1:{port}'}}\n\
         greenroom: {{dataDir: '{}', logger: {{format: {format}}}}}\n",
        data.display()
    );
    // As a child without arguments finds it.
    fs::write(scratch.join("app-config.yaml"), text)?;
    let mut wrap = command(places.target.join("release/greenroom"));
    wrap.args(["run", "--gateway", "--"]).args(child).current_dir(scratch);
    Ok(wrap)
}

/// What has been written to a file.
struct Seen {
    file: File,
    tail: Vec<u8>,
}

impl Seen {
    fn wait_for(&mut self, text: &str) -> io::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !self.has(text)? {
            if Instant::now() > end {
                return Err(io::Error::new(ErrorKind::TimedOut, format!("never read: {text}")));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn has(&mut self, text: &str) -> io::Result<bool> {
        // Of what is behind, the last line is all that is looked for.
        const WINDOW: u64 = 64 << 10;
        let length = self.file.metadata()?.len();
        self.file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
        self.tail.clear();
        self.file.read_to_end(&mut self.tail)?;
        Ok(self.tail.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}
