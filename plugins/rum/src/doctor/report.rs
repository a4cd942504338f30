//! What was found, for programs.

use serde::Serialize;

use super::finding::{Diagnosis, Severity};

/// What `rum doctor --json` prints.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    verdict: Verdict,
    exit_code: u8,
    answered: Option<bool>,
    answer: String,
    findings: Vec<Reported<'a>>,
    fine: &'a [String],
}

/// The answer in a word.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// Some are known to have arrived, and nothing keeps the next ones.
    Arrive,
    /// As far as was looked.
    NothingInTheWay,
    DoNotArrive,
    /// The page could not be looked at.
    Unknown,
}

#[derive(Clone, Debug, Serialize)]
struct Reported<'a> {
    severity: Severity,
    what: &'a str,
    r#where: Option<&'a str>,
    help: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(super) fn of(told: &'a Diagnosis) -> Self {
        let verdict = match (told.exit_code(), &told.proof) {
            (0, Some(_)) => Verdict::Arrive,
            (0, None) => Verdict::NothingInTheWay,
            (1, _) => Verdict::DoNotArrive,
            _ => Verdict::Unknown,
        };
        let findings = told.sorted().into_iter().map(|found| Reported {
            severity: found.severity,
            what: &found.what,
            r#where: found.place.as_deref(),
            help: found.help.as_deref(),
        });
        Self {
            verdict,
            exit_code: told.exit_code(),
            answered: told.answered,
            answer: told.answer(),
            findings: findings.collect(),
            fine: &told.fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::Finding;

    #[test]
    fn rum_40_programs_get_the_verdict_the_code_and_whether_the_page_was_seen() {
        let of = |told: &Diagnosis| serde_json::from_str::<Value>(&told.json()).unwrap();
        let mut told = Diagnosis {
            looked_at: vec!["the config"],
            fine: vec!["the policy".to_owned()],
            ..Diagnosis::default()
        };
        told.add(Finding::warning("It is old").at("a.yaml:1:2"));
        assert_eq!(
            of(&told),
            json!({
                "verdict": "nothing-in-the-way",
                "exitCode": 0,
                "answered": null,
                "answer": "Nothing keeps browser events from arriving, as far as the config tells.",
                "findings": [{"severity": "warning", "what": "It is old", "where": "a.yaml:1:2", "help": null}],
                "fine": ["the policy"],
            })
        );
        let verdict = |told: &Diagnosis| (of(told)["verdict"].clone(), of(told)["exitCode"].clone());
        told.proof = Some("two came".to_owned());
        assert_eq!(verdict(&told), (json!("arrive"), json!(0)));
        told.add(Finding::error("it is off", "It is off"));
        assert_eq!(verdict(&told), (json!("do-not-arrive"), json!(1)));
        told.unseen = Some("nobody answers".to_owned());
        assert_eq!(verdict(&told), (json!("unknown"), json!(3)));
    }
}
