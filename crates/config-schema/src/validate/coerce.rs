//! Types, and what is read as another one: a config value that came from a variable is always a string.

use serde_json::{Number, Value as Json};

use super::text::js_text;

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
        ("string", Json::Number(_) | Json::Bool(_)) => Some(Json::String(js_text(value))),
        ("string", Json::Null) => Some(Json::String(String::new())),
        ("number" | "integer", _) => {
            let n = match value {
                Json::Bool(flag) => f64::from(u8::from(*flag)),
                Json::Null => 0.0,
                Json::String(text) if !text.is_empty() => js_number(text)?,
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

/// JavaScript's `Number(text)`; `None` for NaN and what JSON cannot hold.
fn js_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(|n| n as f64);
    match text.get(..2) {
        Some("0x" | "0X") => return radix(&text[2..], 16),
        Some("0o" | "0O") => return radix(&text[2..], 8),
        Some("0b" | "0B") => return radix(&text[2..], 2),
        _ if text.is_empty() => return Some(0.0),
        _ => {}
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    plain.then(|| text.parse().ok()).flatten().filter(|n: &f64| n.is_finite())
}
