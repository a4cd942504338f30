//! The report for people: groups, one block for each finding, the answer last. It says nothing by colour.

use std::fmt::Write;

use super::{Counts, Report, Verdict};
use crate::{
    finding::{Class, Finding, Group, Severity},
    seen::{many, said},
};

/// How long a line is.
const WIDTH: usize = 100;

/// What stands before a finding's words.
const INDENT: usize = 9;

pub(super) fn text(report: &Report, verbose: bool) -> String {
    let mut out = String::new();
    for group in Group::ALL {
        let found: Vec<_> = report.findings.iter().filter(|(of, _)| *of == group).collect();
        if found.is_empty() {
            continue;
        }
        out.push_str(group.title());
        out.push('\n');
        for (_, finding) in found {
            block(&mut out, finding);
        }
        out.push('\n');
    }
    requests(&mut out, report, verbose);
    status(&mut out, report);
    out
}

fn mark(finding: &Finding) -> &'static str {
    match (finding.class, finding.severity) {
        (Class::Problem, Some(Severity::Fail)) => "[fail]",
        (Class::Problem, _) => "[warn]",
        (Class::Ok, _) => "[ok]",
        (Class::Unknown, _) => "[?]",
    }
}

fn block(out: &mut String, finding: &Finding) {
    wrapped(out, &format!("  {:<7}", mark(finding)), &format!("{} ({})", finding.observed, finding.id));
    let more = [("why: ", &finding.why), ("do: ", &finding.change)];
    for (name, text) in more.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
        wrapped(out, &" ".repeat(INDENT), &format!("{name}{text}"));
    }
    if let Some(source) = finding.source {
        let _ = writeln!(out, "{}see: {source}", " ".repeat(INDENT));
    }
}

/// Words in lines that are not too long; a line break of the text stays one, and what stands behind it is a snippet, as it is.
fn wrapped(out: &mut String, first: &str, text: &str) {
    let mut lines = text.split('\n');
    let mut line = first.to_owned();
    for word in lines.next().unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        if line.len() > INDENT && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(INDENT);
        }
        if line.len() > INDENT {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out.push('\n');
    for snippet in lines {
        let _ = writeln!(out, "{}  {snippet}", " ".repeat(INDENT));
    }
}

fn requests(out: &mut String, report: &Report, verbose: bool) {
    let seconds = report.took.as_secs_f64();
    let count = report.made.len();
    let _ = write!(out, "{} to {} in {seconds:.1} s", many(count, "request"), report.url);
    if !verbose {
        out.push_str(if count == 0 { "\n\n" } else { "; --verbose names them\n\n" });
        return;
    }
    out.push_str(":\n");
    for request in &report.made {
        let token = if request.with_token { ", with the token" } else { "" };
        let came = match (request.status, &request.error) {
            (Some(status), _) => format!("{status}, {}, {} ms", many(request.bytes, "byte"), request.ms),
            (None, Some(error)) => said(error),
            (None, None) => "given up".to_owned(),
        };
        let _ = writeln!(out, "  {} {}: {came}{token}", request.method, said(&request.url));
    }
    out.push('\n');
}

fn status(out: &mut String, report: &Report) {
    let Counts { fail, warn, ok, unknown } = report.counts();
    let reason = report.reason.as_deref().unwrap_or_default();
    let url = &report.url;
    let _ = match report.verdict {
        Verdict::NotReachable => write!(out, "Status: {url} is not reachable: {reason}"),
        Verdict::NotABackstage => write!(out, "Status: {url} is not a Backstage: {reason}"),
        Verdict::NothingFound => {
            write!(out, "Status: nothing found ({ok} ok, {unknown} cannot be known from outside)")
        }
        Verdict::Findings => {
            let (failures, warnings) = (many(fail, "failure"), many(warn, "warning"));
            write!(out, "Status: {failures}, {warnings} ({ok} ok, {unknown} cannot be known from outside)")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::NothingSeen;

    #[test]
    fn a_report_is_read_from_the_groups_to_the_answer() {
        let long = "word ".repeat(30);
        let finding = Finding::fail("an-id", long.trim())
            .why("Because")
            .change("Set\n  backend:\n    x: 1")
            .source("https://s.example");
        let told = Report::of(
            &"https://p.example".parse().unwrap(),
            vec![(Group::Exposure, finding), (Group::Reachability, Finding::ok("b", "Fine"))],
        );
        let lines = told.text(false);
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines[..2], ["Reachability", "  [ok]   Fine (b)"]);
        assert_eq!(lines[3], "Exposure");
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{lines:#?}");
        assert!(lines.contains(&"         do: Set") && lines.contains(&"               x: 1"), "{lines:#?}");
        assert_eq!(
            lines.last(),
            Some(&"Status: 1 failure, 0 warnings (1 ok, 0 cannot be known from outside)")
        );
    }

    #[test]
    fn what_is_no_backstage_is_said_in_one_line() {
        let why = NothingSeen::NotBackstage("it is a shop".to_owned());
        let told = Report::nothing(&"https://p.example".parse().unwrap(), why).text(false);
        assert!(told.ends_with("Status: https://p.example is not a Backstage: it is a shop"), "{told}");
    }
}
