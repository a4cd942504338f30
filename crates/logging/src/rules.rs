//! The level rules: a threshold, and the overrides that go before it.
//!
//! The first override of which every matcher holds decides, whether it loosens or tightens; with none, the threshold
//! does. A child logger judges the rules by its own fields once ([`RuleSet::settle`]) and keeps what is left.

use std::sync::Arc;

use greenroom_errors::Error;
use serde_json::Value;

use crate::{
    Level,
    field::{Field, Fields},
    level::invalid,
    matcher::Matcher,
    value::FieldValue,
};

/// `backend.logger.overrides`, read.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Arc<[Rule]>);

#[derive(Clone, Debug)]
struct Rule {
    matchers: Vec<(Box<str>, Matcher)>,
    level: Level,
}

impl Overrides {
    /// No overrides.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the list as it stands in config: `[{matchers: {<field>: <matcher>}, level}]`.
    ///
    /// ```
    /// use greenroom_logging::Overrides;
    /// use serde_json::json;
    ///
    /// let error = Overrides::parse(&json!([{"matchers": {"plugin": "catalog"}, "level": "loud"}])).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "Invalid config at backend.logger.overrides[0].level, 'loud' is not a valid logging level, \
    ///      must be one of 'error', 'warn', 'info' or 'debug'."
    /// );
    /// ```
    pub fn parse(value: &Value) -> Result<Self, Error> {
        Self::read(value).map_err(|(_, message)| Error::input(message))
    }

    /// As [`parse`](Self::parse); a fault comes with the key that it is at.
    pub(crate) fn read(value: &Value) -> Result<Self, (String, String)> {
        const KEY: &str = "backend.logger.overrides";
        let wrong = |key: String, what: &str| {
            let message = format!("Invalid config at {key}, must be {what}.");
            (key, message)
        };
        let list = match value {
            Value::Null => return Ok(Self::none()),
            Value::Array(list) => list,
            _ => return Err(wrong(KEY.into(), "an array")),
        };
        let rules = list.iter().enumerate().map(|(i, entry)| {
            let found = match entry.get("level") {
                Some(Value::String(text)) => text.clone(),
                other => other.map_or("undefined".to_owned(), ToString::to_string),
            };
            let level = found.parse().map_err(|_| {
                let key = format!("{KEY}[{i}].level");
                let message = invalid(&key, &found);
                (key, message)
            })?;
            let Some(Value::Object(matchers)) = entry.get("matchers") else {
                return Err(wrong(format!("{KEY}[{i}].matchers"), "an object"));
            };
            let matchers = matchers.iter().map(|(k, v)| (k.as_str().into(), Matcher::parse(v))).collect();
            Ok(Rule { matchers, level })
        });
        rules.collect::<Result<Vec<_>, _>>().map(|rules| Self(rules.into()))
    }

    fn mentions(&self, key: &str) -> bool {
        self.0.iter().any(|rule| rule.matchers.iter().any(|(k, _)| **k == *key))
    }
}

/// The rules in force.
#[derive(Debug)]
pub(crate) struct RuleSet {
    pub(crate) generation: u64,
    pub(crate) default: Level,
    pub(crate) overrides: Overrides,
}

/// What is left of the rules once a child's own fields have been judged.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) generation: u64,
    /// The most talkative level that can still pass.
    pub(crate) most: Level,
    /// The rules that depend on the record, in order.
    open: Vec<usize>,
    /// What holds if none of them does.
    fallback: Level,
    /// What holds without any rule.
    default: Level,
    overrides: Overrides,
}

/// What the rules see of one record.
pub(crate) trait Subject {
    /// The value of a top-level field of the line.
    fn field(&self, key: &str) -> Option<FieldValue<'_>>;
    /// The text of the line.
    fn message(&self) -> &str;
    /// Its level.
    fn level(&self) -> Level;
}

impl Rule {
    fn holds(&self, subject: &impl Subject) -> bool {
        self.matchers.iter().all(|(key, matcher)| match &**key {
            "level" => matcher.matches(FieldValue::Str(subject.level().as_str())),
            "message" => matcher.matches(FieldValue::Str(subject.message())),
            key => subject.field(key).is_some_and(|value| matcher.matches(value)),
        })
    }
}

impl RuleSet {
    /// The most talkative level that any record can pass at.
    pub(crate) fn most(&self) -> Level {
        self.overrides.0.iter().map(|rule| rule.level).max().map_or(self.default, |l| l.max(self.default))
    }

    /// Judges the rules by a child's own fields.
    pub(crate) fn settle(&self, fields: &Fields) -> Verdict {
        let (mut open, mut fallback) = (Vec::new(), self.default);
        for (i, rule) in self.overrides.0.iter().enumerate() {
            let judge = |(key, matcher): &(Box<str>, Matcher)| match &**key {
                "level" | "message" => None,
                key => fields.get(key).map(|value| matcher.matches(value)),
            };
            let seen: Vec<_> = rule.matchers.iter().map(judge).collect();
            if seen.contains(&Some(false)) {
                continue;
            }
            if seen.contains(&None) {
                open.push(i);
            } else {
                fallback = rule.level;
                break;
            }
        }
        let most = open.iter().map(|&i| self.overrides.0[i].level).fold(fallback, Level::max);
        let generation = self.generation;
        Verdict { generation, most, open, fallback, default: self.default, overrides: self.overrides.clone() }
    }
}

impl Verdict {
    /// Whether a call with these keys may be judged otherwise, because it sets a field that the child has set too.
    pub(crate) fn unsettled_by(&self, fields: &Fields, key: &str) -> bool {
        !self.overrides.0.is_empty() && self.overrides.mentions(key) && fields.get(key).is_some()
    }

    /// The most talkative level of any rule, settled or not.
    pub(crate) fn most_of_all(&self) -> Level {
        self.overrides.0.iter().map(|rule| rule.level).fold(self.default, Level::max)
    }

    /// Whether the text of the record is needed.
    pub(crate) fn reads_message(&self) -> bool {
        !self.overrides.0.is_empty() && self.overrides.mentions("message")
    }

    /// Whether the record passes.
    pub(crate) fn keeps(&self, own: &Fields, call: &[Field<'_>], subject: &impl Subject) -> bool {
        if self.overrides.0.is_empty() {
            return subject.level() <= self.fallback;
        }
        let first = if call.iter().any(|field| self.unsettled_by(own, field.key)) {
            let found = self.overrides.0.iter().find(|rule| rule.holds(subject));
            found.map_or(self.default, |rule| rule.level)
        } else {
            let found = self.open.iter().map(|&i| &self.overrides.0[i]).find(|rule| rule.holds(subject));
            found.map_or(self.fallback, |rule| rule.level)
        };
        subject.level() <= first
    }
}
