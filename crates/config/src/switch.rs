//! What is on or off.

use serde_json::Value;

use crate::{Config, ConfigError, error::Result};

/// Words that YAML 1.1 reads as booleans. Config is YAML 1.2, to which they are text.
const WORDS: [&str; 4] = ["yes", "no", "on", "off"];

pub(crate) fn read(config: &Config, key: &str) -> Result<Option<bool>> {
    let found = match config.optional_get(key)? {
        None => return Ok(None),
        Some(Value::Bool(on)) => return Ok(Some(on)),
        // What a variable of the environment holds is always text.
        Some(Value::String(text)) if text == "true" || text == "false" => return Ok(Some(text == "true")),
        Some(found) => found,
    };
    let shown = match &found {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        scalar => scalar.to_string(),
    };
    let text = format!("{} is {shown}, expected true or false", config.full_key(key));
    let error = ConfigError::invalid(config, key, text);
    let is_word = found.as_str().is_some_and(|text| WORDS.contains(&text.to_lowercase().as_str()));
    Err(if is_word { error.with_help("in YAML 1.2, yes, no, on and off are text") } else { error })
}
