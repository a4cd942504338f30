//! YAML 1.2 with the core schema, and 1.1 where a directive says so, as the `yaml` package of npm reads them, into nodes
//! with places.
//!
//! Must not know of includes, substitution or merging of sources: `$file` and `${A}` are plain data here.

mod merge_key;
mod scalar;
mod tabs;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use greenroom_js::number;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use self::scalar::{Version, scalar};
use crate::{
    error::Fault,
    place::{At, Text},
    value::{Node, Object, Value},
};

/// Deeper files are refused: trees are walked by recursion.
const MAX_DEPTH: usize = 128;
/// How many bytes anchors and aliases may add to one file, as its values take them in memory.
const MAX_COPIED: usize = 16 << 20;

/// Reads one document. `None` for a text without any value: empty, or comments only (contract: config-21).
///
/// # Errors
/// What the parser refuses; duplicate keys, keys that are no scalars, a second document, aliases that stand inside
/// their own anchor or take too much memory, `<<` in YAML 1.1 over what is no object, nesting beyond 128.
pub(crate) fn parse(text: &Arc<Text>) -> Result<Option<Node>, Fault> {
    let version = Version::of(&text.body);
    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str(without_last_blanks(&text.body)) {
        let (event, span) = event.map_err(|e| {
            let at = at_marker(text, e.marker());
            tabs::fault(e.info(), &at).unwrap_or_else(|| fault(e.info(), at))
        })?;
        let at = at_span(text, span);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(fault("Source contains multiple documents", at));
                }
            }
            Event::Scalar(raw, style, anchor, tag) => {
                let may_merge = version == Version::V1_1 && style == ScalarStyle::Plain && raw == "<<";
                if may_merge && builder.merges(&at) {
                    continue;
                }
                let value = scalar(&raw, style, tag.as_deref(), version)
                    .ok_or_else(|| fault("The value is not what its tag demands", at.clone()))?;
                builder.finished(Node::new(value, at), anchor)?;
            }
            Event::Alias(anchor) => builder.alias(anchor, at)?,
            Event::SequenceStart(anchor, _) => {
                builder.open(Frame::Array { at, anchor, items: Vec::new() })?
            }
            Event::MappingStart(anchor, _) => {
                let (object, merged) = (Object::new(), HashSet::new());
                builder.open(Frame::Object { at, anchor, object, merged, key: None })?;
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

fn fault(message: &str, at: At) -> Fault {
    let message = format!("{message} at line {}, column {}", at.line, at.column);
    Fault { name: "YAMLParseError", ..Fault::new(message, &at) }
}

enum Frame {
    Array { at: At, anchor: usize, items: Vec<Node> },
    Object { at: At, anchor: usize, object: Object, merged: HashSet<String>, key: Option<Key> },
}

/// What stands before the colon, until its value is there.
enum Key {
    Named(String, At),
    /// `<<`, where it is more than a name.
    Merge(At),
}

#[derive(Default)]
struct Builder {
    frames: Vec<Frame>,
    /// Finished anchors with the memory that each takes.
    anchors: HashMap<usize, (Node, usize)>,
    copied: usize,
    root: Option<Node>,
}

impl Builder {
    fn open(&mut self, frame: Frame) -> Result<(), Fault> {
        if self.frames.len() == MAX_DEPTH {
            let (Frame::Array { at, .. } | Frame::Object { at, .. }) = frame;
            return Err(fault(&format!("Nested deeper than {MAX_DEPTH} levels"), at));
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
        let Some((_, memory)) = self.anchors.get(&anchor) else {
            return Err(fault("An alias inside its own anchor", at));
        };
        self.copies(*memory, &at)?;
        match self.anchors.get(&anchor) {
            Some((node, _)) => self.finished(node.clone(), 0),
            None => Ok(()),
        }
    }

    /// Counts a copy before it is made.
    fn copies(&mut self, memory: usize, at: &At) -> Result<(), Fault> {
        self.copied = self.copied.saturating_add(memory);
        if self.copied <= MAX_COPIED {
            return Ok(());
        }
        let message = format!("Aliases take more than {} MiB of memory", MAX_COPIED >> 20);
        Err(fault(&message, at.clone())
            .help("an alias is a copy of all that its anchor holds: anchor less, or repeat it less often"))
    }

    /// Whether `<<` is a key here, and so merges what follows.
    fn merges(&mut self, at: &At) -> bool {
        match self.frames.last_mut() {
            Some(Frame::Object { key: key @ None, .. }) => {
                *key = Some(Key::Merge(at.clone()));
                true
            }
            _ => false,
        }
    }

    fn finished(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            let memory = memory(&node);
            self.copies(memory, &node.at)?;
            self.anchors.insert(anchor, (node.clone(), memory));
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Array { items, .. }) => items.push(node),
            Some(Frame::Object { object, merged, key, .. }) => match key.take() {
                Some(Key::Named(name, at)) => {
                    merged.remove(&name);
                    object.insert(name, pointed_at_by_key(node, at));
                }
                Some(Key::Merge(at)) => {
                    let added = merge_key::merge(object, pointed_at_by_key(node, at));
                    merged
                        .extend(added.map_err(|at| fault("Merge sources must be maps or map aliases", at))?);
                }
                None => {
                    let at = node.at.clone();
                    let Some(name) = key_name(&node.value) else {
                        return Err(fault("Map keys must be scalars", at));
                    };
                    if object.contains_key(&name) && !merged.contains(&name) {
                        return Err(fault("Map keys must be unique", at));
                    }
                    *key = Some(Key::Named(name, at));
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

/// About how many bytes a copy takes.
fn memory(node: &Node) -> usize {
    let below = match &node.value {
        Value::Array(items) => items.iter().map(memory).sum(),
        Value::Object(object) => {
            object.iter().map(|(key, node)| size_of::<String>() + key.len() + memory(node)).sum()
        }
        Value::String(text) => text.len(),
        _ => 0,
    };
    size_of::<Node>() + below
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
