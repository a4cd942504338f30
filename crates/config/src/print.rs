//! The configuration as a text for people to read.
//!
//! Must not print: the command line does. Nor know what is hidden: `shown` says it for all formats.

use greenroom_js::number;

use crate::{RootConfig, Shown, ShownValue};

/// How to lay the configuration out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line a value: `a.b: 1  # app-config.yaml:3`.
    Flat,
    /// YAML blocks.
    Yaml,
    /// YAML blocks, the place behind each value as a comment.
    YamlWithPlaces,
    /// JSON with two spaces, without places.
    Json,
}

impl RootConfig {
    /// Renders the merged configuration, secrets hidden; ends with a line break.
    pub fn print(&self, format: Format) -> String {
        render(self.shown().as_ref(), format)
    }

    /// Renders everything as it is: for a config that holds only what everybody may see.
    pub fn print_public(&self, format: Format) -> String {
        render(self.snapshot().merged().map(|root| Shown::all(&root)).as_ref(), format)
    }
}

fn render(root: Option<&Shown>, format: Format) -> String {
    let Some(root) = root else { return "{}\n".to_owned() };
    let mut out = String::new();
    match format {
        Format::Flat => root.values().for_each(|(key, shown)| {
            out.push_str(&key);
            out.push_str(": ");
            scalar(shown, true, &mut out);
        }),
        Format::Yaml => yaml(root, 0, false, &mut out),
        Format::YamlWithPlaces => yaml(root, 0, true, &mut out),
        Format::Json => {
            out = serde_json::to_string_pretty(&root.to_json()).unwrap_or_default();
            out.push('\n');
        }
    }
    out
}

fn yaml(shown: &Shown, depth: usize, places: bool, out: &mut String) {
    match &shown.value {
        ShownValue::Object(members) if !members.is_empty() => {
            for (key, child) in members {
                indent(depth, out);
                push_string(key, out);
                out.push(':');
                nested(child, depth, places, out);
            }
        }
        ShownValue::Array(items) if !items.is_empty() => {
            for child in items {
                indent(depth, out);
                out.push('-');
                nested(child, depth, places, out);
            }
        }
        _ => scalar(shown, places, out),
    }
}

fn nested(child: &Shown, depth: usize, places: bool, out: &mut String) {
    out.push(if child.is_empty() { ' ' } else { '\n' });
    yaml(child, depth + 1, places, out);
}

fn indent(depth: usize, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("  "));
}

/// A value on one line, its place behind it if wanted.
fn scalar(shown: &Shown, place: bool, out: &mut String) {
    match &shown.value {
        ShownValue::Null => out.push_str("null"),
        ShownValue::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        ShownValue::Number(n) if n.is_nan() => out.push_str(".nan"),
        ShownValue::Number(n) if n.is_infinite() => out.push_str(if *n > 0.0 { ".inf" } else { "-.inf" }),
        ShownValue::Number(n) => out.push_str(&number::to_string(*n)),
        ShownValue::String(text) => push_string(text, out),
        ShownValue::Array(_) => out.push_str("[]"),
        ShownValue::Object(_) => out.push_str("{}"),
    }
    if place {
        out.push_str("  # ");
        out.push_str(&shown.place.file);
        if shown.place.line > 0 {
            out.push_str(&format!(":{}", shown.place.line));
        }
    }
    out.push('\n');
}

/// Plain where that is certain to read back as the same string, else in JSON's quotes.
fn push_string(text: &str, out: &mut String) {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '<' | '>' | '@');
    let inner = |(i, c): (usize, char)| {
        let next = text[i + c.len_utf8()..].chars().next();
        word(c) || (matches!(c, ':' | ' ' | '=' | '+') && next.is_some_and(word))
    };
    let lower = text.to_ascii_lowercase();
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '<' | '/'))
        && text.char_indices().all(inner)
        && !matches!(lower.as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain {
        // A colon before a space would end a key; `inner` lets none through.
        out.push_str(text);
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
