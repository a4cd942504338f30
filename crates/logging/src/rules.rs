//! The level rules: a threshold, and the overrides that go before it.
//!
//! The first override of which every matcher holds decides, whether it loosens or tightens; with none, the threshold
//! does. A child logger judges the rules by its own fields once ([`RuleSet::settle`]) and keeps what is left. Rules are
//! found by a field that they need: those on fields that neither logger nor call has are never looked at.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use greenroom_errors::Error;
use serde_json::Value;

use crate::{Level, field::Fields, level::invalid, matcher::Matcher, value::FieldValue};

/// `backend.logger.overrides`, read.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Arc<Index>);

/// The rules, in order, and how they are found.
#[derive(Debug, Default)]
struct Index {
    rules: Vec<Rule>,
    /// By the first field that a rule needs: the rules, in order.
    by_field: HashMap<Box<str>, Vec<usize>>,
    /// Such fields, those whose rules may be most talkative first.
    by_level: Vec<Found>,
    /// Rules that need no field: on level and message alone.
    by_none: Vec<usize>,
    /// All fields that any rule needs, with a sketch of them that says for most other keys that they are none.
    fields: HashSet<Box<str>>,
    sketch: u64,
    reads_message: bool,
    /// The most talkative level of any rule.
    most: Option<Level>,
}

/// The rules that are found by a field.
#[derive(Debug)]
struct Found {
    field: Box<str>,
    /// The first of them.
    first: usize,
    /// The most talkative level of any.
    most: Level,
}

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
        rules.collect::<Result<_, _>>().map(|rules| Self(Arc::new(Index::new(rules))))
    }
}

/// One of 64 bits for a key.
fn bit(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let [first, last] = [bytes.first(), bytes.last()].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    1 << ((key.len() * 7 + first * 3 + last) % 64)
}

impl Index {
    fn new(rules: Vec<Rule>) -> Self {
        let mut index = Self { most: rules.iter().map(|rule| rule.level).max(), ..Self::default() };
        for (i, rule) in rules.iter().enumerate() {
            index.reads_message |= rule.matchers.iter().any(|(key, _)| &**key == "message");
            let mut needed = rule.matchers.iter().map(|(key, _)| key).filter(|key| !is_on_every_line(key));
            match needed.clone().next() {
                Some(first) => index.by_field.entry(first.clone()).or_default().push(i),
                None => index.by_none.push(i),
            }
            for key in needed.by_ref() {
                index.sketch |= bit(key);
                index.fields.insert(key.clone());
            }
        }
        let found = index.by_field.iter().filter_map(|(field, found)| {
            let most = found.iter().map(|&i| rules[i].level).max()?;
            Some(Found { field: field.clone(), first: *found.first()?, most })
        });
        index.by_level = found.collect();
        index.by_level.sort_unstable_by_key(|found| std::cmp::Reverse(found.most));
        index.rules = rules;
        index
    }

    /// Whether any rule needs the field.
    fn needs(&self, key: &str) -> bool {
        self.sketch & bit(key) != 0 && self.fields.contains(key)
    }

    /// The rules that are found by this field, in order.
    fn of_field(&self, key: &str) -> &[usize] {
        let found = (self.sketch & bit(key) != 0).then(|| self.by_field.get(key)).flatten();
        found.map_or(&[], Vec::as_slice)
    }

    /// The first rule that holds, of those before `end` in these lists.
    fn first<'i>(
        &self,
        lists: impl Iterator<Item = &'i [usize]>,
        end: usize,
        subject: &impl Subject,
    ) -> Option<&Rule> {
        let mut first = end;
        for list in lists {
            let before = list.iter().copied().take_while(|&i| i < first);
            first = before.clone().find(|&i| self.rules[i].holds(subject)).unwrap_or(first);
        }
        self.rules.get(first).filter(|_| first < end)
    }
}

fn is_on_every_line(key: &str) -> bool {
    key == "level" || key == "message"
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
    /// The rules found by the child's fields, or by none, that depend on the record; in order.
    open: Vec<usize>,
    /// The rule that holds by the child's fields alone; how many there are, if none does.
    settled: usize,
    /// What holds if none before that one does.
    fallback: Level,
    /// What holds without any rule.
    default: Level,
    overrides: Overrides,
}

/// What the rules see of one record.
pub(crate) trait Subject {
    /// The value of a top-level field of the line.
    fn field(&self, key: &str) -> Option<FieldValue<'_>>;
    /// The keys of the fields that go before those of the child.
    fn called(&self) -> impl Iterator<Item = &str>;
    /// The keys of the fields that those of the child go before.
    fn added(&self) -> impl Iterator<Item = &str>;
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
        self.overrides.0.most.map_or(self.default, |level| level.max(self.default))
    }

    /// Judges the rules by a child's own fields.
    pub(crate) fn settle(&self, fields: &Fields) -> Verdict {
        let index = &*self.overrides.0;
        let mut found: Vec<usize> = index.by_none.clone();
        fields.keys().for_each(|key| found.extend(index.of_field(key)));
        found.sort_unstable();
        let (mut open, mut settled) = (Vec::new(), index.rules.len());
        for i in found {
            let judge = |(key, matcher): &(Box<str>, Matcher)| match &**key {
                key if is_on_every_line(key) => None,
                key => fields.get(key).map(|value| matcher.matches(value)),
            };
            let seen: Vec<_> = index.rules[i].matchers.iter().map(judge).collect();
            if seen.contains(&Some(false)) {
                continue;
            }
            if seen.contains(&None) {
                open.push(i);
            } else {
                settled = i;
                break;
            }
        }
        let fallback = index.rules.get(settled).map_or(self.default, |rule| rule.level);
        let most = open.iter().map(|&i| index.rules[i].level).fold(fallback, Level::max);
        // A call may bring the fields of all other rules.
        let mut others = index.by_level.iter().take_while(|found| found.most > most);
        let other = others.find(|found| found.first < settled && fields.get(&found.field).is_none());
        let most = other.map_or(most, |found| found.most);
        let (generation, default, overrides) = (self.generation, self.default, self.overrides.clone());
        Verdict { generation, most, open, settled, fallback, default, overrides }
    }
}

impl Verdict {
    /// Whether a call with this key may be judged otherwise, because it sets a field that the child has set too.
    pub(crate) fn unsettled_by(&self, fields: &Fields, key: &str) -> bool {
        self.overrides.0.needs(key) && fields.get(key).is_some()
    }

    /// The most talkative level of any rule, settled or not.
    pub(crate) fn most_of_all(&self) -> Level {
        self.overrides.0.most.map_or(self.default, |level| level.max(self.default))
    }

    /// Whether the text of the record is needed.
    pub(crate) fn reads_message(&self) -> bool {
        self.overrides.0.reads_message
    }

    /// Whether the record passes.
    pub(crate) fn keeps(&self, own: &Fields, subject: &impl Subject) -> bool {
        let index = &*self.overrides.0;
        let brings_one = || subject.called().chain(subject.added()).any(|key| index.needs(key));
        if index.sketch == 0 || !brings_one() {
            let found = index.first([&*self.open].into_iter(), self.settled, subject);
            return subject.level() <= found.map_or(self.fallback, |rule| rule.level);
        }
        let called = || subject.called().chain(subject.added()).map(|key| index.of_field(key));
        let (found, otherwise) = if subject.called().any(|key| self.unsettled_by(own, key)) {
            let all = called().chain(own.keys().map(|key| index.of_field(key))).chain([&*index.by_none]);
            (index.first(all, index.rules.len(), subject), self.default)
        } else {
            (index.first(called().chain([&*self.open]), self.settled, subject), self.fallback)
        };
        subject.level() <= found.map_or(otherwise, |rule| rule.level)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    /// A line with one field, which counts how often it is asked for its keys and for a field.
    #[derive(Default)]
    struct Line {
        keys: Cell<usize>,
        fields: Cell<usize>,
    }

    impl Subject for Line {
        fn field(&self, key: &str) -> Option<FieldValue<'_>> {
            self.fields.update(|count| count + 1);
            (key == "url").then_some(FieldValue::Str("/x"))
        }
        fn called(&self) -> impl Iterator<Item = &str> {
            ["url"].into_iter().inspect(|_| self.keys.update(|count| count + 1))
        }
        fn added(&self) -> impl Iterator<Item = &str> {
            [].into_iter()
        }
        fn message(&self) -> &str {
            "x"
        }
        fn level(&self) -> Level {
            Level::Info
        }
    }

    fn on(field: &str, n: usize, level: &str) -> Value {
        json!({"matchers": {field: format!("v{n}")}, "level": level})
    }

    fn settled(rules: Vec<Value>, own: &Fields) -> Verdict {
        let overrides = Overrides::parse(&rules.into()).unwrap();
        RuleSet { generation: 1, default: Level::Info, overrides }.settle(own)
    }

    #[test]
    fn rules_on_fields_that_a_line_lacks_are_never_looked_at() {
        let looked_at = |rules: Vec<Value>| {
            let verdict = settled(rules, &Fields::new());
            let line = Line::default();
            assert!(verdict.keeps(&Fields::new(), &line));
            (line.keys.get(), line.fields.get())
        };
        // Each key of the line is looked at once, and nothing more.
        assert_eq!(looked_at((0..1_000).map(|n| on("plugin", n, "debug")).collect()), (1, 0));
        assert_eq!(looked_at((0..1_000).map(|n| on(&format!("field{n}"), n, "debug")).collect()), (1, 0));
        assert_eq!(looked_at((0..3).map(|n| on("url", n, "debug")).collect()).1, 3);
        // Without a rule on a field not even that.
        assert_eq!(looked_at(vec![json!({"matchers": {"level": "debug"}, "level": "debug"})]), (0, 0));
    }

    #[test]
    fn a_child_asks_each_field_for_its_most_talkative_level_and_not_each_rule() {
        let rules = |level| (0..1_000).map(move |n| on("url", n, level));
        let verdict = settled(rules("debug").chain([on("task", 1, "silly")]).collect(), &Fields::new());
        assert_eq!((verdict.overrides.0.by_level.len(), verdict.most), (2, Level::Silly));
        let task = crate::fields! { task: "other" };
        assert_eq!(
            settled(rules("debug").chain([on("task", 1, "silly")]).collect(), &task).most,
            Level::Debug
        );
        // What stands behind the rule that holds anyway raises nothing.
        let own = crate::fields! { plugin: "v0" };
        let quiet = [on("plugin", 0, "error")].into_iter().chain(rules("debug"));
        assert_eq!(settled(quiet.collect(), &own).most, Level::Error);
    }
}
