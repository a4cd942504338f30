//! JSON bodies, read and refused as `express.json()` does.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use greenroom_errors::Error;
use greenroom_js as js;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    HttpError,
    express::{body_parser, json_syntax, send::json_response},
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
/// charset or encoding is a 415. A body that does not fit `T` is a 400 `InputError`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = HttpError;

    async fn from_request(request: Request, _: &S) -> Result<Self, HttpError> {
        let value = match body_parser::text(request).await? {
            Some(text) if !text.is_empty() => parse(&text)?,
            _ => json!({}),
        };
        let parsed =
            serde_json::from_value(value).map_err(|error| Error::input(format!("Invalid body: {error}")))?;
        Ok(Self(parsed))
    }
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
                let mut response = json_response(text);
                response.extensions_mut().insert(FromJson);
                response
            }
            Err(error) => HttpError::from(error).into_response(),
        }
    }
}

/// Marks a response that [`Json`] made: development indents it.
#[derive(Clone)]
pub(crate) struct FromJson;
