//! Query parameters, refused in words that a caller understands.

use std::fmt;

use axum::extract::FromRequestParts;
use greenroom_errors::Error;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::refusal_of;
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
/// A parameter that does not fit is a 400 `InputError: Invalid query: 'limit' must be a whole number …`. An `f64` may be `nan` or
/// `inf`, unlike in JSON: ask `is_finite` where that matters. Nested names as `a[b]=c`, which Node's `qs` knows, are names like
/// others here.
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
        let query = parts.uri.query().unwrap_or_default();
        let read =
            serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(query.as_bytes()));
        read.map(Self).map_err(|error| Error::input(format!("Invalid query: {}", refusal_of(&error))).into())
    }
}
