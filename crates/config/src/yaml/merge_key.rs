//! `<<` of YAML 1.1: members of other objects, under those that are written out (contract: config-41).
//!
//! Must not know how the objects were found: aliases are resolved.

use crate::{
    place::At,
    value::{Node, Object, Value},
};

/// Adds the members that `object` lacks; their names. `Err` is the place of what is no object.
///
/// ```yaml
/// plugin: {<<: *defaults, timeout: 5s}
/// other: {<<: [*mine, *defaults]}
/// ```
pub(super) fn merge(object: &mut Object, sources: Node) -> Result<Vec<String>, At> {
    let sources = match sources.value {
        Value::Array(items) => items,
        _ => vec![sources],
    };
    let mut added = Vec::new();
    for source in sources {
        let Value::Object(members) = source.value else { return Err(source.at) };
        for (name, node) in members {
            if !object.contains_key(&name) {
                added.push(name.clone());
                object.insert(name, node);
            }
        }
    }
    Ok(added)
}
