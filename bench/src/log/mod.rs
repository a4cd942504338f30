//! What another process's lines cost: read by wrap beside `cat` and `pino-pretty`, and filtered by `greenroom logs` beside `jq`.

mod corpus;
mod exit;
mod filter;
mod program;
mod tables;
mod wrap;

use std::collections::BTreeMap;
use std::fs;
use std::io;

use tempfile::TempDir;

use crate::Samples;
use crate::subject::Places;

use corpus::Corpus;
use filter::Filter;
use wrap::Reader;

/// How the figures are taken.
pub const HOW: &str = "\
Taken by `cargo xtask bench --log`, in turns, in one run. A shell prints a file of the lines that a Node backend prints, eight of ten
of requests, one of a hundred an error with its stack, and what reads them writes to a file. CPU is user and system time of the
process that reads, from the first line, after which there is a pause, to the last one, by the lines between; the shell is on the same
core. `greenroom run --gateway` masks, counts by plugin, keeps what may become last words and what the pages show, and writes in the
format that is named. A filter reads a file of 1 GB on a core of its own and writes what it finds to a file: time is that of the wall,
start and end included, and the run is thrown away unless both find as many lines. At the end of a process, a Node prints 10,000 lines
a second and calls `process.exit` within them: lost are those of which it knows that are not in the file then. The program is stripped; its first line is of a start without config, timed from the start of `tar` on.
";

/// How many lines wrap reads.
const LINES: usize = 400_000;

/// All values.
#[derive(Debug, Default)]
struct Measured {
    /// CPU in microseconds by which a line is read.
    wrap: BTreeMap<Reader, Samples>,
    /// Seconds in which a file of 1 GB is filtered.
    filter: BTreeMap<(&'static str, Filter), Samples>,
    /// Lines that a process printed before its end, and those that arrived.
    exit: Vec<exit::Lines>,
    program: Option<program::Program>,
}

/// Measures everything and returns the tables. `tell` hears each value as it comes.
pub fn run(places: &Places, rounds: u64, mut tell: impl FnMut(&str)) -> io::Result<String> {
    let parent = places.target.join("log-bench");
    // What a run left that was interrupted.
    let _ = fs::remove_dir_all(&parent);
    fs::create_dir_all(&parent)?;
    let scratch = TempDir::new_in(parent)?;
    let corpus = Corpus::write(&scratch.path().join("printed.log"), LINES)?;
    let mut measured = Measured::default();
    for round in 1..=rounds {
        for reader in Reader::ALL {
            let each = reader.cpu(places, &corpus, scratch.path())?.as_secs_f64() * 1e6 / LINES as f64;
            tell(&format!("{round}/{rounds} {}: {each:.2} µs a line", reader.name()));
            measured.wrap.entry(reader).or_default().push(each);
        }
        let lines = exit::lines(places, scratch.path())?;
        tell(&format!("{round}/{rounds} at its end: {} of {} lines", lines.arrived, lines.printed));
        measured.exit.push(lines);
    }
    let large = corpus.repeat(&scratch.path().join("large.log"))?;
    for round in 1..=rounds {
        for what in filter::ASKED {
            let found = Filter::ALL.map(|filter| {
                let (took, found) = filter.run(places, what, &large, scratch.path())?;
                tell(&format!("{round}/{rounds} {what} by {}: {took:.2} s", filter.name()));
                measured.filter.entry((what.name, filter)).or_default().push(took);
                Ok::<_, io::Error>(found)
            });
            let [ours, theirs] = found;
            filter::compare(what, ours?, theirs?)?;
        }
    }
    measured.program = Some(program::measure(places, rounds, scratch.path())?);
    Ok(tables::text(&measured))
}
