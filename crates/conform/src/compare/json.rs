//! JSON: by its structure, whatever the order of keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use greenroom_redact as redact;
use serde_json::{Map, Value};

use super::Finding;
use crate::{
    reply::Body,
    shown::{LONGEST, short},
};

/// What a key set says of each of its keys, which is another one after each rotation.
const OF_A_KEY: &[&str] = &["kid", "x", "y", "n"];

/// The private members of a key (RFC 7518, §6), which no key set should have.
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What holds keys, whatever they look like.
const HOLDS_KEYS: &[&str] = &["keys", "jwk", "jwks"];

/// Where in a document something stands. It is written only where something differs.
#[derive(Clone, Copy)]
struct Place<'p> {
    above: Option<&'p Self>,
    step: Step<'p>,
    /// It is below a member whose name says that it is secret.
    is_secret: bool,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Document(&'p str),
    Member(&'p str),
    Item(usize),
    AnyItem,
}

impl<'p> Place<'p> {
    fn document(name: &'p str) -> Self {
        Self { above: None, step: Step::Document(name), is_secret: false }
    }

    fn below(&'p self, step: Step<'p>) -> Self {
        Self { above: Some(self), step, is_secret: self.is_secret }
    }

    /// A member of an object, which may be a key of a key set.
    fn member(&'p self, name: &'p str, is_of_key: bool) -> Self {
        let is_of_key = is_of_key || HOLDS_KEYS.contains(&self.key());
        // No secret has a longer name.
        let beginning = &name[..name.floor_char_boundary(LONGEST)];
        let is_secret = (is_of_key && PRIVATE.contains(&name)) || redact::names_secrets(beginning);
        Self { is_secret: self.is_secret || is_secret, ..self.below(Step::Member(name)) }
    }

    /// The name of the member that it is, or is an item of.
    fn key(&self) -> &'p str {
        match (self.step, self.above) {
            (Step::Member(name), _) => name,
            (Step::Item(_) | Step::AnyItem, Some(above)) => above.key(),
            _ => "",
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match self.step {
            Step::Document(name) => write!(f, "{name} $"),
            Step::Member(name) => write!(f, ".{}", short(name, LONGEST)),
            Step::Item(index) => write!(f, "[{index}]"),
            Step::AnyItem => f.write_str("[*]"),
        }
    }
}

pub(super) fn compare(found: &mut Finding<'_>, a: &Value, b: &Value) {
    compare_named(found, "body", a, b);
}

pub(super) fn compare_named(found: &mut Finding<'_>, name: &str, a: &Value, b: &Value) {
    at(found, &Place::document(name), a, b);
}

/// Compares what stands at one place.
fn at(found: &mut Finding<'_>, place: &Place<'_>, a: &Value, b: &Value) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let is_key = a.contains_key("kty") || b.contains_key("kty");
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let place = &place.member(name, is_key);
                match (a.get(name), b.get(name)) {
                    (Some(Value::Array(a)), Some(Value::Array(b))) if name == "keys" && are_keys(a, b) => {
                        keys_of(found, place, a, b);
                    }
                    (Some(a), Some(b)) => at(found, place, a, b),
                    (a, b) => {
                        let (a, b) =
                            (a.map(|a| shown(found, 0, place, a)), b.map(|b| shown(found, 1, place, b)));
                        found.add(place.to_string(), a, b);
                    }
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                at(found, &place.below(Step::Item(index)), a, b);
            }
        }
        (Value::String(a), Value::String(b)) => {
            if let Err([a, b]) = found.same(a, b, |n, value, applied| n.member(place.key(), value, applied)) {
                let [a, b] = [a, b].map(|value| masked(place, &value));
                let (a, b) = super::text::around_the_first_difference(&a, &b);
                found.add(place.to_string(), Some(a), Some(b));
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let (a, b) = (shown(found, 0, place, a), shown(found, 1, place, b));
            found.add(place.to_string(), Some(a), Some(b));
        }
    }
}

fn masked(place: &Place<'_>, value: &str) -> String {
    match place.is_secret {
        true => redact::MASK.to_owned(),
        false => redact::text(value).into_owned(),
    }
}

fn shown(found: &Finding<'_>, side: usize, place: &Place<'_>, value: &Value) -> String {
    match value {
        Value::String(value) => {
            masked(place, &found.normalisers[side].member(place.key(), value, &mut BTreeSet::new()))
        }
        value => masked(place, &brief(value)),
    }
}

/// A value without what stands deep in it, where a secret may have any name.
pub(super) fn brief(value: &Value) -> String {
    let is_flat = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::Object(members) => {
            // So many fill what is shown.
            let names: Vec<String> = members.keys().take(LONGEST).map(|name| short(name, LONGEST)).collect();
            format!(
                "an object with {}",
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            )
        }
        Value::Array(items) if items.iter().all(is_flat) => value.to_string(),
        Value::Array(items) => format!("{} items", items.len()),
        value => value.to_string(),
    }
}

fn is_key(value: &Value) -> bool {
    value.get("kty").is_some_and(Value::is_string)
}

fn are_keys(a: &[Value], b: &[Value]) -> bool {
    a.iter().chain(b).all(is_key) && !(a.is_empty() && b.is_empty())
}

/// Keys by their kinds: how many there are changes with each rotation, and so do their names and numbers.
fn keys_of(found: &mut Finding<'_>, place: &Place<'_>, a: &[Value], b: &[Value]) {
    if a == b {
        return;
    }
    let kinds = |keys: &[Value]| {
        let mut kinds: Vec<Value> = keys.iter().map(kind_of_key).collect();
        kinds.sort_by_key(ToString::to_string);
        kinds.dedup();
        kinds
    };
    let (of_a, of_b) = (kinds(a), kinds(b));
    found.compared.applied.insert("jwk");
    match (&*of_a, &*of_b) {
        ([a], [b]) => at(found, &place.below(Step::AnyItem), a, b),
        (a, b) if a == b => {}
        (a, b) => {
            let said = |kinds: &[Value]| Some(Value::from(kinds).to_string());
            found.add(place.to_string(), said(a), said(b));
        }
    }
}

fn kind_of_key(key: &Value) -> Value {
    let members = key.as_object().into_iter().flatten().map(|(name, value)| {
        let value = match value {
            Value::String(_) if OF_A_KEY.contains(&&**name) => Value::from(format!("<{name}>")),
            _ if PRIVATE.contains(&&**name) || redact::names_secrets(name) => Value::from(redact::MASK),
            value => value.clone(),
        };
        (name.clone(), value)
    });
    let mut members: Vec<_> = members.collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

/// Of two key sets of which one is empty nothing can be said: a key is made when it is first needed.
pub(super) fn lazy_keys(a: &Body, b: &Body) -> Option<String> {
    let keys = |body: &Body| match body {
        Body::Json(value) => {
            value.get("keys").and_then(Value::as_array).filter(|keys| keys.iter().all(is_key)).map(Vec::len)
        }
        _ => None,
    };
    let who = match (keys(a)?, keys(b)?) {
        (0, 1..) => "a",
        (1.., 0) => "b",
        _ => return None,
    };
    Some(format!(
        "{who} shows no key: where keys are made when something is first signed, there is none before"
    ))
}

/// Which JSON types stand at which places; the items of an array are at one place.
pub(crate) fn shapes(value: &Value) -> BTreeMap<String, BTreeSet<&'static str>> {
    /// Deeper, and after so many places, nothing is told apart.
    const DEEPEST: usize = 6;
    const MOST: usize = 500;
    fn walk(place: String, depth: usize, value: &Value, into: &mut BTreeMap<String, BTreeSet<&'static str>>) {
        if into.len() >= MOST && !into.contains_key(&place) {
            return;
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        into.entry(place.clone()).or_default().insert(kind);
        if depth == DEEPEST {
            return;
        }
        match value {
            Value::Array(items) => {
                items.iter().for_each(|item| walk(format!("{place}[]"), depth + 1, item, into));
            }
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                let key = short(key, LONGEST);
                let place = if place.is_empty() { key } else { format!("{place}.{key}") };
                walk(place, depth + 1, value, into);
            }),
            _ => {}
        }
    }
    let mut into = BTreeMap::new();
    walk(String::new(), 0, value, &mut into);
    into.remove("");
    into
}
