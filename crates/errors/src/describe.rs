//! One view of every error: ours, and anyone's.

use std::{borrow::Cow, error::Error as StdError};

use serde_json::{Map, Value};

use crate::Error;

/// What Backstage's log and HTTP line see of an error.
#[derive(Debug)]
pub struct Described<'a> {
    /// `NotFoundError` and so on; `Error` for anything that is not an [`Error`].
    pub name: Cow<'a, str>,
    /// The text, causes of an [`Error`] included.
    pub message: String,
    /// Whether the name is the error's own, so that log lines carry it as a field.
    pub own_name: bool,
    /// Properties attached by the author.
    pub properties: Option<&'a Map<String, Value>>,
    /// The cause, one level down.
    pub cause: Option<&'a (dyn StdError + 'static)>,
    status: Option<u16>,
    error: &'a (dyn StdError + 'static),
}

/// Looks at any error as Backstage would.
///
/// Contract: http-20, http-21, log-10, log-11.
pub fn describe<'a>(error: &'a (dyn StdError + 'static)) -> Described<'a> {
    match error.downcast_ref::<Error>() {
        Some(own) => Described {
            name: Cow::Borrowed(own.name()),
            message: own.message().to_owned(),
            own_name: own.name() != "Error",
            properties: Some(own.properties()),
            cause: error.source(),
            status: own.own_status(),
            error,
        },
        None => Described {
            name: Cow::Borrowed("Error"),
            message: error.to_string(),
            own_name: false,
            properties: None,
            cause: error.source(),
            status: None,
            error,
        },
    }
}

impl Described<'_> {
    /// The HTTP status: the one set by [`Error::with_status`]; an integer `statusCode`, then `status`, of 100 to 599; else by name.
    pub fn status(&self) -> u16 {
        let own = |key| {
            let n = self.properties?.get(key)?.as_u64()?;
            (100..=599).contains(&n).then_some(n as u16)
        };
        self.status.or_else(|| own("statusCode")).or_else(|| own("status")).unwrap_or(match &*self.name {
            "NotModifiedError" => 304,
            "InputError" => 400,
            "AuthenticationError" => 401,
            "NotAllowedError" => 403,
            "NotFoundError" => 404,
            "ConflictError" => 409,
            "NotImplementedError" => 501,
            "ServiceUnavailableError" => 503,
            _ => 500,
        })
    }

    /// `<Name>: <message>`, where it was made if that is known, then the chain of causes: what logs call `stack`.
    pub fn stack(&self) -> String {
        let mut out = format!("{}: {}", self.name, self.message);
        push_location(&mut out, self.error);
        let mut next = self.cause;
        while let Some(cause) = next {
            let seen = describe(cause);
            out.push_str(&format!("\ncaused by {}: {}", seen.name, seen.message));
            push_location(&mut out, cause);
            next = cause.source();
        }
        out
    }
}

fn push_location(out: &mut String, error: &(dyn StdError + 'static)) {
    if let Some(own) = error.downcast_ref::<Error>().filter(|own| own.foreign().is_none()) {
        out.push_str(&format!("\n    at {}", own.location()));
    }
}
