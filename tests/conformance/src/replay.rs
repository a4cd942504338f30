//! Runs a scenario: starts its backend, takes its steps and reports on each recording.

use std::fmt;
use std::io;

use crate::backend::{Backend, Launch};
use crate::client::{Client, Held};
use crate::compare::{Difference, compare};
use crate::scenarios::{Scenario, Step, ignored_headers};
use crate::score::Count;
use crate::transcript::{Request, Transcript};
use crate::version::Version;
use crate::wire::Outcome;

/// What came of a scenario.
#[derive(Debug)]
pub struct Report {
    scenario: &'static str,
    /// What came of each recording.
    pub cases: Vec<Case>,
    /// The step that could not be taken; those after it were not tried.
    pub broken: Option<String>,
    output: String,
}

/// What came of one recording.
#[derive(Debug)]
pub struct Case {
    /// The recording's name.
    pub transcript: String,
    /// All that differs from it.
    pub differences: Vec<Difference>,
    /// What was received in its place, unless the exchange failed.
    pub received: Option<Outcome<Vec<u8>>>,
}

impl Report {
    /// How many recordings were repeated, and how.
    pub fn count(&self) -> Count {
        let unexplained = self.cases.iter().filter(|case| !case.differences.is_empty()).count();
        let declared = |case: &&Case| !ignored_headers(&case.transcript).is_empty();
        let deviating = self.cases.iter().filter(declared).filter(|case| case.differences.is_empty()).count();
        Count { compared: self.cases.len(), deviating, unexplained }
    }

    /// Every recording was repeated without a difference and every step was taken.
    pub fn is_ok(&self) -> bool {
        self.broken.is_none() && self.cases.iter().all(|case| case.differences.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equal = self.cases.iter().filter(|case| case.differences.is_empty()).count();
        writeln!(f, "scenario {}: {equal} of {} recordings repeated", self.scenario, self.cases.len())?;
        for case in &self.cases {
            let verdict = if case.differences.is_empty() { "same" } else { "DIFFERS" };
            writeln!(f, "{verdict:>8} {}", case.transcript)?;
            for difference in &case.differences {
                writeln!(f, "{}", indented(difference))?;
            }
        }
        if let Some(broken) = &self.broken {
            writeln!(f, "  BROKEN {broken}")?;
        }
        if !self.is_ok() {
            writeln!(f, "the backend printed:\n{}", indented(&last_lines(&self.output)))?;
        }
        Ok(())
    }
}

fn indented(text: &impl ToString) -> String {
    text.to_string().lines().map(|line| format!("           {line}")).collect::<Vec<_>>().join("\n")
}

/// The end of an output, without the lines about our own polling.
fn last_lines(output: &str) -> String {
    const KEPT: usize = 40;
    let mut lines: Vec<&str> =
        output.lines().filter(|line| !line.contains("\"poll\"")).rev().take(KEPT).collect();
    lines.reverse();
    lines.join("\n")
}

/// Starts the backend of a scenario and takes its steps, against what a version of Node answered.
pub async fn run(launch: &Launch, scenario: &Scenario, version: Version) -> Report {
    let mut report =
        Report { scenario: scenario.name, cases: Vec::new(), broken: None, output: String::new() };
    match Backend::start(launch, scenario).await {
        Ok(mut backend) => {
            let mut held = None;
            for step in scenario.steps {
                if let Err(error) = take(step, &mut backend, &mut held, version, &mut report.cases).await {
                    report.broken = Some(format!("{step:?}: {error}"));
                    break;
                }
            }
            report.output = backend.output();
        }
        Err(error) => report.broken = Some(format!("start: {error}")),
    }
    report
}

async fn take(
    step: &Step,
    backend: &mut Backend,
    held: &mut Option<Held>,
    version: Version,
    cases: &mut Vec<Case>,
) -> io::Result<()> {
    match *step {
        Step::Replay(names) => {
            for name in names {
                cases.push(replay(backend.client(), &Transcript::load(version, name).await?).await);
            }
            Ok(())
        }
        Step::AwaitStatus(path, status) => backend.await_status(path, status).await,
        Step::AwaitLine(text) => backend.await_line(text).await,
        Step::AwaitRefused => backend.await_refused().await,
        Step::Hold(path) => {
            *held = Some(backend.client().hold(&Request::get(path)).await?);
            Ok(())
        }
        Step::HoldReplay(name) => {
            let request = Transcript::load(version, name).await?.request;
            let begun = backend.client().hold(&request).await?;
            begun.begins().await?;
            *held = Some(begun);
            Ok(())
        }
        Step::HeldReplays(name) => {
            let held = held.take().ok_or_else(|| io::Error::other("no request is in flight"))?;
            cases.push(verdict(&Transcript::load(version, name).await?, held.finish().await));
            Ok(())
        }
        Step::HeldAnswers(expected) => {
            let held = held.take().ok_or_else(|| io::Error::other("no request is in flight"))?;
            match held.finish().await? {
                Outcome::Answered(answers) if answers.iter().any(|a| a.head.status == expected && !a.cut) => {
                    Ok(())
                }
                other => Err(io::Error::other(format!("the request in flight: {other:?}"))),
            }
        }
        Step::Terminate => backend.terminate(),
        Step::Exit(expected) => match backend.exit().await? {
            Some(code) if code == expected => Ok(()),
            other => Err(io::Error::other(format!("exit code {other:?}"))),
        },
    }
}

/// Sends a recorded request and lists what differs from its recorded answer.
pub async fn replay(client: Client, transcript: &Transcript) -> Case {
    verdict(transcript, client.exchange(&transcript.request).await)
}

fn verdict(transcript: &Transcript, received: io::Result<Outcome<Vec<u8>>>) -> Case {
    let name = transcript.name.clone();
    match received {
        Ok(received) => {
            let differences = compare(&transcript.recorded, &received, ignored_headers(&transcript.name));
            Case { transcript: name, differences, received: Some(received) }
        }
        Err(error) => {
            let what = "exchange".to_owned();
            let failed = Difference { what, recorded: None, received: Some(error.to_string()) };
            Case { transcript: name, differences: vec![failed], received: None }
        }
    }
}
