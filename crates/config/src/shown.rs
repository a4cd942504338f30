//! The configuration as people may see it: every value with its place, secrets hidden.
//!
//! Must not know what is hidden: `secret` says it.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::{
    Place, RootConfig,
    key::{self, Step},
    pattern::VisibilityRules,
    secret,
    value::{Node, Value, in_js_order},
};

/// What stands for a hidden value; Backstage's own command line writes the same.
const HIDDEN: &str = "<secret>";

/// A value of the merged configuration, as people may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// What it is, without what is secret.
    pub value: ShownValue,
    /// Where it was written.
    pub place: Place,
    /// Whether something of it is hidden.
    pub is_masked: bool,
}

/// JSON's kinds, with objects in JavaScript's order.
#[derive(Clone, Debug, PartialEq)]
pub enum ShownValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A string, which may be `<secret>`.
    String(String),
    /// An array.
    Array(Vec<Shown>),
    /// An object. Also a key may be a URL; those that look alike without their credentials are numbered.
    Object(Vec<(String, Shown)>),
}

impl RootConfig {
    /// The merged configuration, secrets hidden; `None` where there is nothing.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("app:\n  title: Ours\n  apiToken: hunter2hunter2\n").unwrap();
    /// let shown = config.shown().unwrap();
    /// let lines = shown.values().map(|(key, shown)| format!("{key} {} {}", shown.to_json(), shown.place.line));
    /// assert_eq!(lines.collect::<Vec<_>>(), ["app.title \"Ours\" 2", "app.apiToken \"<secret>\" 3"]);
    /// ```
    pub fn shown(&self) -> Option<Shown> {
        let snapshot = self.snapshot();
        let root = snapshot.merged()?;
        Some(Shown::of(&root, &mut Vec::new(), Some(&snapshot.declared)))
    }
}

impl Shown {
    /// Everything as it is.
    pub(crate) fn all(root: &Node) -> Self {
        Self::of(root, &mut Vec::new(), None)
    }

    /// Without a declaration nothing is hidden.
    fn of(node: &Node, path: &mut Vec<Step>, declared: Option<&VisibilityRules>) -> Self {
        let mut below = |step: Step, node: &Node| {
            path.push(step);
            let shown = Self::of(node, path, declared);
            path.pop();
            shown
        };
        let (value, is_masked) = match &node.value {
            Value::Object(object) => {
                let members = in_js_order(object).into_iter();
                let members = members.map(|(key, node)| (key.clone(), below(Step::Key(key.clone()), node)));
                let members: Vec<_> = members.collect();
                match declared {
                    Some(_) => masked_keys(members),
                    None => (ShownValue::Object(members), false),
                }
            }
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(at, node)| below(Step::Index(at), node));
                (ShownValue::Array(items.collect()), false)
            }
            scalar => match declared {
                Some(declared) if secret::hidden(path, node, declared).is_some() => {
                    (ShownValue::String(HIDDEN.to_owned()), true)
                }
                _ => masked_scalar(scalar, declared.is_some()),
            },
        };
        Self { value, place: node.place(), is_masked }
    }

    /// Whether it is an object or an array with nothing in it, or neither.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            ShownValue::Object(members) => members.is_empty(),
            ShownValue::Array(items) => items.is_empty(),
            _ => true,
        }
    }

    /// All values that are no objects or arrays, or empty ones, with their keys, as `a.b[0]`.
    pub fn values(&self) -> impl Iterator<Item = (String, &Self)> {
        let mut found = Vec::new();
        self.visit(&mut Vec::new(), &mut found);
        found.into_iter()
    }

    fn visit<'a>(&'a self, path: &mut Vec<Step>, found: &mut Vec<(String, &'a Self)>) {
        let mut below = |step: Step, shown: &'a Self| {
            path.push(step);
            shown.visit(path, found);
            path.pop();
        };
        match &self.value {
            ShownValue::Object(members) if !members.is_empty() => {
                members.iter().for_each(|(key, shown)| below(Step::Key(key.clone()), shown));
            }
            ShownValue::Array(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(at, shown)| below(Step::Index(at), shown));
            }
            _ => found.push((key::print(path), self)),
        }
    }

    /// The value as JSON; what JSON has no number for is `null`.
    pub fn to_json(&self) -> Json {
        match &self.value {
            ShownValue::Null => Json::Null,
            ShownValue::Bool(b) => Json::Bool(*b),
            ShownValue::Number(n) => greenroom_js::number::to_json(*n),
            ShownValue::String(text) => Json::String(text.clone()),
            ShownValue::Array(items) => items.iter().map(Self::to_json).collect(),
            ShownValue::Object(members) => {
                let members = members.iter().map(|(key, shown)| (key.clone(), shown.to_json()));
                Json::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

fn masked_scalar(value: &Value, masks: bool) -> (ShownValue, bool) {
    match value {
        Value::Bool(b) => (ShownValue::Bool(*b), false),
        Value::Number(n) => (ShownValue::Number(*n), false),
        Value::String(text) if !masks => (ShownValue::String(text.clone()), false),
        Value::String(text) => match greenroom_redact::text(text) {
            Cow::Borrowed(text) => (ShownValue::String(text.to_owned()), false),
            Cow::Owned(masked) => (ShownValue::String(masked), true),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => (ShownValue::Null, false),
    }
}

fn masked_keys(members: Vec<(String, Shown)>) -> (ShownValue, bool) {
    let mut out: Vec<(String, Shown)> = Vec::with_capacity(members.len());
    let mut is_masked = false;
    for (index, (key, shown)) in members.into_iter().enumerate() {
        let mut name = match greenroom_redact::text(&key) {
            Cow::Borrowed(_) => key,
            Cow::Owned(masked) => {
                is_masked = true;
                masked
            }
        };
        if is_masked && out.iter().any(|(other, _)| *other == name) {
            name = format!("{name} #{index}");
        }
        out.push((name, shown));
    }
    (ShownValue::Object(out), is_masked)
}
