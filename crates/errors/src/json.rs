//! The JSON form that clients read.

use std::error::Error as StdError;

use serde_json::{Map, Value};

use crate::describe;

/// Whether stacks are part of the JSON. Only development shows them to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stacks {
    /// Leave them out, of causes too.
    Hide,
    /// Put `stack` at the end of each error object.
    Show,
}

/// `{name, message, [cause], …properties, [stack]}`, in that order.
///
/// The source of an error that is not an [`Error`](crate::Error) is left out: Node's plain errors show no cause to clients, and
/// Rust sources often hold what only the log should see.
///
/// ```
/// use greenroom_errors::{Error, Stacks, to_json};
///
/// let error = Error::input("outer").caused_by(Error::new("inner"));
/// assert_eq!(
///     to_json(&error, Stacks::Hide).to_string(),
///     r#"{"name":"InputError","message":"outer; caused by Error: inner","cause":{"name":"Error","message":"inner"}}"#
/// );
/// ```
pub fn to_json(error: &(dyn StdError + 'static), stacks: Stacks) -> Value {
    let seen = describe(error);
    let mut out = Map::new();
    out.insert("name".into(), seen.name.as_ref().into());
    out.insert("message".into(), seen.message.as_str().into());
    if let Some(cause) = seen.cause.filter(|_| seen.properties.is_some()) {
        out.insert("cause".into(), to_json(cause, stacks));
    }
    for (key, value) in seen.properties.into_iter().flatten() {
        out.insert(key.clone(), value.clone());
    }
    if stacks == Stacks::Show {
        out.insert("stack".into(), seen.stack().into());
    }
    Value::Object(out)
}
