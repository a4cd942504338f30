//! Differences of generated log calls.

use serde_json::Value;

use super::{Rule, Subject, has_printf_token, is_kept_field, is_line};
use crate::compare::Difference;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "printf tokens are ordinary text",
        row: "a message with `%s`, `%d` … drops the fields of the call",
        covers: |subject, d| {
            matches!(subject, Subject::Call(call) if call["message"].as_str().is_some_and(has_printf_token))
                && (is_line(d) || is_kept_field(d) || is_of_the_call(subject, d))
        },
    },
    Rule {
        name: "a cause is kept",
        row: "a cause is printed as `{}`",
        covers: |subject, d| {
            matches!(subject, Subject::Call(call) if call["error"]["cause"].is_object())
                && d.what.starts_with("field cause of ")
                && values(d).is_some_and(|(before, now)| now["message"].is_string() && is_part(&before, &now))
        },
    },
    Rule {
        name: "an object appended to a message is JSON",
        row: "an object as `message` of a call's fields is appended as `[object Object]`",
        covers: |subject, d| {
            matches!(subject, Subject::Call(call) if call["meta"]["message"].is_object() || call["meta"]["message"].is_array())
                && is_line(d)
        },
    },
];

/// A field that the call gave, and the logger too.
fn is_of_the_call(subject: &Subject<'_>, d: &Difference) -> bool {
    let name = d.what.strip_prefix("field ").and_then(|what| Some(what.split_once(" of \"")?.0));
    matches!((subject, name), (Subject::Call(call), Some(name)) if call["meta"].get(name).is_some() || call["error"].get(name).is_some() || (name == "stack" && call["error"].is_object()))
}

/// Both values of a field.
fn values(d: &Difference) -> Option<(Value, Value)> {
    let value = |text: &Option<String>| serde_json::from_str(text.as_deref()?).ok();
    Some((value(&d.recorded)?, value(&d.received)?))
}

/// Whether all that one object says, another one says too.
fn is_part(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.iter().all(|(key, value)| other.get(key).is_some_and(|other| is_part(value, other)))
        }
        _ => one == other,
    }
}
