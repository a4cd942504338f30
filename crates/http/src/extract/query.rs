//! Query parameters, refused in words that a caller understands.

use std::fmt;

use axum::extract::FromRequestParts;
use greenroom_errors::Error;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::{infinite, refusal_of};
use crate::HttpError;

/// The parameters of the query, decoded as forms are: `+` is a space, what is not UTF-8 becomes `\u{FFFD}`.
///
/// ```
/// use greenroom_http::Query;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Page {
///     #[serde(default)]
///     offset: u32,
///     limit: Option<u32>,
///     #[serde(default)]
///     tag: Vec<String>, // `?tag=a&tag=b`
/// }
///
/// async fn list(Query(page): Query<Page>) -> String {
///     format!("{:?} from {}", page.limit, page.offset)
/// }
/// ```
///
/// A parameter that does not fit is a 400 `InputError: Invalid query: 'limit' must be a whole number …`; a number is finite. Nested names as
/// `a[b]=c`, which Node's `qs` knows, are names like others here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<T: fmt::Display> fmt::Display for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let text = parts.uri.query().unwrap_or_default();
        let read = read(text).and_then(|value| match without_infinite(text) {
            None => Ok(value),
            Some(other) => match read::<T>(&other) {
                Err(error) if error.inner().to_string() == NO_NUMBER => Err(error),
                _ => Ok(value),
            },
        });
        read.map(Self).map_err(|error| Error::input(format!("Invalid query: {}", refusal_of(&error))).into())
    }
}

/// What a text is told that cannot be read as a number with a fraction.
const NO_NUMBER: &str = "invalid float literal";

type Misfit = serde_path_to_error::Error<serde::de::value::Error>;

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(query.as_bytes()))
}

/// The same query, if a value in it could be read as `NaN` or as infinite, with a text in place of each such value: who reads
/// that as a number, fails.
fn without_infinite(query: &str) -> Option<String> {
    let is_infinite = |value: &str| {
        percent_decode_str(value).decode_utf8().is_ok_and(|value| infinite::is_infinite(&value))
    };
    let mut has_any = false;
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_infinite(value) => {
            has_any = true;
            format!("{name}=x")
        }
        _ => pair.to_owned(),
    });
    let other = pairs.collect::<Vec<_>>().join("&");
    has_any.then_some(other)
}
