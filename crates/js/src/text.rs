//! Texts: what `trim()` takes away, what `String(value)` gives.

use serde_json::Value;

use crate::number;

/// `text.trim()`: white space, line ends and the byte order mark.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}')
}

/// `String(value)`: arrays joined by commas, any object `[object Object]`.
pub fn string(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(n) => number::to_string(n.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let text = |item: &Value| if item.is_null() { String::new() } else { string(item) };
            items.iter().map(text).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_printed_as_string_prints_them() {
        for (value, text) in [
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(1.0), "1"),
            (json!("a"), "a"),
            (json!([1, [null, "b"], {}]), "1,,b,[object Object]"),
            (json!([]), ""),
        ] {
            assert_eq!(string(&value), text);
        }
    }

    #[test]
    fn trim_takes_what_javascript_calls_white_space() {
        assert_eq!(trim("\u{feff}\t\n\u{b}\u{c}\r \u{a0}\u{1680}\u{2003}\u{2028}\u{3000}x\u{2029} "), "x");
        assert_eq!(trim("\u{85}x\u{200b}"), "\u{85}x\u{200b}", "neither is white space there");
    }
}
