//! A front end's files beside nginx, and what its browsers send: taken in turns, in one run.

mod idle;
mod intake;
mod pages;
mod sides;
mod store;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::report::value;
use crate::server::Server;
use crate::subject::Places;
use crate::{Samples, wrk};

use idle::Idle;
use intake::Batch;
use sides::{FILE, Side};

/// How the figures are taken.
pub const HOW: &str = "\
Taken by `cargo xtask bench --portal`, with server and load on a core each, in turns, in one run. CPU is user and system time of
the server's process during a run of wrk with 32 connections, by its completed requests; both write an access log to a file. nginx
is Debian's in one process, with `sendfile` and `tcp_nopush` as its package sets them and connections that are kept for all
requests; its page is the one that Greenroom answers. Nobody asks for compression. What browsers have sent, as it was recorded, goes through the intake to a sink
on this machine, from 32 clients, 640 requests a second; a replay goes unread, so it shows what the way costs without the look. What
is kept goes the same way into SQLite, each request as another visit; beside it the same rows are inserted by prepared statements,
in transactions of as many, and nothing else is done. Pages of operators are asked for twenty times each, uncompressed, over the time
in which 100,000 made events are; twenty streams of the first one stay open, and nothing else is asked. A start ends with the first
readiness 200, and idle memory is that of two seconds later.
";

/// Connections of a load.
const CONNECTIONS: u32 = 32;
const SETTLE: Duration = Duration::from_millis(200);
/// Seconds of load before each load that counts.
const WARM_UP: u64 = 1;
/// How many times nginx's CPU we want at most.
const AIM: f64 = 2.0;
/// How many events we want to keep in a CPU-second at least.
const KEPT: f64 = 10_000.0;

/// How long we want a page of operators to take at most, in milliseconds.
const PAGE: f64 = 50.0;
/// How long we want it to be at most.
const PAGE_BYTES: usize = 150_000;
/// What share of a core we want open pages to take at most, in percent.
const OPEN: f64 = 3.0;

/// What is asked for: its name, its path, and whether browser events are on.
const ASKED: [(&str, &str, bool); 3] = [
    ("a file of 1 MB", FILE, false),
    ("the page", "/catalog", false),
    ("the page, which tells RUM its trace", "/catalog", true),
];

/// Measures everything and returns the tables. `tell` hears each value as it comes.
pub fn run(places: &Places, seconds: u64, rounds: u64, mut tell: impl FnMut(&str)) -> io::Result<String> {
    let parent = places.target.join("portal-bench");
    fs::create_dir_all(&parent)?;
    let scratch = TempDir::new_in(parent)?;
    sides::write_bundle(scratch.path())?;
    let mut text = String::from(
        "| CPU per request, a line to a file (µs) | Greenroom | nginx | Greenroom ÷ nginx | we aim for |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (name, path, with_rum) in ASKED {
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        for _ in 0..rounds {
            sides::copy_page(places, with_rum, scratch.path())?;
            ours.push(loaded(places, Side::Greenroom { with_rum }, path, seconds, scratch.path())?);
            theirs.push(loaded(places, Side::Nginx, path, seconds, scratch.path())?);
            tell(&format!("{name}: {} µs, nginx {} µs", value(Some(&ours)), value(Some(&theirs))));
        }
        let ratio = ours.median().unwrap_or_default() / theirs.median().unwrap_or(f64::NAN);
        let reached = if ratio <= AIM { "" } else { ", not reached" };
        let (ours, theirs) = (value(Some(&ours)), value(Some(&theirs)));
        let _ = writeln!(text, "| {name} | {ours} | {theirs} | **{ratio:.2}** | {AIM}×{reached} |");
    }
    text.push_str(
        "\n| through the intake | events in a request | KiB | CPU per request (µs) | events per CPU-second |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for batch in Batch::recorded(places)? {
        let (mut cpu, mut events) = (Samples::default(), 0);
        for _ in 0..rounds {
            let (each, accepted) = intake::sent(places, &batch, seconds, scratch.path())?;
            cpu.push(each);
            events = accepted;
            tell(&format!("{}: {} µs", batch.name, value(Some(&cpu))));
        }
        let [events, by_second] = match batch.is_read {
            false => ["–".to_owned(), "–".to_owned()],
            true => {
                [events.to_string(), format!("{:.0}", events as f64 * 1e6 / cpu.median().unwrap_or(f64::NAN))]
            }
        };
        let kib = batch.body.len() as f64 / 1024.0;
        let cpu = value(Some(&cpu));
        let _ = writeln!(text, "| {} | {events} | {kib:.1} | {cpu} | {by_second} |", batch.name);
    }
    text.push_str(&stored(places, seconds, rounds, scratch.path(), &mut tell)?);
    text.push_str(&shown(places, seconds, scratch.path(), &mut tell)?);
    text.push_str(&idle(places, rounds, scratch.path(), &mut tell)?);
    Ok(text)
}

/// The table of what is kept.
fn stored(
    places: &Places,
    seconds: u64,
    rounds: u64,
    scratch: &Path,
    tell: &mut impl FnMut(&str),
) -> io::Result<String> {
    let mut text = String::from(
        "\n| an event into SQLite | CPU (µs) | events per CPU-second | inserts alone (µs) | Greenroom ÷ inserts | we aim for |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for batch in Batch::recorded(places)?.iter().filter(|batch| batch.is_read && batch.is_text()) {
        let (mut cpu, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..rounds {
            let kept = store::kept(places, batch, seconds, scratch)?;
            cpu.push(kept.cpu);
            floor.push(kept.floor);
            tell(&format!(
                "{}, kept: {} µs, inserts {} µs",
                batch.name,
                value(Some(&cpu)),
                value(Some(&floor))
            ));
        }
        let (each, bare) = (cpu.median().unwrap_or(f64::NAN), floor.median().unwrap_or(f64::NAN));
        let by_second = 1e6 / each;
        let reached = if by_second >= KEPT { "" } else { ", not reached" };
        let (cpu, floor) = (value(Some(&cpu)), value(Some(&floor)));
        let _ = writeln!(
            text,
            "| {} | {cpu} | {by_second:.0} | {floor} | **{:.2}** | {KEPT} a second{reached} |",
            batch.name,
            each / bare
        );
    }
    Ok(text)
}

/// The table of the pages of operators.
fn shown(places: &Places, seconds: u64, scratch: &Path, tell: &mut impl FnMut(&str)) -> io::Result<String> {
    let measured = pages::measured(places, seconds.max(20), scratch)?;
    let mut text = format!(
        "\n| a page of operators, with {} events | time (ms) | the longest (ms) | KB | we aim for |\n\
         | --- | --- | --- | --- | --- |\n",
        pages::EVENTS
    );
    for page in &measured.pages {
        let longest = page.took.range().map_or(f64::NAN, |(_, longest)| longest);
        let reached = if longest <= PAGE && page.bytes <= PAGE_BYTES { "" } else { ", not reached" };
        let _ = writeln!(
            text,
            "| `{}` | {} | {longest:.1} | {:.0} | {PAGE} ms, {} KB{reached} |",
            page.path,
            value(Some(&page.took)),
            page.bytes as f64 / 1e3,
            PAGE_BYTES / 1000
        );
    }
    let reached = if measured.open <= OPEN { "" } else { ", not reached" };
    let _ = writeln!(
        text,
        "\n{} open pages take {:.1} % of a core; we aim for at most {OPEN} %{reached}.",
        pages::OPEN,
        measured.open
    );
    tell(&text);
    Ok(text)
}

/// The table of what a database costs.
fn idle(places: &Places, rounds: u64, scratch: &Path, tell: &mut impl FnMut(&str)) -> io::Result<String> {
    let data = scratch.join("idle");
    fs::create_dir_all(&data)?;
    let (mut without, mut with) = (Idle::default(), Idle::default());
    for _ in 0..rounds {
        without.look(places, scratch, None)?;
        with.look(places, scratch, Some(&data))?;
    }
    let mut text = String::from(
        "\n| a portal that nobody asks | start (ms) | memory (MiB) | no file's (MiB) |\n| --- | --- | --- | --- |\n",
    );
    for (name, idle) in [("RUM is off", without), ("events are kept in SQLite", with)] {
        let [start, all, own] = [idle.start, idle.all, idle.own].map(|samples| value(Some(&samples)));
        let _ = writeln!(text, "| {name} | {start} | {all} | {own} |");
    }
    tell(&text);
    Ok(text)
}

/// CPU in microseconds by which a request is answered.
fn loaded(places: &Places, side: Side, path: &str, seconds: u64, scratch: &Path) -> io::Result<f64> {
    let server = side.start(places, scratch)?;
    let url = format!("http://127.0.0.1:{}{path}", server.port());
    wrk::run(&url, CONNECTIONS, WARM_UP)?;
    let (used, run) = used_by(&server, || wrk::run(&url, CONNECTIONS, seconds))?;
    server.stop()?;
    Ok(used.as_secs_f64() * 1e6 / run.requests.max(1) as f64)
}

/// CPU time that a server takes for some work, and what came of it.
fn used_by<T>(server: &Server, work: impl FnOnce() -> io::Result<T>) -> io::Result<(Duration, T)> {
    thread::sleep(SETTLE);
    let before = server.cpu()?;
    let done = work()?;
    thread::sleep(SETTLE);
    Ok((server.cpu()? - before, done))
}
