//! Taking the figures: all subjects in turn, in each round the other way round.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::figures::{Figure, Kind, Part, Reads, Route};
use crate::process::{Core, Process};
use crate::server::{Server, count_lines};
use crate::subject::{Places, Subject};
use crate::{Samples, sample, wrk};

/// Starts of a server in each round: they are quick, and single ones vary.
const STARTS: u64 = 3;
/// How long a server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);
/// Seconds of load before the first load of a process: Node compiles what is hot.
const COLD: u64 = 4;
/// Seconds of load before each load that counts.
const WARM_UP: u64 = 1;
/// After a load: the last lines are on their way.
const SETTLE: Duration = Duration::from_millis(200);
/// How long a loop that logs may take.
const LOG_LIMIT: Duration = Duration::from_secs(60);

/// What to measure, how long, how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The figures.
    pub figures: Vec<&'static Figure>,
    /// The sides.
    pub subjects: Vec<Subject>,
    /// Seconds of each load.
    pub seconds: u64,
    /// How often everything is measured.
    pub rounds: u64,
}

impl Plan {
    /// The subjects in the order of a round.
    fn turns(&self, round: u64) -> Vec<Subject> {
        let mut turns = self.subjects.clone();
        if !round.is_multiple_of(2) {
            turns.reverse();
        }
        turns
    }

    fn concerning(&self, subject: Subject) -> impl Iterator<Item = &'static Figure> {
        self.figures.iter().copied().filter(move |figure| figure.concerns(subject))
    }

    /// About how long it takes.
    pub fn estimate(&self) -> Duration {
        let is_load = |figure: &Figure| matches!(figure.kind, Kind::Load { .. });
        let loaded = |subject: &&Subject| self.concerning(**subject).any(is_load);
        let cold = self.subjects.iter().filter(loaded).count() as u64 * COLD;
        let seconds = self.subjects.iter().flat_map(|&subject| {
            let start = if subject == Subject::Node { 2.5 } else { 0.2 };
            self.concerning(subject).map(move |figure| match figure.kind {
                Kind::Start => start * STARTS as f64,
                Kind::Memory(Part::All) => IDLE.as_secs_f64(),
                // Read at the same moment.
                Kind::Memory(Part::Anonymous) => 0.0,
                Kind::Connection => 0.7,
                Kind::Load { .. } => (WARM_UP + self.seconds) as f64 + 0.5,
                Kind::Log { .. } => start + 1.0,
            })
        });
        Duration::from_secs_f64((seconds.sum::<f64>() + cold as f64) * self.rounds as f64)
    }
}

/// All values, and what someone who reads them should know.
#[derive(Debug, Default)]
pub struct Measured {
    values: BTreeMap<(&'static str, Subject), Samples>,
    /// Requests that were not answered in time, and the like.
    pub notes: Vec<String>,
}

impl Measured {
    /// Those of a figure of a subject.
    pub fn of(&self, figure: &Figure, subject: Subject) -> Option<&Samples> {
        self.values.get(&(figure.id, subject))
    }

    /// Adds one.
    pub fn add(&mut self, figure: &Figure, subject: Subject, value: f64) {
        self.values.entry((figure.id, subject)).or_default().push(value);
    }
}

/// Measures everything. `tell` hears each value as it comes.
pub fn run(plan: &Plan, places: &Places, mut tell: impl FnMut(&str)) -> io::Result<Measured> {
    let parent = places.target.join("bench");
    // What a run left that was interrupted.
    let _ = fs::remove_dir_all(&parent);
    fs::create_dir_all(&parent)?;
    let scratch = TempDir::new_in(parent)?;
    let mut measured = Measured::default();
    for round in 0..plan.rounds {
        for subject in plan.turns(round) {
            let mut turn =
                Turn { plan, places, scratch: scratch.path(), subject, values: vec![], notes: vec![] };
            turn.take()
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", subject.name())))?;
            for (figure, value) in turn.values {
                tell(&format!(
                    "{}/{} {}: {} {value:.2} {}",
                    round + 1,
                    plan.rounds,
                    subject.name(),
                    figure.id,
                    figure.unit
                ));
                measured.add(figure, subject, value);
            }
            measured.notes.extend(turn.notes);
        }
    }
    Ok(measured)
}

/// One subject in one round.
struct Turn<'a> {
    plan: &'a Plan,
    places: &'a Places,
    scratch: &'a Path,
    subject: Subject,
    values: Vec<(&'static Figure, f64)>,
    notes: Vec<String>,
}

impl Turn<'_> {
    fn take(&mut self) -> io::Result<()> {
        let figures: Vec<_> = self.plan.concerning(self.subject).collect();
        let (of_loops, of_server): (Vec<_>, Vec<_>) =
            figures.into_iter().partition(|figure| matches!(figure.kind, Kind::Log { .. }));
        if !of_server.is_empty() {
            self.take_server(&of_server)?;
        }
        for figure in of_loops {
            let Kind::Log { secrets } = figure.kind else { continue };
            let value = self.log_loop(secrets)?;
            self.values.push((figure, value));
        }
        Ok(())
    }

    fn take_server(&mut self, figures: &[&'static Figure]) -> io::Result<()> {
        if let Some(figure) = figures.iter().find(|figure| figure.kind == Kind::Start) {
            for _ in 0..STARTS {
                let server = self.start()?;
                self.values.push((figure, server.start.as_secs_f64() * 1000.0));
                server.stop()?;
            }
        }
        if figures.iter().all(|figure| figure.kind == Kind::Start) {
            return Ok(());
        }
        let mut server = self.start()?;
        for figure in figures {
            let Kind::Memory(part) = figure.kind else { continue };
            let resident = server.resident_after(IDLE)?;
            let value = match part {
                Part::All => resident.all,
                Part::Anonymous => resident.anonymous,
            };
            self.values.push((figure, value));
        }
        if let Some(figure) = figures.iter().find(|figure| figure.kind == Kind::Connection) {
            self.values.push((figure, server.resident_by_connection()?));
        }
        let mut cold = true;
        for figure in figures {
            if let Kind::Load { route, connections, reads } = figure.kind {
                if std::mem::take(&mut cold) {
                    wrk::run(&server.url(route), connections, COLD)?;
                }
                let value = self.load(&mut server, route, connections, reads)?;
                self.values.push((figure, value));
            }
        }
        server.stop()
    }

    fn start(&self) -> io::Result<Server> {
        Server::start(self.places, self.subject, self.scratch)
    }

    fn load(&mut self, server: &mut Server, route: Route, connections: u32, reads: Reads) -> io::Result<f64> {
        let url = server.url(route);
        wrk::run(&url, connections, WARM_UP)?;
        thread::sleep(SETTLE);
        server.forget_lines()?;
        let before = server.cpu()?;
        let run = wrk::run(&url, connections, self.plan.seconds)?;
        thread::sleep(SETTLE);
        let used = server.cpu()? - before;
        server.still_runs()?;
        if run.timeouts > 0 {
            self.notes.push(format!("{}: {} answers of {url} came late", self.subject.name(), run.timeouts));
        }
        let lines = server.lines()?;
        if self.subject.writes_lines() && lines < run.requests * route.lines() {
            let text = format!("{} requests left only {lines} lines", run.requests);
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        Ok(match reads {
            Reads::Cpu => used.as_secs_f64() * 1e6 / run.requests.max(1) as f64,
            Reads::P99 => run.p99,
        })
    }

    fn log_loop(&self, secrets: usize) -> io::Result<f64> {
        // A run lasts some tenths of a second on either side.
        let lines = if self.subject == Subject::Node { 100_000 } else { 500_000 };
        let path = self.scratch.join("loop.log");
        let mut command = self.places.log_loop(self.subject, lines, secrets);
        command.stdin(Stdio::null()).stdout(File::create(&path)?).stderr(Stdio::piped());
        let told = Process::start(&mut command, Core::Server)?.output(LOG_LIMIT)?;
        let unexpected = |text: String| io::Error::new(ErrorKind::InvalidData, text);
        let nanoseconds: f64 = told.trim().parse().map_err(|_| unexpected(format!("it printed {told:?}")))?;
        let found = count_lines(&path)?;
        if found < lines {
            return Err(unexpected(format!("of {lines} lines {found} were written")));
        }
        let first = first_line(&path)?;
        if sample::timeless(&first) != sample::NODE_LINE {
            return Err(unexpected(format!("it writes another line: {first}")));
        }
        Ok(nanoseconds / lines as f64)
    }
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut line = String::new();
    io::BufRead::read_line(&mut io::BufReader::new(File::open(path)?), &mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FIGURES;

    fn everything(seconds: u64, rounds: u64) -> Plan {
        Plan { figures: FIGURES.iter().collect(), subjects: Subject::ALL.to_vec(), seconds, rounds }
    }

    #[test]
    fn sides_take_turns() {
        let plan = Plan { subjects: vec![Subject::Node, Subject::Greenroom], ..everything(5, 2) };
        assert_eq!(plan.turns(0), [Subject::Node, Subject::Greenroom]);
        assert_eq!(plan.turns(1), [Subject::Greenroom, Subject::Node]);
    }

    #[test]
    fn a_run_by_default_takes_less_than_seven_minutes() {
        assert!(everything(5, 3).estimate() < Duration::from_secs(420));
    }
}
