//! The load generator: wrk, one thread on its own core.

use std::io::{self, ErrorKind};
use std::process::Stdio;
use std::time::Duration;

use crate::process::{Core, Process};

/// What a run of wrk told.
#[derive(Debug, PartialEq)]
pub struct Run {
    /// Completed requests.
    pub requests: u64,
    /// The 99th percentile of latency, in milliseconds.
    pub p99: f64,
    /// Requests that were not answered in time.
    pub timeouts: u64,
}

/// The arguments of a run.
pub fn arguments(url: &str, connections: u32, seconds: u64) -> Vec<String> {
    let (connections, seconds) = (format!("-c{connections}"), format!("-d{seconds}s"));
    ["-t1", &connections, &seconds, "--latency", url].map(str::to_owned).to_vec()
}

/// Asks for `url` for so long.
pub fn run(url: &str, connections: u32, seconds: u64) -> io::Result<Run> {
    run_with(&[], url, connections, seconds)
}

/// The same with these headers.
pub fn run_with(headers: &[String], url: &str, connections: u32, seconds: u64) -> io::Result<Run> {
    let mut command = std::process::Command::new("wrk");
    command.args(headers.iter().flat_map(|header| ["-H", header]));
    command.args(arguments(url, connections, seconds)).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut wrk = Process::start(&mut command, Core::Load)?;
    let output = wrk.output(Duration::from_secs(seconds + 20))?;
    parse(&output).map_err(|text| io::Error::new(ErrorKind::InvalidData, format!("{url}: {text}")))
}

/// Reads what wrk prints. Answers of another status and broken connections make the run worthless: that is an error.
fn parse(output: &str) -> Result<Run, String> {
    let line = |text: &str| output.lines().map(str::trim).find(|line| line.contains(text));
    if let Some(line) = line("Non-2xx or 3xx responses:") {
        return Err(line.to_owned());
    }
    let mut timeouts = 0;
    if let Some(line) = line("Socket errors:") {
        let counts: Vec<u64> =
            line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
        let [0, 0, 0, late] = counts[..] else { return Err(line.to_owned()) };
        timeouts = late;
    }
    let unread = || format!("wrk printed something else than expected:\n{output}");
    let requests = line(" requests in ").and_then(|line| line.split(' ').next()?.parse().ok());
    let p99 = line("99%").and_then(|line| milliseconds(line.split_whitespace().nth(1)?));
    Ok(Run { requests: requests.ok_or_else(unread)?, p99: p99.ok_or_else(unread)?, timeouts })
}

/// `123.00us`, `3.07ms`, `1.20s`, `1.50m`
fn milliseconds(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 4] = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    UNITS.iter().find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
Running 5s test @ http://127.0.0.1:17043/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.31ms    1.02ms  21.09ms   96.12%
    Req/Sec     9.31k     0.88k   10.12k    86.00%
  Latency Distribution
     50%    3.24ms
     75%    3.45ms
     90%    3.71ms
     99%    7.48ms
  46360 requests in 5.00s, 41.03MB read
Requests/sec:   9271.31
Transfer/sec:      8.21MB
";

    #[test]
    fn requests_and_the_percentile_are_read() {
        assert_eq!(parse(OUTPUT), Ok(Run { requests: 46360, p99: 7.48, timeouts: 0 }));
    }

    #[test]
    fn late_answers_are_counted_and_broken_ones_refused() {
        let with = |line: &str| OUTPUT.replace("Requests/sec", &format!("  {line}\nRequests/sec"));
        let late = with("Socket errors: connect 0, read 0, write 0, timeout 12");
        assert_eq!(parse(&late).map(|run| run.timeouts), Ok(12));
        for broken in
            ["Socket errors: connect 0, read 3, write 0, timeout 0", "Non-2xx or 3xx responses: 46360"]
        {
            assert_eq!(parse(&with(broken)), Err(broken.to_owned()));
        }
        assert!(parse("unable to connect").is_err());
    }

    #[test]
    fn each_unit_of_wrk_is_known() {
        let read = ["123.00us", "3.07ms", "1.20s", "1.50m", "x"].map(milliseconds);
        assert_eq!(read, [Some(0.123), Some(3.07), Some(1200.0), Some(90_000.0), None]);
    }
}
