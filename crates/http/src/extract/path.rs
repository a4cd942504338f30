//! Path parameters, with Express's answer to malformed escapes.

use std::fmt;

use axum::extract::{FromRequestParts, RawPathParams, path::ErrorKind, rejection::PathRejection};
use greenroom_errors::Error;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::words;
use crate::HttpError;

/// Path parameters, decoded.
///
/// ```
/// use greenroom_http::Path;
///
/// async fn part(Path((task, part)): Path<(String, u32)>) -> String {
///     format!("part {part} of {task}")
/// }
/// ```
///
/// A parameter that is not UTF-8 once decoded is a 400 `URIError: Failed to decode param '…'`, as in Express; one that
/// does not parse as the type is a 400 `InputError: Invalid path: 'part' must be a whole number …`. An `f64` may be `nan` or
/// `inf`: ask `is_finite` where that matters. A type that asks for other parameters than the route has is a mistake of the
/// plugin: 500.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

impl<T: fmt::Display> fmt::Display for Path<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        if let Some(segment) = undecodable(parts.uri.path()) {
            Err(Error::named("URIError", format!("Failed to decode param '{segment}'"))
                .with("statusCode", 400)
                .with("status", 400))?
        }
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let parameters = parameters(parts).await;
                Err(refused(error.into_kind(), &parameters))?
            }
            // No client can do anything about it.
            Err(rejection) => Err(Error::new(rejection.body_text()))?,
        }
    }
}

/// The parameters of the route, in order: their names and values.
async fn parameters(parts: &mut Parts) -> Vec<(String, String)> {
    let raw = RawPathParams::from_request_parts(parts, &()).await;
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    raw.map(|raw| raw.iter().map(owned).collect()).unwrap_or_default()
}

fn unlike(name: &str, value: &str, wanted: &str) -> Error {
    let (wanted, value) = (words::expected(wanted), words::shortened(value));
    Error::input(format!("Invalid path: '{name}' must be {wanted}, not '{value}'"))
}

fn refused(why: ErrorKind, parameters: &[(String, String)]) -> Error {
    let at = |index: usize| parameters.get(index).map_or("", |(name, _)| name.as_str());
    match why {
        ErrorKind::ParseErrorAtKey { key, value, expected_type } => unlike(&key, &value, expected_type),
        ErrorKind::ParseErrorAtIndex { index, value, expected_type } => {
            unlike(at(index), &value, expected_type)
        }
        ErrorKind::ParseError { value, expected_type } => unlike(at(0), &value, expected_type),
        ErrorKind::DeserializeError { key, message, .. } => {
            Error::input(format!("Invalid path: {}", words::misfit(&key, &message)))
        }
        ErrorKind::Message(text) if !text.starts_with("missing field") => {
            Error::input(format!("Invalid path: {}", words::misfit(at(0), &text)))
        }
        // The handler asks for what the route does not have: no client can do anything about it.
        mistake => Error::new(format!("The handler's Path does not fit its route: {mistake}")),
    }
}

/// The first segment that `decodeURIComponent` refuses. No literal of a route holds one, so it is a parameter's.
pub(crate) fn undecodable(path: &str) -> Option<&str> {
    memchr::memchr(b'%', path.as_bytes())?;
    path.split('/').find(|segment| {
        let bad_escape = segment.split('%').skip(1).any(|escape| {
            let digits = escape.as_bytes().get(..2);
            !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
        bad_escape || percent_decode_str(segment).decode_utf8().is_err()
    })
}
