//! One line of a log, with what changes by nature masked.

use std::fmt;
use std::sync::LazyLock;

use regress::Regex;
use serde_json::{Map, Value};

use crate::mask;

/// One line, masked.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A JSON object, its fields in their order.
    Record(Map<String, Value>),
    /// Anything else.
    Text(String),
    /// The dump of an uncaught error, by its first line (`Error: message`).
    Crash(String),
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        match serde_json::from_str(line) {
            Ok(Value::Object(fields)) => Self::masked(fields),
            _ => match development(line) {
                Some(fields) => Self::masked(fields),
                None => Self::Text(mask_text(line)),
            },
        }
    }

    fn masked(mut fields: Map<String, Value>) -> Self {
        fields.iter_mut().for_each(|(name, value)| mask_value(name, value));
        Self::Record(fields)
    }

    /// Leaves out how long an answer was, which depends on the stack in it.
    pub(super) fn forget_length(&mut self) {
        let Self::Record(fields) = self else { return };
        let Some(Value::Number(length)) = fields.remove("contentLength") else { return };
        if let Some(Value::String(message)) = fields.get_mut("message") {
            *message = message.replace(&format!(" {length} "), " <length> ");
        }
    }

    /// Whether no reader of the log misses it.
    pub(super) fn is_noise(&self) -> bool {
        match self {
            Self::Record(fields) => {
                fields.get("userAgent").is_some_and(|agent| agent == "poll")
                    || self.message().is_some_and(|message| message.starts_with("Loading config from "))
            }
            Self::Text(text) => text.trim().is_empty() || text.starts_with("Loading config from "),
            Self::Crash(_) => false,
        }
    }

    /// What it says: the message of a record, or the text.
    pub(super) fn said(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => self.message(),
        }
    }

    /// The message of a record.
    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Record(fields) => fields.get("message")?.as_str(),
            _ => None,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(fields) => write!(f, "{}", Value::Object(fields.clone())),
            Self::Text(text) => write!(f, "{text}"),
            Self::Crash(error) => write!(f, "(crash) {error}"),
        }
    }
}

/// The fields of a development line: time, who, level and message, then `key=value` with each key in cyan. Level and name
/// keep their colours.
fn development(line: &str) -> Option<Map<String, Value>> {
    let (_time, rest) = line.strip_prefix("\u{1b}[2m")?.split_once("\u{1b}[22m ")?;
    let (who, rest) = rest.split_once(' ')?;
    let (level, rest) = rest.split_once(' ')?;
    let mut parts = rest.split(" \u{1b}[36m");
    let message = parts.next()?;
    let mut fields = Map::new();
    for (name, text) in [("level", level), ("who", who), ("message", message)] {
        fields.insert(name.to_owned(), text.into());
    }
    for part in parts {
        let (key, value) = part.split_once("\u{1b}[39m=")?;
        let value = serde_json::from_str(value.trim_end()).unwrap_or_else(|_| Value::from(value));
        fields.insert(key.to_owned(), value);
    }
    Some(fields)
}

fn mask_value(name: &str, value: &mut Value) {
    match value {
        Value::String(_) if name == "stack" => *value = Value::from("<stack>"),
        Value::String(id) if name == "logId" && id.len() == 20 => *value = Value::from("<id>"),
        Value::String(text) => *text = mask_text(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_value(name, item)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| mask_value(name, value)),
        _ => {}
    }
}

/// Masks times, ids, stacks, files and ports, and what depends on the order in which plugins finish: how many are waited
/// for, and the order in lists of them.
fn mask_text(text: &str) -> String {
    static RULES: LazyLock<Vec<mask::Rule>> = LazyLock::new(|| {
        mask::rules(&[
            ("\n", r"(\n\s+at [^\n]*)+", "<stack>"),
            (".", r#"(?<=^|[\s"'(=])(/[\w.@~-]+)+\.(js|ts|rs|ya?ml|json)(:\d+){0,2}\b"#, "<file>"),
            ("Listening on ", r"(?<=Listening on \S*):\d+\b", ":<port>"),
            ("address already in use ", r"(?<=address already in use \S*):\d+\b", ":<port>"),
            ("Found ", r"Found \d+ new secrets", "Found <n> new secrets"),
            (
                ", waiting for ",
                r", waiting for \d+ other plugins to finish before shutting down the process",
                "",
            ),
            ("curl/", r"curl/[\d.]+", "curl/<version>"),
            // How Node's backend names itself when it fetches another plugin's keys.
            ("jose/v", r"jose/v[\d.]+", "jose/<version>"),
        ])
    });
    static PLUGINS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?<=initialized: |initializing: )'[^']+'(, '[^']+')*").expect("a valid pattern")
    });
    let text = mask::apply(&RULES, &mask::text(text).text).text;
    if !text.contains("initializ") {
        return text;
    }
    PLUGINS.replace_all_with(&text, |list| {
        let mut names: Vec<&str> = text[list.range()].split(", ").collect();
        names.sort_unstable();
        names.join(", ")
    })
}

/// Node dumps an uncaught error after the place in a file where it was thrown.
pub(super) fn begins_crash(line: &str) -> bool {
    let place = line.rsplit_once(':').filter(|(file, _)| file.starts_with('/') && file.ends_with(".js"));
    place.is_some_and(|(_, number)| number.parse::<u32>().is_ok())
}

/// Skips a dump and returns the line that names the error: the first after the blank one that ends the quoted source.
pub(super) fn read_crash<'a>(rest: &mut impl Iterator<Item = &'a str>) -> String {
    let mut error = None;
    let mut after_source = false;
    for line in rest {
        if line.starts_with("Node.js v") {
            break;
        }
        if after_source && error.is_none() {
            error = Some(mask_text(line));
        }
        after_source |= line.is_empty();
    }
    error.unwrap_or_default()
}
