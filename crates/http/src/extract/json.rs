//! JSON bodies, read and refused as `express.json()` does.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use greenroom_errors::Error;
use greenroom_js as js;
use http::{HeaderMap, HeaderValue, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    HttpError,
    express::{
        body_parser::{self, Sent},
        json_syntax,
        send::JSON,
    },
    extract::fit,
};

/// A JSON body: what came in, or what goes out.
///
/// ```
/// use greenroom_http::Json;
/// use serde_json::{Value, json};
///
/// async fn echo(Json(body): Json<Value>) -> Json<Value> {
///     Json(json!({"got": body}))
/// }
/// ```
///
/// As `express.json()`: a body of another content type, or none at all, is `{}`; more than 100 KiB, inflated, is a
/// 413; anything but an object or an array, and malformed text, is a 400 `SyntaxError` that repeats the body; an unknown
/// charset or encoding is a 415. A body that does not fit `T` is a 400 `InputError` that tells why in words of JSON: where
/// the value is, and what it must be; or that there was no body, or one of another content type.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = HttpError;

    async fn from_request(request: Request, _: &S) -> Result<Self, HttpError> {
        let sent = body_parser::read(request).await?;
        let value = match &sent {
            Sent::Json(text) if !text.is_empty() => parse(text)?,
            _ => json!({}),
        };
        let fits = fit(value).map_err(|why| match sent {
            Sent::Json(text) if !text.is_empty() => invalid(&why),
            // There was no body, so `{}` was tried and did not fit. Say that the body is missing.
            Sent::Json(_) | Sent::Nothing => invalid("the request has none"),
            Sent::Other(None) => invalid("it needs the header 'Content-Type: application/json'"),
            Sent::Other(Some(kind)) => {
                invalid(&format!("its Content-Type is '{kind}', not 'application/json'"))
            }
        });
        Ok(Self(fits?))
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// A value of a body that was read as `Json<Value>`; refused in the same words.
    ///
    /// ```
    /// # use greenroom_http::Json;
    /// # use serde_json::json;
    /// let refused = Json::<Vec<u8>>::from_value(json!([1, "x"])).unwrap_err();
    /// assert_eq!(refused.message(), "Invalid body: '[1]' must be a whole number from 0 to 255, not a string");
    /// ```
    ///
    /// # Errors
    /// 400 `InputError: Invalid body: …`.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        fit(value).map(Self).map_err(|why| invalid(&why))
    }
}

fn invalid(why: &str) -> Error {
    Error::input(format!("Invalid body: {why}"))
}

fn parse(text: &str) -> Result<Value, Error> {
    // Strict mode: the first character decides before anything is parsed.
    let fault = match json_syntax::first(text) {
        Some((at, first)) if !matches!(first, '{' | '[') => json_syntax::unexpected(text, at),
        _ => match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(error) => json_syntax::fault(text).unwrap_or_else(|| error.to_string()),
        },
    };
    Err(Error::named("SyntaxError", fault)
        .with("expose", true)
        .with("statusCode", 400)
        .with("status", 400)
        .with("body", text)
        .with("type", "entity.parse.failed"))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match js::stringify(&self.0, false) {
            Ok(text) => {
                let mut response = Response::new(text.into());
                response.headers_mut().insert(header::CONTENT_TYPE, written());
                response
            }
            Err(error) => HttpError::from(error).into_response(),
        }
    }
}

/// The media type of what [`Json`] writes. No other response has the one that stands at this place: so development knows which
/// to indent, and each response is spared a table of extensions for that.
static WRITTEN: [u8; JSON.len()] = *JSON.as_bytes().first_chunk().unwrap();

fn written() -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from_static(&WRITTEN)).unwrap_or(HeaderValue::from_static(JSON))
}

/// Whether [`Json`] has written the body that these headers are of.
pub(crate) fn is_from_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| std::ptr::eq(kind.as_bytes().as_ptr(), WRITTEN.as_ptr()))
}
