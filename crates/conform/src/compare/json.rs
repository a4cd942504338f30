//! JSON: by its structure, whatever the order of keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Finding, text};
use crate::reply::Body;

/// What a key set says of each of its keys, which is another one after each rotation.
const OF_A_KEY: &[&str] = &["kid", "x", "y", "n"];

pub(super) fn compare(found: &mut Finding<'_>, a: &Value, b: &Value) {
    compare_named(found, "body", a, b);
}

pub(super) fn compare_named(found: &mut Finding<'_>, name: &str, a: &Value, b: &Value) {
    at(found, &format!("{name} $"), "", a, b);
}

/// Compares what stands at one place; `key` is the member's.
fn at(found: &mut Finding<'_>, place: &str, key: &str, a: &Value, b: &Value) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let place = format!("{place}.{key}");
                match (a.get(key), b.get(key)) {
                    (Some(Value::Array(a)), Some(Value::Array(b))) if key == "keys" && are_keys(a, b) => {
                        keys_of(found, &place, a, b);
                    }
                    (Some(a), Some(b)) => at(found, &place, key, a, b),
                    (a, b) => {
                        let (a, b) = (a.map(|a| shown(found, 0, key, a)), b.map(|b| shown(found, 1, key, b)));
                        found.add(place, a, b);
                    }
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                at(found, &format!("{place}[{index}]"), key, a, b);
            }
        }
        (Value::String(a), Value::String(b)) => {
            if let Err([a, b]) = found.same(a, b, |n, value, applied| n.member(key, value, applied)) {
                let (a, b) =
                    text::around_the_first_difference(&text::masked(key, &a), &text::masked(key, &b));
                found.add(place, Some(a), Some(b));
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let (a, b) = (shown(found, 0, key, a), shown(found, 1, key, b));
            found.add(place, Some(a), Some(b));
        }
    }
}

fn shown(found: &Finding<'_>, side: usize, key: &str, value: &Value) -> String {
    match value {
        Value::String(value) => {
            text::masked(key, &found.normalisers[side].member(key, value, &mut BTreeSet::new()))
        }
        value => text::masked(key, &brief(value)),
    }
}

/// A value without what stands deep in it, where a secret may have any name.
pub(super) fn brief(value: &Value) -> String {
    let is_flat = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::Object(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
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
fn keys_of(found: &mut Finding<'_>, place: &str, a: &[Value], b: &[Value]) {
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
        ([a], [b]) => at(found, &format!("{place}[*]"), "", a, b),
        (a, b) if a == b => {}
        (a, b) => {
            let said = |kinds: &[Value]| Some(Value::from(kinds).to_string());
            found.add(place, said(a), said(b));
        }
    }
}

fn kind_of_key(key: &Value) -> Value {
    let members = key.as_object().into_iter().flatten().map(|(name, value)| {
        let value = match (OF_A_KEY.contains(&&**name), value) {
            (true, Value::String(_)) => Value::from(format!("<{name}>")),
            (_, value) => value.clone(),
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
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
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
