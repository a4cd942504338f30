//! Included `.json` files.
//!
//! Must not know of includes or substitution. JSON is YAML but for a few corners, so that the YAML loader finds the
//! places; where the two disagree the file's name alone is the place.

use std::sync::Arc;

use crate::{
    error::Fault,
    place::{At, Text},
    value::{Node, Origin},
    yaml,
};

/// Reads one JSON text.
///
/// # Errors
/// A `SyntaxError` with the line and column.
pub(crate) fn parse(text: &Arc<Text>) -> Result<Option<Node>, Fault> {
    let json: serde_json::Value = serde_json::from_str(&text.body).map_err(|error| {
        let at =
            At { text: text.clone(), line: error.line() as u32, column: error.column() as u32, chars: 1 };
        Fault { name: "SyntaxError", ..Fault::new(error.to_string(), &at) }
    })?;
    match yaml::parse(text) {
        Ok(Some(node)) if node.to_json() == json_as_js(&json) => Ok(Some(node)),
        _ => Ok(Some(Node::from_json(json, &At::whole(text), Origin::Literal))),
    }
}

fn json_as_js(json: &serde_json::Value) -> serde_json::Value {
    Node::in_code(json.clone(), "").to_json()
}
