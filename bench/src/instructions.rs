//! Instructions per operation, counted by callgrind: they are the same on every machine, and need no quiet one.
//!
//! Each is counted twice, with few operations and with many; what start and stop cost is in both, and falls away.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::callgrind::{self, Profile};
use crate::figures::Route;
use crate::lines::LINES;
use crate::process::{Core, Process};
use crate::requests::{CONNECTIONS, Connections};
use crate::server::Server;
use crate::subject::{Places, Subject};

/// How often each connection asks.
const ROUNDS: [u64; 2] = [20, 120];
/// How often a line is logged.
const TIMES: [u64; 2] = [200, 2_200];
/// How long a loop may take, under callgrind.
const LIMIT: Duration = Duration::from_secs(120);
/// The routes, and how many times the floor's instructions we want at most.
const ROUTES: [(Route, &str, f64); 2] =
    [(Route::Readiness, "readiness", 1.3), (Route::Results, "a plugin's route", 1.6)];
/// Functions with less than this part of a request are not told, nor those that are nearly all of it.
const SHARES: std::ops::Range<f64> = 0.03..0.7;
/// Functions of others that say something.
const OTHERS: [&str; 5] =
    ["Http1Transaction>::encode", "Http1Transaction>::parse", "sha1::", "memcpy", "mi_malloc_aligned"];

/// What there is more to do for a request where traces are sent: variables, and what that is called. Nobody takes what is sent.
const TRACED: [(&str, &[(&str, &str)]); 2] = [
    (
        "a trace that is not recorded",
        &[SENT, ("OTEL_METRICS_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")],
    ),
    ("a trace that is recorded", &[SENT, ("OTEL_METRICS_EXPORTER", "none")]),
];
/// No call goes there.
const SENT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://169.254.0.1:4318");

/// A request to a server.
struct Asked {
    /// Instructions.
    each: f64,
    /// Names and costs of functions, what they call included.
    functions: Vec<(String, f64)>,
    /// What can be seen from outside: names of headers, keys of lines.
    seen: BTreeSet<String>,
}

/// Counts everything and returns the tables. `tell` hears each figure as it comes.
pub fn run(places: &Places, mut tell: impl FnMut(&str)) -> io::Result<String> {
    let parent = places.target.join("instructions");
    fs::create_dir_all(&parent)?;
    let scratch = TempDir::new_in(parent)?;
    let mut text = String::from(
        "| request | Greenroom | axum, the same lines and headers | ratio | we aim for |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    let (mut functions, mut of_route) = (String::new(), 0.0);
    for (route, name, aim) in ROUTES {
        let mut of = |subject| {
            let asked = asked(places, subject, route, scratch.path(), &[])?;
            tell(&format!("{}: {name} {:.0}", subject.name(), asked.each));
            Ok::<_, io::Error>(asked)
        };
        let (ours, floor) = (of(Subject::Greenroom)?, of(Subject::AxumSame)?);
        if ours.seen != floor.seen {
            let text = format!("{name}: unlike the floor\n{:?}\n{:?}", ours.seen, floor.seen);
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        of_route = ours.each;
        let ratio = ours.each / floor.each;
        let reached = if ratio <= aim { "" } else { ", not reached" };
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.0} | **{ratio:.2}** | {aim}×{reached} |",
            ours.each, floor.each
        );
        let _ = writeln!(functions, "\n| {name}: function, with what it calls | instructions | share |");
        functions.push_str("| --- | --- | --- |\n");
        for (function, count) in ours.functions {
            let _ = writeln!(functions, "| `{function}` | {count:.0} | {:.0} % |", 100.0 * count / ours.each);
        }
    }
    text.push_str("\n| a plugin's route with | instructions more |\n| --- | --- |\n");
    for (name, variables) in TRACED {
        let each = asked(places, Subject::Greenroom, Route::Results, scratch.path(), variables)?.each;
        tell(&format!("{name}: {:.0} more", each - of_route));
        let _ = writeln!(text, "| {name} | {:.0} |", each - of_route);
    }
    text.push_str("\n| line, written to nowhere | instructions |\n| --- | --- |\n");
    for line in LINES {
        let each = logged(places, line.id, scratch.path())?;
        tell(&format!("{}: {each:.0}", line.id));
        let _ = writeln!(text, "| {} | {each:.0} |", line.name);
    }
    Ok(text + &functions)
}

fn asked(
    places: &Places,
    subject: Subject,
    route: Route,
    scratch: &Path,
    variables: &[(&str, &str)],
) -> io::Result<Asked> {
    let count = |rounds: u64| {
        let out = scratch.join("callgrind.out");
        let server = Server::start_as(places, subject, scratch, |command| {
            let mut command = callgrind::under(&command, &out);
            command.envs(variables.iter().copied());
            command
        })?;
        let mut connections = Connections::open(server.port(), CONNECTIONS)?;
        let answer = connections.ask(route.path(), rounds)?;
        server.stop()?;
        let lines = fs::read_to_string(scratch.join("server.log"))?;
        let of_requests = lines.lines().filter(|line| line.contains("requestId")).map(keys);
        Ok::<_, io::Error>((callgrind::read(&out)?, answer.headers.into_keys().chain(of_requests).collect()))
    };
    let ((few, _), (many, seen)) = (count(ROUNDS[0])?, count(ROUNDS[1])?);
    let times = (ROUNDS[1] - ROUNDS[0]) * CONNECTIONS;
    let each = many.total_each(&few, times);
    Ok(Asked { each, functions: costly(&few, &many, times, each), seen })
}

/// The keys of a line of JSON.
fn keys(line: &str) -> String {
    let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap_or_default();
    line.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Our functions that cost most, and a few others.
fn costly(few: &Profile, many: &Profile, times: u64, all: f64) -> Vec<(String, f64)> {
    let is_told = |name: &str| {
        !name.starts_with("core::")
            && (name.contains("greenroom") || OTHERS.iter().any(|other| name.contains(other)))
    };
    let mut costly: BTreeMap<String, f64> = BTreeMap::new();
    for (name, count) in many.each(few, times) {
        if SHARES.contains(&(count / all)) && is_told(name) {
            let known = costly.entry(short(name)).or_default();
            *known = known.max(count);
        }
    }
    let mut costly: Vec<_> = costly.into_iter().collect();
    costly.sort_by(|a, b| b.1.total_cmp(&a.1));
    costly
}

/// `Child::log` of `<a::Child as b::LoggerService>::log`, `server::serve` of `a::server::serve::{{closure}}`.
fn short(name: &str) -> String {
    let mut plain = String::new();
    let (name, method) = match name.strip_prefix('<').and_then(|name| name.split_once(" as ")) {
        Some((kind, rest)) => (kind, rest.rsplit_once(">::").map_or("", |(_, method)| method)),
        None => (name, ""),
    };
    let mut depth = 0;
    for c in name.chars().chain(if method.is_empty() { "" } else { "::" }.chars()).chain(method.chars()) {
        depth += i32::from(c == '<');
        if depth == 0 {
            plain.push(c);
        }
        depth -= i32::from(c == '>');
    }
    let plain = plain.replace("::{{closure}}", "");
    let words: Vec<_> = plain.split("::").filter(|word| !word.is_empty()).collect();
    words[words.len().saturating_sub(2)..].join("::")
}

fn logged(places: &Places, kind: &str, scratch: &Path) -> io::Result<f64> {
    let count = |times: u64| {
        let out = scratch.join("callgrind.out");
        let mut command = callgrind::under(&places.lines(kind, times), &out);
        command.stdin(Stdio::null()).stdout(File::create(scratch.join("lines.log"))?);
        Process::start(&mut command, Core::Server)?.output(LIMIT)?;
        callgrind::read(&out)
    };
    Ok(count(TIMES[1])?.total_each(&count(TIMES[0])?, TIMES[1] - TIMES[0]))
}

/// What the page says of how it is done.
pub const HOW: &str = "\
Counted by `cargo xtask bench --instructions`, which needs valgrind but no quiet machine: by callgrind, the instructions
of all threads outside of the kernel. Each row is counted with few operations and with many; the difference is told, by
their number. Requests come over 32 connections. The floor parses, names, logs and answers as Greenroom does: the tool
fails unless both have the same headers and lines with the same keys.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_by_their_type_and_name() {
        for (long, told) in [
            (
                "<greenroom_logging::child::Child as greenroom_logging::service::LoggerService>::log",
                "Child::log",
            ),
            ("greenroom_http::server::Inner::answer::{{closure}}", "Inner::answer"),
            (
                "<greenroom_http_server::socket::Socket<S> as tokio::io::AsyncRead>::poll_read",
                "Socket::poll_read",
            ),
            ("<a::Front as b::Serve<T>>::serve::{{closure}}", "Front::serve"),
            ("__memcpy_avx", "__memcpy_avx"),
        ] {
            assert_eq!(short(long), told);
        }
    }
}
