//! The fields of a record by the names that people give them.

use std::{borrow::Cow, cell::OnceCell};

use greenroom_node_log::{Field, Record};

use crate::escape::escaped;

/// Whether a [`Record`] has a place for the field, so that it costs nothing to ask for it.
pub(crate) fn is_placed(name: &str) -> bool {
    matches!(name, "level" | "message" | "plugin" | "service" | "type" | "stack" | "timestamp" | "time")
}

/// The fields of one record; the line is read for them once at most.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    record: &'a Record<'a>,
    /// The record's time, or that of what stood before the line.
    time: Option<&'a str>,
    read: OnceCell<Vec<Field<'a>>>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(record: &'a Record<'a>, prefix_time: Option<&'a str>) -> Self {
        let time = record.time.as_ref().map(greenroom_node_log::Time::as_str).or(prefix_time);
        Self { record, time, read: OnceCell::new() }
    }

    pub(crate) fn time(&self) -> Option<&'a str> {
        self.time
    }

    /// Those that the record has no place for.
    pub(crate) fn others(&self) -> &[Field<'a>] {
        self.read.get_or_init(|| self.record.fields())
    }

    /// The field of that name; with dots, one in an object.
    pub(crate) fn get(&self, name: &str) -> Option<Found<'_>> {
        if let Some(text) = self.placed(name) {
            return Some(Found::Text(Cow::Borrowed(text)));
        }
        let others = self.others();
        // The last of two of one name counts, as in JavaScript.
        if let Some(field) = others.iter().rev().find(|field| field.key == name) {
            return Some(Found::Json(Cow::Borrowed(&field.json)));
        }
        let mut dots = name.match_indices('.');
        dots.find_map(|(dot, _)| {
            let field = others.iter().rev().find(|field| field.key == name[..dot])?;
            field.json.starts_with('{').then(|| inner(&field.value(), &name[dot + 1..]))?
        })
    }

    fn placed(&self, name: &str) -> Option<&'a str> {
        let record = self.record;
        match name {
            "level" => Some(record.level.as_str()),
            "message" => Some(&record.message),
            "plugin" => record.plugin.as_ref().map(greenroom_node_log::Plugin::id),
            "service" => record.service.as_deref(),
            "type" => record.record_type.as_deref(),
            "stack" => record.stack.as_deref(),
            "timestamp" | "time" => self.time,
            _ => None,
        }
    }
}

fn inner(value: &serde_json::Value, path: &str) -> Option<Found<'static>> {
    if let Some(found) = value.get(path) {
        return Some(Found::Json(Cow::Owned(found.to_string())));
    }
    path.match_indices('.').find_map(|(dot, _)| inner(value.get(&path[..dot])?, &path[dot + 1..]))
}

/// A value of a record, read as far as a filter needs it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found<'a> {
    Text(Cow<'a, str>),
    /// JSON of any kind.
    Json(Cow<'a, str>),
}

impl Found<'_> {
    /// Whether a text does, or that of any element of a list. Text counts without its quotes.
    pub(crate) fn any(&self, fits: &mut impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => fits(text),
            Self::Json(json) => match json.as_bytes().first() {
                Some(b'"' | b'[') => serde_json::from_str(json).is_ok_and(|value| any_of(&value, fits)),
                _ => fits(json),
            },
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Json(json) if json.starts_with('"') => {
                serde_json::from_str::<String>(json).ok().map(Cow::Owned)
            }
            Self::Json(_) => None,
        }
    }

    pub(crate) fn into_text(self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }

    pub(crate) fn value(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => (&**text).into(),
            Self::Json(json) => serde_json::from_str(json).unwrap_or_default(),
        }
    }

    /// For people: text without quotes, unless it could not be told from what stands beside it.
    pub(crate) fn shown(&self) -> String {
        let Some(text) = self.text() else {
            let Self::Json(json) = self else { return String::new() };
            return escaped(json).into_owned();
        };
        let is_plain =
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '='));
        if is_plain {
            return escaped(&text).into_owned();
        }
        escaped(&serde_json::Value::from(&*text).to_string()).into_owned()
    }
}

fn any_of(value: &serde_json::Value, fits: &mut impl FnMut(&str) -> bool) -> bool {
    match value {
        serde_json::Value::String(text) => fits(text),
        serde_json::Value::Array(list) => list.iter().any(|value| any_of(value, fits)),
        other => fits(&other.to_string()),
    }
}
