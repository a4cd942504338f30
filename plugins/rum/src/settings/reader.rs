//! Reads single values. One of another type than it should be is taken for what it was meant to be, with a warning.

use greenroom::config::{ConfigError, RootConfig, nearest};
use greenroom_js::number;
use serde_json::Value;

pub(super) struct Reader<'a> {
    pub(super) config: &'a RootConfig,
    pub(super) warnings: Vec<ConfigError>,
    pub(super) faults: Vec<ConfigError>,
}

impl Reader<'_> {
    pub(super) fn value(&mut self, key: &str) -> Option<Value> {
        match self.config.optional_get(key) {
            Ok(value) => value.filter(|value| !value.is_null()),
            Err(error) => {
                self.faults.push(error);
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Number(number) => {
                self.warn(key, "is a number, and is read as a text: put it in quotes");
                Some(greenroom_js::string(&Value::Number(number)))
            }
            Value::String(_) => {
                self.fault(key, "is empty");
                None
            }
            _ => {
                self.fault(key, "is no text");
                None
            }
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        match self.config.optional_string_array(key) {
            Ok(texts) => texts.unwrap_or_default(),
            Err(error) => {
                self.faults.push(error);
                vec![]
            }
        }
    }

    /// One of a few words; the first one unless it is set.
    pub(super) fn word(&mut self, key: &str, words: &[&'static str]) -> &'static str {
        let Some(text) = self.text(key) else { return words[0] };
        let known = words.iter().find(|word| **word == text);
        if known.is_none() {
            self.no_word(key, &text, words);
        }
        known.unwrap_or(&words[0])
    }

    pub(super) fn no_word(&mut self, key: &str, text: &str, words: &[&str]) {
        let shown = shown(text, words.iter().copied());
        self.fault(key, &format!("is none of {}: {shown}", words.join(", ")));
    }

    pub(super) fn rate(&mut self, key: &str, default: f64) -> f64 {
        let rate = match self.value(key) {
            None => return default,
            Some(Value::Number(rate)) => rate.as_f64(),
            // What a variable of the environment holds is always text; the SDK refuses it.
            Some(Value::String(text)) => {
                let rate = number::parse(&text).filter(|_| !text.trim().is_empty());
                if rate.is_some() {
                    self.warn(key, "is a text, and is read as a number");
                }
                rate
            }
            Some(_) => None,
        };
        match rate.filter(|rate| (0.0..=100.0).contains(rate)) {
            Some(rate) => rate,
            None => {
                self.fault(key, "is no number from 0 to 100");
                default
            }
        }
    }

    pub(super) fn fault(&mut self, key: &str, what: &str) {
        self.faults.push(ConfigError::invalid(self.config, key, format!("{key} {what}")));
    }

    pub(super) fn warn(&mut self, key: &str, what: &str) {
        self.warnings.push(ConfigError::invalid(self.config, key, format!("{key} {what}")));
    }
}

/// A word that is none of those which are known, with the one that was probably meant.
pub(super) fn shown<'n>(text: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 60;
    let meant = nearest(text, known).map(|word| format!(", did you mean '{word}'?")).unwrap_or_default();
    let more = if text.chars().count() > MOST { "…" } else { "" };
    format!("'{}{more}'{meant}", text.chars().take(MOST).collect::<String>())
}
