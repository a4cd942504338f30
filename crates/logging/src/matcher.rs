//! The matchers of `backend.logger.overrides`.

use serde_json::Value;

use crate::value::FieldValue;

/// Tests one field.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// Any of these.
    Any(Vec<Matcher>),
    /// `/pattern/flags`, tested against text only.
    Pattern { regex: Box<regress::Regex>, sticky: bool },
    /// Exactly this text.
    Text(Box<str>),
    /// Exactly this number.
    Number(f64),
    /// Exactly this truth value.
    Bool(bool),
    /// `null`.
    Null,
    /// An object equals nothing.
    Never,
}

impl Matcher {
    pub(crate) fn parse(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::Any(items.iter().map(Self::parse).collect()),
            Value::String(text) => Self::pattern(text).unwrap_or_else(|| Self::Text(text.as_str().into())),
            Value::Number(n) => Self::Number(n.as_f64().unwrap_or(f64::NAN)),
            Value::Bool(b) => Self::Bool(*b),
            Value::Null => Self::Null,
            Value::Object(_) => Self::Never,
        }
    }

    /// `/…/flags` as JavaScript reads it; what JavaScript refuses is plain text.
    ///
    /// The state that `g` and `y` keep between tests in JavaScript is left out: every record is judged alike.
    fn pattern(text: &str) -> Option<Self> {
        let (pattern, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
        let are_flags = flags
            .bytes()
            .enumerate()
            .all(|(i, c)| b"dgimsuvy".contains(&c) && !flags.as_bytes()[..i].contains(&c))
            && !(flags.contains('u') && flags.contains('v'));
        if pattern.is_empty() || !are_flags {
            return None;
        }
        let regex = regress::Regex::with_flags(pattern, flags).ok()?;
        Some(Self::Pattern { regex: Box::new(regex), sticky: flags.contains('y') })
    }

    pub(crate) fn matches(&self, value: FieldValue<'_>) -> bool {
        match value {
            FieldValue::Json(json) => match FieldValue::of_json(json) {
                Some(scalar) => self.matches(scalar),
                None => matches!(self, Self::Any(list) if list.iter().any(|m| m.matches(value))),
            },
            FieldValue::JsonText(text) => self.matches(FieldValue::Json(&crate::value::read(text))),
            FieldValue::Serialize(made) => self.matches(FieldValue::Json(&made.as_json())),
            FieldValue::Display(_) | FieldValue::Debug(_) => {
                let mut text = String::new();
                value.push_text(&mut text);
                self.matches(FieldValue::Str(&text))
            }
            _ => match self {
                Self::Any(list) => list.iter().any(|m| m.matches(value)),
                Self::Pattern { regex, sticky } => match value {
                    FieldValue::Str(text) => {
                        regex.find(text).is_some_and(|found| !sticky || found.start() == 0)
                    }
                    _ => false,
                },
                Self::Text(own) => matches!(value, FieldValue::Str(text) if *text == **own),
                Self::Number(own) => match value {
                    FieldValue::I64(n) => n as f64 == *own,
                    FieldValue::U64(n) => n as f64 == *own,
                    FieldValue::F64(n) => n == *own,
                    _ => false,
                },
                Self::Bool(own) => matches!(value, FieldValue::Bool(b) if b == *own),
                Self::Null => matches!(value, FieldValue::Null),
                Self::Never => false,
            },
        }
    }
}
