//! YAML 1.2 with the core schema, as the `yaml` package of npm reads it, into nodes with places.
//!
//! Must not know of includes, substitution or merging: `<<`, `$file` and `${A}` are plain data here.

use std::{collections::HashMap, sync::Arc};

use greenroom_js::number;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use crate::{
    error::Fault,
    place::{At, Text},
    value::{Node, Object, Value},
};

/// Deeper files are refused: trees are walked by recursion.
const MAX_DEPTH: usize = 128;
/// How many nodes aliases may add to one file.
const MAX_ALIASED: usize = 100_000;

/// Reads one document. `None` for a text without any value: empty, or comments only (contract: config-21).
///
/// # Errors
/// What the parser refuses; duplicate keys, keys that are no scalars, a second document, aliases that stand inside
/// their own anchor or expand too far, nesting beyond 128.
pub(crate) fn parse(text: &Arc<Text>) -> Result<Option<Node>, Fault> {
    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str(without_last_blanks(&text.body)) {
        let (event, span) = event.map_err(|e| builder.fault(e.info(), at_marker(text, e.marker())))?;
        let at = at_span(text, span);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(builder.fault("Source contains multiple documents", at));
                }
            }
            Event::Scalar(raw, style, anchor, tag) => {
                let value = scalar(&raw, style, tag.as_deref())
                    .ok_or_else(|| builder.fault("The value is not what its tag demands", at.clone()))?;
                builder.finished(Node::new(value, at), anchor)?;
            }
            Event::Alias(anchor) => builder.alias(anchor, at)?,
            Event::SequenceStart(anchor, _) => {
                builder.open(Frame::Array { at, anchor, items: Vec::new() })?
            }
            Event::MappingStart(anchor, _) => {
                builder.open(Frame::Object { at, anchor, object: Object::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    Ok(builder.root.filter(|root| !root.is_null()))
}

/// The parser takes spaces after the last line break for a line of a block scalar.
fn without_last_blanks(body: &str) -> &str {
    let trimmed = body.trim_end_matches(' ');
    if trimmed.ends_with(['\n', '\r']) { trimmed } else { body }
}

enum Frame {
    Array { at: At, anchor: usize, items: Vec<Node> },
    Object { at: At, anchor: usize, object: Object, key: Option<(String, At)> },
}

#[derive(Default)]
struct Builder {
    frames: Vec<Frame>,
    /// Finished anchors with the number of nodes in each.
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
    root: Option<Node>,
}

impl Builder {
    fn fault(&self, message: &str, at: At) -> Fault {
        let message = format!("{message} at line {}, column {}", at.line, at.column);
        Fault { name: "YAMLParseError", message, at: Some(at), unset: None }
    }

    fn open(&mut self, frame: Frame) -> Result<(), Fault> {
        if self.frames.len() == MAX_DEPTH {
            let (Frame::Array { at, .. } | Frame::Object { at, .. }) = frame;
            return Err(self.fault(&format!("Nested deeper than {MAX_DEPTH} levels"), at));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        match self.frames.pop() {
            Some(Frame::Array { at, anchor, items }) => {
                self.finished(Node::new(Value::Array(items), at), anchor)
            }
            Some(Frame::Object { at, anchor, object, .. }) => {
                self.finished(Node::new(Value::Object(object), at), anchor)
            }
            None => Ok(()),
        }
    }

    fn alias(&mut self, anchor: usize, at: At) -> Result<(), Fault> {
        let Some((node, count)) = self.anchors.get(&anchor) else {
            return Err(self.fault("An alias inside its own anchor", at));
        };
        self.aliased += count;
        if self.aliased > MAX_ALIASED {
            return Err(self.fault("Excessive alias count indicates a resource exhaustion attack", at));
        }
        let node = node.clone();
        self.finished(node, 0)
    }

    fn finished(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            let count = count(&node);
            self.anchors.insert(anchor, (node.clone(), count));
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Array { items, .. }) => items.push(node),
            Some(Frame::Object { object, key, .. }) => match key.take() {
                Some((name, at)) => {
                    object.insert(name, pointed_at_by_key(node, at));
                }
                None => {
                    let at = node.at.clone();
                    let Some(name) = key_name(&node.value) else {
                        return Err(self.fault("Map keys must be scalars", at));
                    };
                    if object.contains_key(&name) {
                        return Err(self.fault("Map keys must be unique", at));
                    }
                    *key = Some((name, at));
                }
            },
        }
        Ok(())
    }
}

/// Whoever looks for `backend` wants the line that says `backend:`, not the one of its first member.
fn pointed_at_by_key(mut node: Node, key: At) -> Node {
    if matches!(node.value, Value::Null | Value::Array(_) | Value::Object(_)) {
        node.at = key;
    }
    node
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(object) => object.values().map(count).sum(),
        _ => 0,
    }
}

fn key_name(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(number::to_string(*n)),
        Value::String(s) => Some(s.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn at_marker(text: &Arc<Text>, marker: &Marker) -> At {
    let (line, column) = (marker.line() as u32, marker.col() as u32 + 1);
    At { text: text.clone(), line: line.max(1), column, chars: 1 }
}

fn at_span(text: &Arc<Text>, span: Span) -> At {
    let chars = span.end.index().saturating_sub(span.start.index()) as u32;
    At { chars, ..at_marker(text, &span.start) }
}

/// `None` when a core tag asks for what the text is not.
fn scalar(raw: &str, style: ScalarStyle, tag: Option<&Tag>) -> Option<Value> {
    let string = || Value::String(raw.to_owned());
    match tag {
        None if style == ScalarStyle::Plain => Some(plain(raw)),
        None => Some(string()),
        Some(tag) if tag.is_yaml_core_schema() => {
            let value = plain(raw);
            match (tag.suffix.as_str(), &value) {
                ("int" | "float", Value::Number(_)) | ("bool", Value::Bool(_)) | ("null", Value::Null) => {
                    Some(value)
                }
                ("int" | "float" | "bool" | "null", _) => None,
                _ => Some(string()),
            }
        }
        Some(_) => Some(string()),
    }
}

/// The core schema of YAML 1.2 (contract: config-15): `yes` is a string, `012` twelve, `0o14` twelve, `1_000` a string.
fn plain(raw: &str) -> Value {
    match raw {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Number(f64::NAN),
        _ => {}
    }
    let (negative, unsigned) = match raw.as_bytes()[0] {
        b'-' => (true, &raw[1..]),
        b'+' => (false, &raw[1..]),
        _ => (false, raw),
    };
    let signed = |n: f64| Value::Number(if negative { -n } else { n });
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return signed(f64::INFINITY);
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(n) = raw.strip_prefix(prefix).and_then(|digits| number::from_digits(digits, radix)) {
            return Value::Number(n);
        }
    }
    // A digit must lead, perhaps after a dot: Rust's parser is left nothing to be generous about but a second sign.
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    if digits.starts_with(|c: char| c.is_ascii_digit())
        && let Some(n) = number::decimal(unsigned)
    {
        return signed(n);
    }
    Value::String(raw.to_owned())
}
