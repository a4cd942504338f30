//! Carries out a plan: prints it, installs, runs each command with its output shown as it comes, and counts.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{self, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::needs::Need;
use crate::plan::{Action, Options, Planned, absent, decide};
use crate::suites::{Command, Reads, SUITES, Suite};
use crate::tally::{self, Skipped, Tally};

/// `cargo xtask test`
pub(crate) fn test(options: &Options) -> ExitCode {
    let plan = decide(SUITES, options, Need::is_met);
    println!("plan:");
    for planned in &plan {
        println!("  {planned}");
    }
    let mut times = Vec::new();
    let timed = |planned: Planned| {
        let (name, began) = (planned.suite.name, Instant::now());
        let tally = carry_out(planned, options.filter.as_deref());
        times.push((name, began.elapsed()));
        tally
    };
    match done(plan, options, timed) {
        None => {
            println!("\nNothing was done: give --yes to install what is missing and to run all this.");
            ExitCode::SUCCESS
        }
        Some(total) => {
            println!("\n{}\n{total}", told(&times));
            if total.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

/// How long each suite took, with what it had installed and built.
fn told(times: &[(&str, Duration)]) -> String {
    let line = |name: &str, time: Duration| format!("{:>5} s  {name}\n", time.as_secs());
    let lines: String = times.iter().map(|&(name, time)| line(name, time)).collect();
    lines + &line("in all", times.iter().map(|&(_, time)| time).sum())
}

/// What came of a plan; nothing is done without consent.
fn done(plan: Vec<Planned>, options: &Options, mut carry_out: impl FnMut(Planned) -> Tally) -> Option<Tally> {
    options.yes.then(|| {
        let mut total = Tally::default();
        plan.into_iter().for_each(|planned| total.add(carry_out(planned)));
        total
    })
}

fn carry_out(planned: Planned, filter: Option<&str>) -> Tally {
    let Planned { suite, action } = planned;
    println!("\n== {} ==", suite.name);
    let action = match action {
        Action::Install(missing) => {
            let failed: Vec<_> = missing.into_iter().filter(|need| !need.get()).collect();
            if failed.is_empty() { Action::Run } else { suite.without(failed) }
        }
        decided => decided,
    };
    match (action, &suite.otherwise) {
        (Action::Skip(missing), _) => Tally::of_skipped(suite.name, absent(&missing)),
        (Action::Otherwise(_), Some(command)) => execute(suite, command, filter),
        _ => execute(suite, &suite.command, filter),
    }
}

fn execute(suite: &Suite, command: &Command, filter: Option<&str>) -> Tally {
    let (succeeded, output) = cargo(&command.line(filter), Show::Yes);
    let mut tally = match command.reads {
        Reads::Status => Tally::of_check(suite.name, succeeded),
        Reads::Libtest => tally::libtest(&output).explain_status(suite.name, succeeded),
        Reads::Nextest => {
            let mut tally = tally::nextest(&output, filter).explain_status(suite.name, succeeded);
            tell_reasons(suite, &mut tally.skipped);
            tally
        }
    };
    tally.skipped.retain(|skipped| !skipped.reason.contains(ELSEWHERE));
    tally
}

/// Fills in why tests were skipped. Only libtest tells, and it does so without running them when asked for them by name.
fn tell_reasons(suite: &Suite, skipped: &mut [Skipped]) {
    let Some(command) = suite.otherwise.as_ref().filter(|_| !skipped.is_empty()) else { return };
    let mut line = command.line(None);
    line.extend(["--".to_owned(), "--exact".to_owned()]);
    line.extend(skipped.iter().map(|skipped| test_of(&skipped.name).to_owned()));
    let (_, output) = cargo(&line, Show::No);
    let known = tally::libtest(&output).skipped;
    for skipped in skipped {
        if let Some(known) = known.iter().find(|known| known.name == test_of(&skipped.name)) {
            skipped.reason.clone_from(&known.reason);
        }
    }
}

/// What a test says that only another suite runs.
const ELSEWHERE: &str = "`cargo xtask test` runs it";

/// The test's own name, without its binary's.
fn test_of(name: &str) -> &str {
    name.split_once(' ').map_or(name, |(_, test)| test)
}

/// Whether a command's output is for the person too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Yes,
    No,
}

/// Runs cargo in the workspace; whether it succeeded, and all it printed.
fn cargo(arguments: &[String], show: Show) -> (bool, String) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = process::Command::new("cargo");
    command.args(arguments).current_dir(workspace).env("CARGO_TERM_COLOR", "never");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return (false, format!("cannot start cargo: {error}\n")),
    };
    let (sender, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|s| Box::new(s) as _), child.stderr.take().map(|s| Box::new(s) as _)];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        #[expect(clippy::disallowed_methods, reason = "it runs cargo and knows nothing of the code")]
        thread::spawn(move || forward(stream, &sender));
    }
    drop(sender);
    let mut output = String::new();
    for line in lines {
        if show == Show::Yes {
            println!("{line}");
        }
        output.push_str(&line);
        output.push('\n');
    }
    (child.wait().is_ok_and(|status| status.success()), output)
}

fn forward(stream: impl Read, lines: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        if lines.send(text).is_err() {
            return;
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_is_told_with_its_time_and_all_with_theirs() {
        let times = [("lints", Duration::from_millis(61_900)), ("doctests", Duration::from_secs(9))];
        assert_eq!(told(&times), "   61 s  lints\n    9 s  doctests\n   70 s  in all\n");
    }

    #[test]
    fn a_plan_is_only_told_unless_one_consents() {
        for yes in [false, true] {
            let options = Options { yes, filter: None };
            let plan = decide(SUITES, &options, |_| true);
            let mut names = Vec::new();
            let total = done(plan, &options, |planned| {
                names.push(planned.suite.name);
                Tally::of_check(planned.suite.name, true)
            });
            assert_eq!(names.len(), if yes { SUITES.len() } else { 0 }, "{names:?}");
            assert_eq!(total.map(|total| total.passed), yes.then_some(SUITES.len()));
        }
    }
}
