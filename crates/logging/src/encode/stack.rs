//! A stack in a line for people: below it, a line for each of its own, indented, so that none can be taken for a line of the log.

use std::{borrow::Cow, ops::Range};

use crate::{
    encode::{Target, hidden::visible},
    field::Field,
    value::FieldValue,
};

/// What stands before each line of it.
const INDENT: &str = "    ";

/// With which a frame begins; what stands before the first one is the error.
const FRAME: &str = "\n    at ";

/// Whether a field is a stack of several lines.
pub(super) fn stands_below(field: &Field<'_>) -> bool {
    field.key == "stack"
        && match field.value {
            FieldValue::Str(text) => text.contains('\n'),
            FieldValue::JsonText(json) => json.starts_with('"') && json.contains("\\n"),
            _ => false,
        }
}

/// Appends it to its line, of which that part is the message: the error that the message ends with is not told again.
pub(super) fn below(to: &mut Target<'_>, field: &Field<'_>, message: Range<usize>) {
    let text: Cow<'_, str> = match field.value {
        FieldValue::Str(text) => text.into(),
        FieldValue::JsonText(json) => serde_json::from_str::<String>(json).unwrap_or_default().into(),
        _ => return,
    };
    let mut masked = String::with_capacity(text.len());
    to.secrets.pieces(text.trim_end(), |piece| masked.push_str(piece));
    let (error, frames) = masked.split_at(masked.find(FRAME).unwrap_or(masked.len()));
    let is_told = !error.is_empty() && to.out[message].ends_with(visible(error).as_bytes());
    let shown = if is_told { frames.strip_prefix('\n').unwrap_or(frames) } else { &masked };
    for line in shown.lines() {
        to.out.push(b'\n');
        to.out.extend_from_slice(INDENT.as_bytes());
        to.out.extend_from_slice(visible(line).as_bytes());
    }
}
