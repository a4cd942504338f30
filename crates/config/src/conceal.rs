//! What a message may tell of the value that it is about.
//!
//! Must not know what the message says: whoever made it may have quoted the value, or a part of it.

use greenroom_js::number;

use crate::{
    key::Step,
    secret,
    snapshot::{Snapshot, visit},
    text_parts,
    value::{Node, Value},
};

/// Shorter parts of a value say nothing of it.
const SHORTEST_PART: usize = 3;

/// The message with the type of each value in place of it, and of what is a part of it, for all values at or below a path
/// that are hidden when the config is printed. `above` is where the snapshot itself stands.
pub(crate) fn conceal(snapshot: &Snapshot, above: &[Step], path: &[Step], mut message: String) -> String {
    let Some((node, true)) = snapshot.locate(path) else { return message };
    visit(node, &mut [above, path].concat(), &mut |path, node| {
        if secret::hidden(path, node, &snapshot.declared).is_some() {
            let stand_in = format!("<{}>", node.kind());
            for text in texts(node) {
                message = replaced(&message, &text, &stand_in);
            }
        }
    });
    message
}

/// How a message may quote a value, the longest first: as a whole, as a number, by the parts that lists and addresses have.
fn texts(node: &Node) -> Vec<String> {
    let mut texts = match &node.value {
        Value::Number(n) => vec![number::to_string(*n), n.to_string()],
        Value::String(text) => {
            let is_of_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            let parts = text.split(|c| !is_of_part(c));
            let is_telling =
                |part: &&str| part.chars().count() >= SHORTEST_PART && !text_parts::is_ordinary(part);
            let mut texts: Vec<_> = parts.filter(is_telling).map(str::to_owned).collect();
            texts.extend(number::parse(text).into_iter().flat_map(|n| [number::to_string(n), n.to_string()]));
            texts.push(text.trim().to_owned());
            texts
        }
        _ => vec![],
    };
    texts.retain(|text| !text.is_empty());
    texts.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    texts.dedup();
    texts
}

/// Replaces a text where it is no part of a longer word. A sign or two, as `{` or `be`, our own sentences hold as well: these
/// are replaced only where they are quoted.
fn replaced(message: &str, text: &str, stand_in: &str) -> String {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let must_be_quoted = text.chars().count() < SHORTEST_PART && !text.contains(|c: char| c.is_ascii_digit());
    let (begins, ends) = (text.starts_with(is_of_word), text.ends_with(is_of_word));
    let (mut out, mut from) = (String::with_capacity(message.len()), 0);
    for (at, found) in message.match_indices(text) {
        let end = at + found.len();
        let is_within = (begins && message[..at].ends_with(is_of_word))
            || (ends && message[end..].starts_with(is_of_word));
        let is_quoted = message[..at].ends_with(['\'', '"', '`']);
        if !is_within && (is_quoted || !must_be_quoted) {
            out.push_str(&message[from..at]);
            out.push_str(stand_in);
            from = end;
        }
    }
    out.push_str(&message[from..]);
    out
}
