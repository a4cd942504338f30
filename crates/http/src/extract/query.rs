//! Query parameters, refused in words that a caller understands.

use std::fmt;

use axum::extract::FromRequestParts;
use greenroom_errors::Error;
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
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
        let read = read(text).and_then(|value| match with_misfit::<T>(text) {
            None => Ok(value),
            Some(other) => read(&other).map(|_: T| value),
        });
        read.map(Self).map_err(|error| Error::input(format!("Invalid query: {}", refusal_of(&error))).into())
    }
}

type Misfit = serde_path_to_error::Error<serde::de::value::Error>;

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(query.as_bytes()))
}

/// The same query, if a `T` reads a value in it as `NaN` or as infinite, with a text in place of that value: so it is refused
/// as what is no number.
fn with_misfit<T: DeserializeOwned>(query: &str) -> Option<String> {
    let mut pairs: Vec<(String, String)> = serde_html_form::from_str(query).ok()?;
    if !pairs.iter().any(|(_, value)| infinite::is_infinite_if_short(value)) {
        return None;
    }
    let misfit = infinite::read_as_infinite_in_query::<T>(&pairs)?;
    "x".clone_into(&mut pairs[misfit].1);
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    Some(pairs.collect::<Vec<_>>().join("&"))
}
