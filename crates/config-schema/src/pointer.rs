//! JSON pointers, and Backstage's way to print them.

use serde_json::Value as Json;

/// Adds a key.
pub(crate) fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// With a key added.
pub(crate) fn with(pointer: &str, key: &str) -> String {
    let mut out = pointer.to_owned();
    push(&mut out, key);
    out
}

/// As Backstage's messages print it: slashes as they are, tildes escaped.
pub(crate) fn printed(pointer: &str) -> String {
    pointer.replace("~1", "/")
}

/// As config keys are written, `a.b[0].c`; `value` tells indices from names.
pub(crate) fn key(pointer: &str, mut value: &Json) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let below = match value {
            Json::Array(items) => {
                out.push_str(&format!("[{part}]"));
                part.parse().ok().and_then(|index: usize| items.get(index))
            }
            _ => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(&part);
                value.get(&part)
            }
        };
        value = below.unwrap_or(&Json::Null);
    }
    out
}
