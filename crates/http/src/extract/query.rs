//! Query parameters, refused in words that a caller understands.

use std::{borrow::Cow, fmt};

use axum::extract::FromRequestParts;
use greenroom_errors::Error;
use http::request::Parts;
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
    let mut parameters: Vec<(Cow<'_, str>, Cow<'_, str>)> = serde_html_form::from_str(text).ok()?;
    let mut has_any = false;
    for (_, value) in &mut parameters {
        if value.parse().is_ok_and(|number: f64| !number.is_finite()) {
            *value = Cow::Borrowed("no number");
            has_any = true;
        }
    }
    has_any.then(|| serde_html_form::to_string(&parameters).ok())?
}
