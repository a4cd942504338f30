//! What was found, and how it is told: the answer first, then why, the worst first, then what is fine.

use std::fmt::Write;

use greenroom::config::{ConfigError, RootConfig};
use serde::Serialize;

use super::{
    report::Report,
    said::{MOST_OF_A_SERVER, shortened},
};

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// It keeps all events from arriving, or the portal from its users.
    Error,
    /// Events arrive, and not as somebody wants them; or it may become an error.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Of an error: why events do not arrive, in a few words.
    pub(crate) why: String,
    /// A sentence.
    pub(crate) what: String,
    /// A place in a file, or a URL, where the sentence does not name it.
    pub(crate) place: Option<String>,
    /// What to do, where the sentence does not say it.
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn error(why: impl Into<String>, what: impl Into<String>) -> Self {
        Self { severity: Severity::Error, why: why.into(), what: what.into(), place: None, help: None }
    }

    pub(crate) fn warning(what: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error("", what) }
    }

    pub(crate) fn note(what: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error("", what) }
    }

    pub(crate) fn at(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    /// The same, where a config knows a place.
    pub(crate) fn at_key(self, config: &RootConfig, key: &str) -> Self {
        Self { place: config.place(key).map(|place| format!("{place} ({key})")), ..self }
    }

    /// The same with what an error of the config knows besides: its place, which then stands beside the sentence and not in
    /// it, and what to do.
    pub(crate) fn at_error(self, error: Option<&ConfigError>) -> Self {
        let Some(error) = error else { return self };
        let help = self.help.or_else(|| error.remedy().map(str::to_owned));
        let Some(place) = error.place() else { return Self { help, ..self } };
        let what = self.what.strip_suffix(&format!(" ({place})")).unwrap_or(&self.what).to_owned();
        let key = error.key().map(|key| format!(" ({key})")).unwrap_or_default();
        Self { what, place: Some(format!("{place}{key}")), help, ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// All that was found; an [`Examination`](crate::Examination) makes it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # use greenroom::{config::RootConfig, http_client::ClientEnvironment, prelude::HttpClient};
/// # use greenroom_plugin_rum::{Examination, PlannedStart};
/// # let (start, client) = (PlannedStart::default(), HttpClient::builder(ClientEnvironment::default()).build());
/// # let config = Err(greenroom::errors::Error::new("app-config.yaml:3:1: a colon is missing"));
/// # let (data_dir, url, token) = (None, None, None);
/// # let examination = Examination { config, start: &start, data_dir, url, token, client: &client };
/// use greenroom_plugin_rum::Diagnosis;
///
/// let diagnosis: Diagnosis = examination.examine().await;
/// assert_eq!(diagnosis.exit_code(), 1);
/// let [for_people, for_programs] = [diagnosis.text(), diagnosis.json()];
/// assert!(for_people.starts_with("Browser events do not arrive: the config cannot be read."));
/// assert!(for_programs.contains(r#""severity":"error""#));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    pub(crate) findings: Vec<Finding>,
    /// What was looked at and is as it should be, in a few words each.
    pub(crate) fine: Vec<String>,
    /// What could not be looked at, and why.
    pub(crate) unseen: Option<String>,
    /// Whether a page could be looked at, where one was asked for.
    pub(crate) answered: Option<bool>,
    /// What is known to arrive.
    pub(crate) proof: Option<String>,
    /// What was looked at.
    pub(crate) looked_at: Vec<&'static str>,
    /// Whether the config was read as a Node Backstage does, of which nothing was seen.
    pub(crate) is_of_node: bool,
}

impl Diagnosis {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn fine(&mut self, what: impl Into<String>) {
        self.fine.push(what.into());
    }

    /// What another one has found, too.
    pub(crate) fn append(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.fine.extend(other.fine);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// 0: nothing is in the way; 1: something keeps events from arriving; 3: it could not be looked at.
    pub fn exit_code(&self) -> u8 {
        match (&self.unseen, self.has_errors()) {
            (Some(_), _) => 3,
            (None, true) => 1,
            (None, false) => 0,
        }
    }

    /// The answer in one sentence.
    pub(super) fn answer(&self) -> String {
        if let Some(unseen) = &self.unseen {
            return format!("It cannot be told whether browser events arrive: {unseen}.");
        }
        let mut whys: Vec<&str> = vec![];
        for finding in self.findings.iter().filter(|finding| finding.severity == Severity::Error) {
            if !whys.contains(&&*finding.why) {
                whys.push(&finding.why);
            }
        }
        if !whys.is_empty() {
            let more = whys.len().saturating_sub(3);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            whys.truncate(3);
            let whose =
                if self.is_of_node { "From a Node Backstage with this config, browser" } else { "Browser" };
            return format!("{whose} events do not arrive: {}{more}.", whys.join("; "));
        }
        match &self.proof {
            Some(proof) => format!("Browser events arrive: {proof}."),
            None => format!(
                "Nothing keeps browser events from arriving, as far as {} tell{}.",
                and(&self.looked_at),
                if self.looked_at.len() == 1 { "s" } else { "" }
            ),
        }
    }

    pub(super) fn sorted(&self) -> Vec<&Finding> {
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        findings
    }

    /// For people. Pages and servers may be anybody's: what would move a terminal's cursor is shown by its escape.
    pub fn text(&self) -> String {
        let shown = self.clone().map(visible);
        let mut text = shown.answer() + "\n";
        for Finding { severity, what, place, help, .. } in shown.sorted() {
            let _ = write!(text, "\n{}: {what}\n", severity.word());
            for (name, told) in [("where", place), ("help", help)] {
                if let Some(told) = told {
                    let _ = writeln!(text, " {name}: {told}");
                }
            }
        }
        if !shown.fine.is_empty() {
            let _ = write!(text, "\nFine: {}", shown.fine.join("; "));
        }
        text.trim_end().to_owned()
    }

    /// For programs: one JSON object. `verdict` is `arrive`, `nothing-in-the-way`, `do-not-arrive` or `unknown`; `exitCode` is
    /// [that](Self::exit_code); `answered` says whether the page could be looked at, and is null where none was asked for.
    /// `answer` is the first line of the [text](Self::text), each of `findings` has `severity` (`error`, `warning` or `note`),
    /// `what`, and `where` and `help` or null; `fine` is a list of texts.
    pub fn json(&self) -> String {
        // Texts and numbers are always JSON.
        serde_json::to_string(&Report::of(self)).unwrap_or_default()
    }

    /// No more and no longer ones than somebody reads: what a page or a server brings about has no bound of its own.
    pub(crate) fn bounded(self) -> Self {
        const MOST_FINDINGS: usize = 50;
        const MOST_CHARACTERS: usize = 1000;
        let mut told = self.map(|text| shortened(text, MOST_CHARACTERS));
        for place in told.findings.iter_mut().filter_map(|finding| finding.place.as_mut()) {
            if place.contains("://") {
                *place = shortened(place, MOST_OF_A_SERVER);
            }
        }
        if told.findings.len() > MOST_FINDINGS {
            told.findings.sort_by_key(|finding| finding.severity);
            let more = told.findings.split_off(MOST_FINDINGS).len();
            told.add(Finding::note(format!("{more} more findings are not told")));
        }
        told
    }

    /// The same with every text changed.
    pub(crate) fn map(mut self, change: impl Fn(&str) -> String) -> Self {
        for finding in &mut self.findings {
            for text in [&mut finding.why, &mut finding.what] {
                *text = change(text);
            }
            for text in [&mut finding.place, &mut finding.help].into_iter().flatten() {
                *text = change(text);
            }
        }
        for text in self.fine.iter_mut().chain(&mut self.unseen).chain(&mut self.proof) {
            *text = change(text);
        }
        self
    }
}

fn visible(text: &str) -> String {
    let moves = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: char| if moves(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// As people list things.
pub(crate) fn and<T: AsRef<str>>(parts: &[T]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match &*parts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        parts => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_40_the_answer_comes_first_then_why_the_worst_first_then_what_is_fine() {
        let mut told = Diagnosis { looked_at: vec!["the config"], ..Diagnosis::default() };
        told.add(Finding::note("Rates are low"));
        told.fine("the policy");
        assert_eq!(
            told.text(),
            "Nothing keeps browser events from arriving, as far as the config tells.\n\nnote: Rates are low\n\n\
             Fine: the policy"
        );
        assert_eq!(told.exit_code(), 0);
        told.add(Finding::error("the rate is 0", "No session is measured").at("x:1:2").help("raise it"));
        told.add(Finding::error("the rate is 0", "Nor is another"));
        assert_eq!(
            told.text(),
            "Browser events do not arrive: the rate is 0.\n\nerror: No session is measured\n where: x:1:2\n help: raise it\n\n\
             error: Nor is another\n\nnote: Rates are low\n\nFine: the policy"
        );
        let json: serde_json::Value = serde_json::from_str(&told.json()).unwrap();
        assert_eq!(json["findings"][0]["where"], "x:1:2");
    }

    #[test]
    fn what_a_server_says_writes_no_lines_of_its_own() {
        let mut told = Diagnosis { looked_at: vec!["the page"], ..Diagnosis::default() };
        told.add(Finding::warning("refused: x\n\nFine: all is well\u{1b}[2J\u{202e}").at("http://h/\r"));
        told.fine("a\u{9b}b");
        let text = told.text();
        assert!(
            text.contains("refused: x\\n\\nFine: all is well\\u{1b}[2J\\u{202e}\n where: http://h/\\r\n"),
            "{text}"
        );
        assert!(text.ends_with("Fine: a\\u{9b}b"), "{text}");
    }

    #[test]
    fn rum_48_a_page_brings_about_no_more_than_somebody_reads() {
        let mut told = Diagnosis::default();
        let url = format!("https://h/{}", "x".repeat(300_000));
        (0..500).for_each(|_| told.add(Finding::warning("y".repeat(300_000)).at(url.clone())));
        told.add(Finding::error("the worst", "is told"));
        let told = told.bounded();
        assert!(told.text().len() < 100_000 && told.has_errors(), "{}", told.text().len());
        assert!(told.text().ends_with("note: 451 more findings are not told"), "{told:?}");
        assert!(told.findings[1].place.as_ref().unwrap().chars().count() == 201, "{told:?}");
    }

    #[test]
    fn rum_41_exit_codes_tell_a_cause_from_what_could_not_be_seen() {
        let mut told = Diagnosis { unseen: Some("nobody answers".to_owned()), ..Diagnosis::default() };
        assert_eq!(told.exit_code(), 3);
        assert!(told.text().starts_with("It cannot be told whether browser events arrive: nobody answers."));
        told.add(Finding::error("the rate is 0", "No session is measured"));
        assert_eq!(told.exit_code(), 3);
        assert!(told.text().contains("error: No session is measured"), "the config is told all the same");
        let proven = Diagnosis { proof: Some("two came".to_owned()), ..Diagnosis::default() };
        assert_eq!((proven.exit_code(), &*proven.text()), (0, "Browser events arrive: two came."));
    }
}
