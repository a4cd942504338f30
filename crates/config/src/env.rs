//! `APP_CONFIG_a_b=1`: the environment as the source with the highest priority (contract: config-16, config-17).
//!
//! Must not know of the process: it is given the variables.

use serde_json::Value as Json;

use crate::{
    ConfigError,
    key::is_key_part,
    place::{At, Text},
    substitute::Env,
    value::{Node, Object, Origin, Value},
};

const PREFIX: &str = "APP_CONFIG_";

/// How many variables have the prefix, those without a value included.
pub(crate) fn count(env: &Env) -> usize {
    env.keys().filter(|name| name.starts_with(PREFIX)).count()
}

/// The object that the variables make; `None` when there are none.
///
/// # Errors
/// `TypeError`s for bad keys, null, and variables that stand in each other's way. The order of `env` matters.
pub(crate) fn read(env: &Env) -> Result<Option<Node>, ConfigError> {
    let mut root: Option<Node> = None;
    for (name, value) in env.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        // The value is left out on purpose: it may be a secret.
        let at = At::whole(&Text::new(format!("environment variable {name}"), ""));
        let empty =
            |at: &At| Node { value: Value::Object(Object::new()), origin: Origin::EnvConfig, at: at.clone() };
        let root = root.get_or_insert_with(|| empty(&at));
        insert(root, key, value, &at, empty)
            .map_err(|message| ConfigError::plain("TypeError", message).of_text(&at))?;
    }
    Ok(root)
}

fn insert(
    root: &mut Node,
    key: &str,
    value: &str,
    at: &At,
    empty: impl Fn(&At) -> Node,
) -> Result<(), String> {
    let mut object = match &mut root.value {
        Value::Object(object) => object,
        _ => return Ok(()),
    };
    let parts: Vec<&str> = key.split('_').collect();
    let bad_key = || format!("Invalid env config key '{key}'");
    let Some((last, parents)) = parts.split_last() else { return Err(bad_key()) };
    for (depth, part) in parents.iter().enumerate() {
        if !is_key_part(part) {
            return Err(bad_key());
        }
        let child = object.entry((*part).to_owned()).or_insert_with(|| empty(at));
        if child.is_null() {
            *child = empty(at);
        }
        object = match &mut child.value {
            Value::Object(object) => object,
            _ => {
                let prefix = parts[..=depth].join("_");
                return Err(format!("Could not nest config for key '{key}' under existing value '{prefix}'"));
            }
        };
    }
    if !is_key_part(last) {
        return Err(bad_key());
    }
    if object.contains_key(*last) {
        return Err(format!("Refusing to override existing config at key '{key}'"));
    }
    let json = serde_json::from_str(value).unwrap_or_else(|_| Json::String(value.to_owned()));
    if json.is_null() {
        let message = "Failed to parse JSON-serialized config value for key";
        return Err(format!("{message} '{key}', Error: value may not be null"));
    }
    object.insert((*last).to_owned(), Node::from_json(json, at, Origin::EnvConfig));
    Ok(())
}
