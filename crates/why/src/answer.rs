//! The answer: one sentence for people, the same in parts for programs.

use greenroom_logging::visible_json;
use jiff::Timestamp;
use serde::Serialize;

use crate::{ask::Request, words};

/// What is to be said of a Backstage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing is wrong, as far as can be seen.
    Well,
    /// Something is wrong.
    Wrong,
    /// It cannot be reached, or what answers is no Backstage.
    Unreachable,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word for programs, such as `databaseDown`.
    pub cause: &'static str,
    /// What is wrong, as the beginning of a sentence.
    pub what: String,
    /// Since when, where that is known.
    #[serde(with = "words::moment")]
    pub since: Option<Timestamp>,
    /// Whom it hits, where that is known: the end of "which hits …".
    pub hits: Option<String>,
    /// What to do next, as the end of a sentence.
    pub next: String,
}

impl Finding {
    pub(crate) fn new(cause: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { cause, what: what.into(), since: None, hits: None, next: next.into() }
    }

    pub(crate) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    pub(crate) fn hits(mut self, whom: impl Into<String>) -> Self {
        self.hits = Some(whom.into());
        self
    }

    /// All of it in one sentence.
    fn sentence(&self, now: Timestamp) -> String {
        let mut text = self.what.trim_end_matches(['.', ' ']).to_owned();
        if let Some(since) = self.since {
            text.push_str(&format!(", since {}", words::when(since, now)));
        }
        if let Some(hits) = &self.hits {
            text.push_str(&format!(", which hits {hits}"));
        }
        format!("{text}: {}.", self.next)
    }
}

/// Why nothing can be told, in a sentence: nobody answers, it is no Backstage, or it refuses the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold(pub String);

/// The answer of a run.
#[derive(Clone, Debug)]
pub struct Answer {
    verdict: Verdict,
    sentence: String,
    found: Vec<Finding>,
    requests: Vec<Request>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    verdict: Verdict,
    sentence: &'a str,
    cause: Option<&'static str>,
    found: &'a [Finding],
    requests: &'a [Request],
}

impl Answer {
    /// The first one found is the sentence; `unreachable` tells whether it is why nothing more is known.
    pub(crate) fn of(found: Vec<Finding>, unreachable: bool, now: Timestamp) -> Option<Self> {
        let sentence = found.first()?.sentence(now);
        let verdict = if unreachable { Verdict::Unreachable } else { Verdict::Wrong };
        Some(Self { verdict, sentence, found, requests: vec![] })
    }

    pub(crate) fn well(sentence: String) -> Self {
        Self { verdict: Verdict::Well, sentence, found: vec![], requests: vec![] }
    }

    /// The same in which each text of others is masked, and holds no control characters.
    pub(crate) fn masked(mut self, mask: impl Fn(&str) -> String) -> Self {
        self.sentence = mask(&self.sentence);
        for finding in &mut self.found {
            let hits = finding.hits.as_mut();
            for text in [&mut finding.what, &mut finding.next].into_iter().chain(hits) {
                *text = mask(text);
            }
        }
        self
    }

    pub(crate) fn made(mut self, requests: Vec<Request>) -> Self {
        self.requests = requests;
        self
    }

    /// What is to be said.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// It in one sentence.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// What is wrong, the most telling first; none where nothing is.
    pub fn found(&self) -> &[Finding] {
        &self.found
    }

    /// The requests that were made.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// 0 well, 1 something is wrong, 3 not reachable or no Backstage.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Well => 0,
            Verdict::Wrong => 1,
            Verdict::Unreachable => 3,
        }
    }

    /// As JSON.
    pub fn json(&self) -> String {
        let Self { verdict, sentence, found, requests } = self;
        let cause = found.first().map(|first| first.cause);
        let shown = Shown { verdict: *verdict, sentence, cause, found, requests };
        visible_json(&serde_json::to_string_pretty(&shown).unwrap_or_default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_sentence_with_since_when_whom_it_hits_and_what_to_do() {
        let now: Timestamp = "2026-12-01T10:04:00Z".parse().unwrap();
        let found = Finding::new("databaseDown", "PostgreSQL at db:5432 refuses connections", "start it")
            .since("2026-12-01T10:00:00Z".parse().ok())
            .hits("the plugins 'catalog' and 'search'");
        let answer = Answer::of(vec![found], false, now).unwrap();
        assert_eq!(
            answer.sentence(),
            "PostgreSQL at db:5432 refuses connections, since 10:00:00 UTC (4 min ago), which hits the plugins 'catalog' and \
             'search': start it."
        );
        assert_eq!(answer.exit_code(), 1);
        let json: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
        assert_eq!((&json["verdict"], &json["cause"]), (&"wrong".into(), &"databaseDown".into()));
    }
}
