//! Types, and what is read as another one: a config value that came from a variable is always a string.

use greenroom_js as js;
use serde_json::{Number, Value as Json};

/// Whether the value is of the type.
pub(crate) fn is(word: &str, value: &Json) -> bool {
    match word {
        "integer" => value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// The value as the type, by ajv's table.
pub(crate) fn to(word: &str, value: &Json) -> Option<Json> {
    let number = |n: f64| Number::from_f64(n).map(Json::Number);
    match (word, value) {
        ("string", Json::Number(_) | Json::Bool(_)) => Some(Json::String(js::string(value))),
        ("string", Json::Null) => Some(Json::String(String::new())),
        ("number" | "integer", _) => {
            let n = match value {
                Json::Bool(flag) => f64::from(u8::from(*flag)),
                Json::Null => 0.0,
                Json::String(text) if !text.is_empty() => js::number::parse(text)?,
                _ => return None,
            };
            (word == "number" || n.fract() == 0.0).then(|| number(n)).flatten()
        }
        ("boolean", Json::String(text)) => match text.as_str() {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            _ => None,
        },
        ("boolean", Json::Number(n)) => match n.as_f64() {
            Some(0.0) => Some(Json::Bool(false)),
            Some(1.0) => Some(Json::Bool(true)),
            _ => None,
        },
        ("boolean", Json::Null) => Some(Json::Bool(false)),
        ("null", Json::String(text)) if text.is_empty() => Some(Json::Null),
        ("null", Json::Number(n)) if n.as_f64() == Some(0.0) => Some(Json::Null),
        ("null", Json::Bool(false)) => Some(Json::Null),
        _ => None,
    }
}
