//! Query parameters, refused in words that a caller understands.

use std::{borrow::Cow, fmt};

use axum::extract::FromRequestParts;
use greenroom_errors::Error;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::{refusal_of, words};
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
/// A parameter that does not fit is a 400 `InputError: Invalid query: 'limit' must be a whole number …`. Numbers are finite, as
/// in JSON. Nested names as
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
        let refused = |why: &Refused| Error::input(format!("Invalid query: {}", refusal_of(why)));
        let value = read(text).map_err(|why| refused(&why))?;
        if let Some(text) = without_infinite_numbers(text)
            && let Err(why) = read::<T>(&text)
            && words::is_of_number(&why.inner().to_string())
        {
            Err(refused(&why))?;
        }
        Ok(Self(value))
    }
}

type Refused = serde_path_to_error::Error<serde_html_form::de::Error>;

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Refused> {
    serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(text.as_bytes()))
}

/// The query with something that is no number in place of `NaN`, `inf` and `1e400`; `None` if it has none of them.
///
/// They may be meant as texts: whether a number is asked for shows when it is not there. JSON has no such numbers.
fn without_infinite_numbers(text: &str) -> Option<String> {
    let is_infinite = |value: &str| {
        let value = percent_decode_str(value).decode_utf8_lossy();
        value.parse().is_ok_and(|number: f64| !number.is_finite())
    };
    let mut has_any = false;
    let parameters = text.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, value)) if is_infinite(value) => {
            has_any = true;
            Cow::Owned(format!("{name}=none"))
        }
        _ => Cow::Borrowed(parameter),
    });
    let parameters: Vec<_> = parameters.collect();
    has_any.then(|| parameters.join("&"))
}
