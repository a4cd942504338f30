//! Errors in log lines: as a field, and spread over the line.

use std::{borrow::Cow, error::Error as StdError};

use greenroom_errors::{Described, describe};
use serde_json::{Map, Value};

use crate::{field::Fields, field::Flags, value::OwnedValue};

/// Causes deeper than this are left to the stack.
const DEPTH: usize = 16;

/// An error as a field: `name`, `message`, its properties, `cause` and `stack`.
///
/// The stack tells the chain of causes, so causes go without one of their own.
pub(crate) fn to_value(error: &(dyn StdError + 'static)) -> Value {
    let seen = describe(error);
    let mut out = object(&seen, 0);
    out.insert("stack".into(), seen.stack().into());
    Value::Object(out)
}

fn object(seen: &Described<'_>, depth: usize) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("name".into(), seen.name.as_ref().into());
    out.insert("message".into(), seen.message.as_str().into());
    if let Some(cause) = seen.cause.filter(|_| depth < DEPTH) {
        out.insert("cause".into(), Value::Object(object(&describe(cause), depth + 1)));
    }
    for (key, value) in seen.properties.into_iter().flatten() {
        out.insert(key.clone(), value.clone());
    }
    out
}

/// An error as the metadata of a call, as `logger.error('boom', error)` of Node: its message, to be appended to the
/// line's, and `cause`, its own `name`, its properties and `stack` as fields of the line.
pub(crate) fn spread(error: &(dyn StdError + 'static)) -> (String, Fields) {
    let seen = describe(error);
    let mut fields = Fields::new();
    let mut set = |key: Cow<'static, str>, value| fields.set(key, value, Flags::default());
    if let Some(cause) = seen.cause {
        set("cause".into(), OwnedValue::Json(Value::Object(object(&describe(cause), 1))));
    }
    if seen.own_name {
        set("name".into(), OwnedValue::Str(seen.name.as_ref().into()));
    }
    for (key, value) in seen.properties.into_iter().flatten() {
        set(key.clone().into(), OwnedValue::Json(value.clone()));
    }
    set("stack".into(), OwnedValue::Str(seen.stack().into()));
    (seen.message, fields.without_reserved())
}
