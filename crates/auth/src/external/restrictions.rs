//! `accessRestrictions`: what narrows an external token, read strictly.
//!
//! A word that is not understood here would give the token more than its author meant, so that an unknown key or value
//! stops the start, in Backstage's words.

use std::collections::BTreeMap;

use greenroom_config::{Config, ConfigError};

use crate::AccessRestrictions;

const ACTIONS: [&str; 4] = ["create", "read", "update", "delete"];

/// By plugin id; `None` for every plugin.
pub(super) fn read(entry: &Config) -> Result<Option<BTreeMap<String, AccessRestrictions>>, ConfigError> {
    let Some(entries) = entry.optional_config_array("accessRestrictions")? else { return Ok(None) };
    let mut restrictions = BTreeMap::new();
    for entry in &entries {
        let known = ["plugin", "permission", "permissionAttribute"];
        refuse_unknown_keys(entry, "", &known, "accessRestrictions")?;
        refuse_unknown_keys(entry, "permissionAttribute", &["action"], "permissionAttribute")?;
        let plugin = entry.string("plugin")?;
        let one = AccessRestrictions {
            permission_names: words(entry, "permission", &[])?,
            actions: words(entry, "permissionAttribute.action", &ACTIONS)?,
        };
        if restrictions.contains_key(&plugin) {
            let text = format!(
                "Attempted to declare 'accessRestrictions' twice for plugin '{plugin}', which is not permitted"
            );
            return Err(ConfigError::invalid(entry, "plugin", text));
        }
        restrictions.insert(plugin, one);
    }
    Ok(Some(restrictions))
}

/// Refuses keys below `above` that are none of `known`; `section` is how the message calls the place.
pub(super) fn refuse_unknown_keys(
    entry: &Config,
    above: &str,
    known: &[&str],
    section: &str,
) -> Result<(), ConfigError> {
    let keys = match above {
        "" => entry.keys(),
        above => entry.optional_config(above)?.map(|below| below.keys()).unwrap_or_default(),
    };
    let Some(unknown) = keys.iter().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let key = if above.is_empty() { unknown.clone() } else { format!("{above}.{unknown}") };
    let text = format!("Invalid key '{unknown}' in '{section}' config, expected one of {}", quoted(known));
    // What stands behind a misspelt key may be the token.
    Err(ConfigError::invalid(entry, &key, text).without_line())
}

/// Strings split on spaces and commas, each of them once; any word if `valid` is empty.
fn words(entry: &Config, key: &str, valid: &[&str]) -> Result<Vec<String>, ConfigError> {
    let texts = match entry.optional_get(key)? {
        None => return Ok(vec![]),
        Some(value) if value.is_null() => return Ok(vec![]),
        Some(value) if value.is_array() => entry.string_array(key)?,
        Some(_) => vec![entry.string(key)?],
    };
    let mut words: Vec<String> = vec![];
    let all = texts
        .iter()
        .enumerate()
        .flat_map(|(index, text)| text.split([' ', ',']).map(move |word| (index, word)));
    for (index, word) in all.filter(|(_, word)| !word.is_empty()) {
        if !valid.is_empty() && !valid.contains(&word) {
            let name = key.rsplit('.').next().unwrap_or(key);
            let text = format!(
                "Invalid value '{word}' at '{name}' in 'permissionAttributes' config, valid values are {}",
                quoted(valid)
            );
            return Err(ConfigError::invalid_element(entry, key, index, text));
        }
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    if words.is_empty() {
        // Read as no restriction it would open every permission.
        let text = format!("Invalid value at '{key}', a restriction that is written must name something");
        return Err(ConfigError::invalid(entry, key, text));
    }
    Ok(words)
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}
