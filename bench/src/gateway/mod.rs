//! What standing in front of a backend costs: Greenroom as a gateway beside nginx and beside nobody, in turns, in one run.

mod rate;
mod sides;
mod streams;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::figures::Route;
use crate::server::Server;
use crate::subject::Places;
use crate::{Samples, wrk};

use sides::{Behind, Front, Upstream};

/// How the figures are taken.
pub const HOW: &str = "\
Taken by `cargo xtask bench --gateway`, in turns, in one run, in each second round the other way round. Behind stands the Node backend
of `tests/conformance/peer`, or a server of hyper alone, which answers 1 kB. In front stands nobody, or `greenroom gateway` as it comes,
or Debian's nginx in one process, with connections to the server behind that are kept, and those of clients for all requests. Both write
a line for each request to a file. Each request carries a token, a user's or, for Node, a plugin's, and Greenroom's line says who it is,
or the run is thrown away. There are two cores: with hyper behind, what stands in front has one alone; with Node behind, Node has. What
sends requests shares the other one, so that CPU is comparable and throughput with hyper is not told. At a fixed rate a request is sent
when its time has come, over one of 32 connections, and is as late as the end of its answer is after that time; what is added is the
difference to nobody in front in the same round. CPU is user and system time of the process in front during a run of wrk, by its
completed requests. An event stream has had one event, and nothing comes any more: memory is by how much the process in front is larger
with 4,900 more of them, by their number. Idle memory is that of two seconds after the first answer.
";

/// Seconds of load before each load that counts, and before the first one of a process: Node compiles what is hot.
const WARM_UP: u64 = 1;
const COLD: u64 = 4;
const SETTLE: Duration = Duration::from_millis(200);
const IDLE: Duration = Duration::from_secs(2);

/// A load of wrk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Load {
    behind: Behind,
    /// What is asked for.
    name: &'static str,
    path: &'static str,
    connections: u32,
}

const fn load(behind: Behind, name: &'static str, path: &'static str, connections: u32) -> Load {
    Load { behind, name, path, connections }
}

const READY: &str = Route::Readiness.path();
const RESULTS: &str = Route::Results.path();

const LOADS: [Load; 5] = [
    load(Behind::Floor, "hyper, 1 kB", "/", 1),
    load(Behind::Floor, "hyper, 1 kB", "/", 32),
    load(Behind::Node, "Node, readiness", READY, 1),
    load(Behind::Node, "Node, readiness", READY, 32),
    load(Behind::Node, "Node, a plugin's route", RESULTS, 32),
];

/// All values.
#[derive(Debug, Default)]
struct Measured {
    /// Latency at a fixed rate in microseconds, and what is added to nobody's.
    p50: BTreeMap<(Behind, Front), Samples>,
    p99: BTreeMap<(Behind, Front), Samples>,
    added_p50: BTreeMap<(Behind, Front), Samples>,
    added_p99: BTreeMap<(Behind, Front), Samples>,
    /// CPU in microseconds by which a request is passed on, or by Node answered.
    cpu: BTreeMap<(Load, Front), Samples>,
    /// Requests in a second.
    throughput: BTreeMap<(Load, Front), Samples>,
    /// Of an event stream in KiB, and of a process that nobody asks in MiB.
    stream: BTreeMap<Front, Memory>,
    idle: BTreeMap<Front, Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    all: Samples,
    own: Samples,
}

impl Memory {
    fn push(&mut self, resident: crate::proc::Resident) {
        self.all.push(resident.all);
        self.own.push(resident.anonymous);
    }
}

/// Measures everything and returns the tables. `tell` hears each value as it comes.
pub fn run(places: &Places, seconds: u64, rounds: u64, mut tell: impl FnMut(&str)) -> io::Result<String> {
    let parent = places.target.join("gateway-bench");
    // What a run left that was interrupted.
    let _ = fs::remove_dir_all(&parent);
    fs::create_dir_all(&parent)?;
    let scratch = TempDir::new_in(parent)?;
    streams::allow_descriptors()?;
    let mut measured = Measured::default();
    for behind in [Behind::Floor, Behind::Node] {
        let upstream = behind.start(places, &directory(scratch.path(), behind)?)?;
        let mut turn = Turn { places, scratch: scratch.path(), behind, upstream, seconds, cold: true };
        for round in 0..rounds {
            turn.take(round, &mut measured, &mut |value| {
                tell(&format!("{}/{rounds} {}: {value}", round + 1, behind.name()));
            })?;
        }
        turn.upstream.server.stop()?;
    }
    Ok(tables::text(&measured))
}

fn directory(scratch: &Path, behind: Behind) -> io::Result<std::path::PathBuf> {
    let directory = scratch.join(format!("{behind:?}"));
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// All fronts of one upstream, in one round.
struct Turn<'a> {
    places: &'a Places,
    scratch: &'a Path,
    behind: Behind,
    upstream: Upstream,
    seconds: u64,
    /// Nobody has asked what stands behind yet.
    cold: bool,
}

impl Turn<'_> {
    fn take(&mut self, round: u64, measured: &mut Measured, tell: &mut dyn FnMut(&str)) -> io::Result<()> {
        let mut fronts = Front::ALL;
        if !round.is_multiple_of(2) {
            fronts.reverse();
        }
        let mut sides = vec![];
        for front in fronts {
            let server = front.start(self.behind, &self.upstream, self.places, self.scratch)?;
            if let Some(server) = server.as_ref().filter(|_| self.behind == Behind::Floor) {
                measured.idle.entry(front).or_default().push(server.resident_after(IDLE)?);
            }
            sides.push(Side { front, server });
        }
        if std::mem::take(&mut self.cold) {
            self.wrk(self.upstream.server.port(), LOADS[3], COLD)?;
        }
        self.at_a_rate(&sides, measured, tell)?;
        for load in LOADS.into_iter().filter(|load| load.behind == self.behind) {
            for side in &sides {
                self.at_full_speed(side, load, measured, tell)?;
            }
        }
        for Side { front, server } in sides {
            let Some(server) = server else { continue };
            if self.behind == Behind::Floor {
                let request = self.upstream.request("/api/events", "text/event-stream");
                let each = streams::resident_by_stream(&server, &request)?;
                tell(&format!("{front:?}, a stream: {:.1} KiB", each.all));
                measured.stream.entry(front).or_default().push(each);
            }
            server.stop()?;
        }
        Ok(())
    }

    fn at_a_rate(
        &self,
        sides: &[Side],
        measured: &mut Measured,
        tell: &mut dyn FnMut(&str),
    ) -> io::Result<()> {
        let path = if self.behind == Behind::Floor { "/" } else { READY };
        let request = self.upstream.request(path, "*/*");
        let mut taken = BTreeMap::new();
        for side in sides {
            let latency = rate::send(side.port(&self.upstream), &request, self.seconds)?;
            side.check(&self.upstream)?;
            tell(&format!(
                "{:?}, {} a second: {:.0} µs, p99 {:.0} µs",
                side.front,
                rate::RATE,
                latency.p50,
                latency.p99
            ));
            taken.insert(side.front, latency);
        }
        let direct = taken[&Front::Nobody];
        for (front, latency) in taken {
            let of = (self.behind, front);
            measured.p50.entry(of).or_default().push(latency.p50);
            measured.p99.entry(of).or_default().push(latency.p99);
            measured.added_p50.entry(of).or_default().push(latency.p50 - direct.p50);
            measured.added_p99.entry(of).or_default().push(latency.p99 - direct.p99);
        }
        Ok(())
    }

    fn at_full_speed(
        &self,
        side: &Side,
        load: Load,
        measured: &mut Measured,
        tell: &mut dyn FnMut(&str),
    ) -> io::Result<()> {
        let port = side.port(&self.upstream);
        self.wrk(port, load, WARM_UP)?;
        thread::sleep(SETTLE);
        let of = side.server.as_ref().unwrap_or(&self.upstream.server);
        of.forget_lines()?;
        let before = of.cpu()?;
        let run = self.wrk(port, load, self.seconds)?;
        thread::sleep(SETTLE);
        let used = of.cpu()? - before;
        side.check(&self.upstream)?;
        let lines = of.lines()?;
        if side.server.is_some() && lines < run.requests {
            let text = format!("{:?}: {} requests left only {lines} lines", side.front, run.requests);
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        let cpu = used.as_secs_f64() * 1e6 / run.requests.max(1) as f64;
        let each_second = run.requests as f64 / self.seconds as f64;
        let Load { name, connections, .. } = load;
        tell(&format!("{:?}, {name}, {connections}: {cpu:.1} µs, {each_second:.0} a second", side.front));
        measured.cpu.entry((load, side.front)).or_default().push(cpu);
        measured.throughput.entry((load, side.front)).or_default().push(each_second);
        Ok(())
    }

    fn wrk(&self, port: u16, load: Load, seconds: u64) -> io::Result<wrk::Run> {
        let url = format!("http://127.0.0.1:{port}{}", load.path);
        wrk::run_with(&[self.upstream.authorization()], &url, load.connections, seconds)
    }
}

/// What stands in front, or nobody.
struct Side {
    front: Front,
    server: Option<Server>,
}

impl Side {
    fn port(&self, upstream: &Upstream) -> u16 {
        self.server.as_ref().unwrap_or(&upstream.server).port()
    }

    /// Fails unless what Greenroom has written says who has asked.
    fn check(&self, upstream: &Upstream) -> io::Result<()> {
        match &self.server {
            Some(server) if self.front == Front::Greenroom => {
                thread::sleep(SETTLE);
                upstream.check_label(server)
            }
            _ => Ok(()),
        }
    }
}
