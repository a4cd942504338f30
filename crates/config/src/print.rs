//! The configuration for people to read: every value with its place, secrets hidden.
//!
//! Must not print: the command line does. Nor know what is hidden: `secret` says it for all formats.

use std::borrow::Cow;

use greenroom_js::number;

use crate::{
    RootConfig,
    key::{self, Step},
    pattern::VisibilityRules,
    secret,
    value::{Node, Object, Value, in_js_order},
};

/// What stands for a hidden value; Backstage's own command line writes the same.
const HIDDEN: &str = "<secret>";

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
        let snapshot = self.snapshot();
        let Some(mut root) = snapshot.merged() else { return "{}\n".to_owned() };
        hide(&mut root, &mut Vec::new(), &snapshot.declared);
        render(&root, format)
    }

    /// Renders everything as it is: for a config that holds only what everybody may see.
    pub fn print_public(&self, format: Format) -> String {
        self.snapshot().merged().map_or_else(|| "{}\n".to_owned(), |root| render(&root, format))
    }
}

fn render(root: &Node, format: Format) -> String {
    let mut out = String::new();
    match format {
        Format::Flat => flat(root, &mut Vec::new(), &mut out),
        Format::Yaml => yaml(root, 0, false, &mut out),
        Format::YamlWithPlaces => yaml(root, 0, true, &mut out),
        Format::Json => {
            out = serde_json::to_string_pretty(&root.to_json()).unwrap_or_default();
            out.push('\n');
        }
    }
    out
}

fn hide(node: &mut Node, path: &mut Vec<Step>, declared: &VisibilityRules) {
    let mut below = |step: Step, node: &mut Node| {
        path.push(step);
        hide(node, path, declared);
        path.pop();
    };
    match &mut node.value {
        Value::Object(object) => {
            object.iter_mut().for_each(|(key, node)| below(Step::Key(key.clone()), node));
            hide_in_keys(object);
        }
        Value::Array(items) => items.iter_mut().enumerate().for_each(|(i, node)| below(Step::Index(i), node)),
        _ => hide_scalar(node, path, declared),
    }
}

/// Also a key may be a URL. Those that look alike without their credentials are numbered.
fn hide_in_keys(object: &mut Object) {
    if object.keys().all(|key| matches!(greenroom_redact::text(key), Cow::Borrowed(_))) {
        return;
    }
    let members = std::mem::take(object);
    for (index, (key, node)) in members.into_iter().enumerate() {
        let mut shown = greenroom_redact::text(&key).into_owned();
        if object.contains_key(&shown) {
            shown = format!("{shown} #{index}");
        }
        object.insert(shown, node);
    }
}

fn hide_scalar(node: &mut Node, path: &[Step], declared: &VisibilityRules) {
    if secret::hidden(path, node, declared).is_some() {
        node.value = Value::String(HIDDEN.to_owned());
    } else if let Value::String(text) = &mut node.value
        && let Cow::Owned(masked) = greenroom_redact::text(text)
    {
        *text = masked;
    }
}

fn flat(node: &Node, path: &mut Vec<Step>, out: &mut String) {
    match &node.value {
        Value::Object(object) if !object.is_empty() => {
            for (key, child) in in_js_order(object) {
                path.push(Step::Key(key.clone()));
                flat(child, path, out);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, child) in items.iter().enumerate() {
                path.push(Step::Index(index));
                flat(child, path, out);
                path.pop();
            }
        }
        _ => {
            out.push_str(&key::print(path));
            out.push_str(": ");
            scalar(node, true, out);
        }
    }
}

fn yaml(node: &Node, depth: usize, places: bool, out: &mut String) {
    match &node.value {
        Value::Object(object) if !object.is_empty() => {
            for (key, child) in in_js_order(object) {
                indent(depth, out);
                push_string(key, out);
                out.push(':');
                nested(child, depth, places, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for child in items {
                indent(depth, out);
                out.push('-');
                nested(child, depth, places, out);
            }
        }
        _ => scalar(node, places, out),
    }
}

fn nested(child: &Node, depth: usize, places: bool, out: &mut String) {
    let full = match &child.value {
        Value::Object(object) => !object.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    out.push(if full { '\n' } else { ' ' });
    yaml(child, depth + 1, places, out);
}

fn indent(depth: usize, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("  "));
}

/// A value on one line, its place behind it if wanted.
fn scalar(node: &Node, place: bool, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) if n.is_nan() => out.push_str(".nan"),
        Value::Number(n) if n.is_infinite() => out.push_str(if *n > 0.0 { ".inf" } else { "-.inf" }),
        Value::Number(n) => out.push_str(&number::to_string(*n)),
        Value::String(text) => push_string(text, out),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
    if place {
        let place = node.place();
        out.push_str("  # ");
        out.push_str(&place.file);
        if place.line > 0 {
            out.push_str(&format!(":{}", place.line));
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
