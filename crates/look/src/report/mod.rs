//! What a run has to say, as text and as JSON.

mod text;

use std::time::Duration;

use greenroom_logging::visible;
use serde::Serialize;

use crate::{
    finding::{Class, Finding, Group, Severity},
    mask::Mask,
    target::Target,
    web::Request,
};

/// Why nothing is said of a Backstage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NothingSeen {
    NotReachable(String),
    NotBackstage(String),
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No check has found a problem.
    NothingFound,
    /// Some have.
    Findings,
    /// Something else answers there.
    NotABackstage,
    /// Nobody answers there.
    NotReachable,
}

/// The report of a run.
#[derive(Clone, Debug)]
pub struct Report {
    url: String,
    verdict: Verdict,
    /// Why it is no Backstage, or not reachable.
    reason: Option<String>,
    findings: Vec<(Group, Finding)>,
    made: Vec<Request>,
    took: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    version: u8,
    look: &'static str,
    url: &'a str,
    verdict: Verdict,
    exit_code: u8,
    reason: Option<&'a str>,
    counts: Counts,
    findings: Vec<JsonFinding<'a>>,
    requests: &'a [Request],
    ms: u64,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    group: Group,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// How many findings there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) fail: usize,
    pub(crate) warn: usize,
    pub(crate) ok: usize,
    pub(crate) unknown: usize,
}

impl Report {
    pub(crate) fn of(target: &Target, mut findings: Vec<(Group, Finding)>) -> Self {
        findings.sort_by_key(|(group, _)| Group::ALL.iter().position(|known| known == group));
        let has_problem = findings.iter().any(|(_, finding)| finding.class == Class::Problem);
        let verdict = if has_problem { Verdict::Findings } else { Verdict::NothingFound };
        Self { findings, verdict, ..Self::empty(target) }
    }

    pub(crate) fn nothing(target: &Target, why: NothingSeen) -> Self {
        let (verdict, reason) = match why {
            NothingSeen::NotReachable(why) => (Verdict::NotReachable, why),
            NothingSeen::NotBackstage(why) => (Verdict::NotABackstage, why),
        };
        Self { verdict, reason: Some(reason), ..Self::empty(target) }
    }

    fn empty(target: &Target) -> Self {
        Self {
            url: target.to_string(),
            verdict: Verdict::NothingFound,
            reason: None,
            findings: vec![],
            made: vec![],
            took: Duration::ZERO,
        }
    }

    pub(crate) fn made(self, made: Vec<Request>, took: Duration) -> Self {
        Self { made, took, ..self }
    }

    /// Whatever a check or a request has taken over from a server, it holds no token, no credentials as far as their form shows them, and
    /// no orders for a terminal. Line ends are a snippet's own.
    pub(crate) fn masked(mut self, mask: &Mask) -> Self {
        let hide = |text: &str| {
            let masked = mask.text(text);
            let masked = greenroom_redact::text(&masked);
            masked.split('\n').map(visible).collect::<Vec<_>>().join("\n")
        };
        self.reason = self.reason.as_deref().map(hide);
        self.findings =
            self.findings.into_iter().map(|(group, finding)| (group, finding.map(hide))).collect();
        for request in &mut self.made {
            request.url = hide(&request.url);
            request.error = request.error.as_deref().map(hide);
        }
        self
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// 0 nothing found, 1 findings, 3 no Backstage or not reachable.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::NothingFound => 0,
            Verdict::Findings => 1,
            Verdict::NotABackstage | Verdict::NotReachable => 3,
        }
    }

    /// All requests that were made, in the order in which they began.
    pub fn requests(&self) -> &[Request] {
        &self.made
    }

    /// Whether a check of this name has found a problem.
    pub fn has_problem(&self, id: &str) -> bool {
        self.findings.iter().any(|(_, finding)| finding.id == id && finding.class == Class::Problem)
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, finding) in &self.findings {
            match (finding.class, finding.severity) {
                (Class::Problem, Some(Severity::Fail)) => counts.fail += 1,
                (Class::Problem, _) => counts.warn += 1,
                (Class::Ok, _) => counts.ok += 1,
                (Class::Unknown, _) => counts.unknown += 1,
            }
        }
        counts
    }

    /// For people; with `verbose` each request, too.
    pub fn text(&self, verbose: bool) -> String {
        text::text(self, verbose)
    }

    /// For programs; `docs/look.md` says what stands where.
    pub fn json(&self) -> String {
        let findings = self.findings.iter().map(|(group, finding)| JsonFinding { group: *group, finding });
        let json = Json {
            version: 1,
            look: env!("CARGO_PKG_VERSION"),
            url: &self.url,
            verdict: self.verdict,
            exit_code: self.exit_code(),
            reason: self.reason.as_deref(),
            counts: self.counts(),
            findings: findings.collect(),
            requests: &self.made,
            ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        };
        // It holds texts and numbers only.
        serde_json::to_string_pretty(&json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn target() -> Target {
        "https://p.example".parse().unwrap()
    }

    fn report(findings: Vec<Finding>) -> Report {
        Report::of(&target(), findings.into_iter().map(|finding| (Group::Browser, finding)).collect())
    }

    #[test]
    fn a_problem_makes_findings_of_a_run_and_what_is_unknown_does_not() {
        let quiet = report(vec![Finding::ok("a", "A"), Finding::unknown("b", "B")]);
        assert_eq!((quiet.verdict(), quiet.exit_code()), (Verdict::NothingFound, 0));
        let found = report(vec![Finding::ok("a", "A"), Finding::warn("b", "B")]);
        assert_eq!((found.verdict(), found.exit_code()), (Verdict::Findings, 1));
        assert!(found.has_problem("b") && !found.has_problem("a"));
    }

    #[test]
    fn the_json_has_the_documented_shape() {
        let found = report(vec![Finding::fail("a", "A").why("W").change("C").source("https://s.example")]);
        let told: Value = serde_json::from_str(&found.json()).unwrap();
        assert_eq!(
            told,
            json!({
                "version": 1, "look": env!("CARGO_PKG_VERSION"), "url": "https://p.example", "verdict": "findings",
                "exitCode": 1, "reason": null, "counts": {"fail": 1, "warn": 0, "ok": 0, "unknown": 0},
                "findings": [{"group": "browser", "id": "a", "class": "problem", "severity": "fail", "observed": "A",
                    "why": "W", "change": "C", "source": "https://s.example"}],
                "requests": [], "ms": 0,
            })
        );
    }

    #[test]
    fn a_token_that_a_server_repeats_is_hidden() {
        let found = report(vec![Finding::warn("a", "it said tokentoken").why("tokentoken")]);
        let told = found.masked(&Mask::of(Some("tokentoken")));
        assert!(!told.json().contains("tokentoken") && !told.text(true).contains("tokentoken"));
    }

    #[test]
    fn what_a_check_forgets_is_hidden_and_a_snippet_stays() {
        let finding = Finding::warn("a", "at https://h/?token=abc \u{1b}[2J\u{9b}\u{202e}")
            .why("of postgres://me:pw@db")
            .change("Set\nbackend:\n  x: 1");
        let request = Request {
            method: "GET".to_owned(),
            url: "https://p.example/a.js?sig=abc\u{202e}".to_owned(),
            with_token: false,
            status: None,
            error: Some("\u{1b}c".to_owned()),
            bytes: 0,
            ms: 0,
        };
        let told = report(vec![finding]).made(vec![request], Duration::ZERO).masked(&Mask::default());
        for text in [told.text(true), told.json()] {
            assert!(!text.contains("abc") && !text.contains("me:pw"), "{text}");
            assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        }
        assert!(
            told.text(false).contains("do: Set\n           backend:\n             x: 1\n"),
            "{}",
            told.text(false)
        );
    }
}
