//! What is hidden of a record when it is read: today's secrets, what is named like a secret, credentials in URLs.

use std::borrow::Cow;

use greenroom_redact::{self as redact, MASK, Secrets, name_is_secret};
use serde_json::{Map, Value};

use crate::record::{Field, Kept, MARGIN, Text};

/// The redactor: nothing is read but through it.
pub(crate) struct Mask<'s>(pub(crate) &'s Secrets);

impl Mask<'_> {
    /// A text without what is secret in it. One that was cut ends before what might be half of a secret.
    pub(crate) fn text(&self, Text { text, is_cut }: Text<'_>) -> String {
        let known = self.0.mask(text);
        let mut shown = redact::text(&known).into_owned();
        if is_cut {
            shown.truncate(shown.floor_char_boundary(shown.len().saturating_sub(MARGIN)));
            shown.push('…');
        }
        shown
    }

    /// A text that was not cut.
    pub(crate) fn whole(&self, text: &str) -> String {
        self.text(Text { text, is_cut: false })
    }

    /// Sets a field of a line, or takes it away again, as JavaScript's `undefined` does.
    pub(crate) fn set(&self, fields: &mut Map<String, Value>, field: Field<'_>) {
        let Field { key, is_literal, is_trusted, value } = field;
        let shown_key = if is_literal { Cow::Borrowed(key) } else { Cow::Owned(self.whole(key)) };
        let value = match value {
            Kept::Undefined => return drop(fields.shift_remove(&*shown_key)),
            Kept::Json(Value::Null) => Value::Null,
            _ if !is_trusted && name_is_secret(key) => MASK.into(),
            Kept::Text(text) if is_trusted => text.text.into(),
            Kept::Text(text) => self.text(text).into(),
            Kept::Json(json) if is_trusted => json,
            Kept::Json(json) => self.json(json),
        };
        fields.insert(shown_key.into_owned(), value);
    }

    fn json(&self, json: Value) -> Value {
        match json {
            Value::Null | Value::Bool(_) => json,
            Value::Number(ref number) => {
                let text = match number.as_f64().filter(|_| !number.is_i64() && !number.is_u64()) {
                    Some(fraction) => greenroom_js::number::to_string(fraction),
                    None => number.to_string(),
                };
                if self.0.hides_number(&text) { MASK.into() } else { json }
            }
            Value::String(text) => self.whole(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(members) => Value::Object(members.into_iter().map(|of| self.member(of)).collect()),
        }
    }

    fn member(&self, (name, value): (String, Value)) -> (String, Value) {
        let value = match value {
            Value::Null => Value::Null,
            _ if name_is_secret(&name) => MASK.into(),
            value => self.json(value),
        };
        (self.whole(&name), value)
    }
}
