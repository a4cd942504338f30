//! Keys of an external token's config, of which none may be unknown.

use greenroom_config::{Config, ConfigError};

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

pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}
