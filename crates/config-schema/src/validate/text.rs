//! Values as JavaScript prints them in messages.

use serde_json::Value as Json;

/// `String(value)`.
pub(crate) fn js_text(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(n) => ryu_js::Buffer::new().format(n.as_f64().unwrap_or(f64::NAN)).to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let text = |item: &Json| if item.is_null() { String::new() } else { js_text(item) };
            items.iter().map(text).collect::<Vec<_>>().join(",")
        }
        Json::Object(_) => "[object Object]".to_owned(),
    }
}
