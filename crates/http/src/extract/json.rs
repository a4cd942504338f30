//! JSON bodies, read and refused as `express.json()` does.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use greenroom_errors::Error;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::HttpError;

/// 100 KiB, as in Express.
const LIMIT: usize = 100 * 1024;

/// A JSON body: what came in, or what goes out.
///
/// As `express.json()`: a body of another content type, or none at all, is `{}`; more than 100 KiB is a 413; anything
/// but an object or an array, and malformed text, is a 400 `SyntaxError` that repeats the body; an unknown charset or
/// encoding is a 415. A body that does not fit `T` is a 400 `InputError`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = HttpError;

    async fn from_request(request: Request, _: &S) -> Result<Self, HttpError> {
        let value = read(request).await?;
        let parsed =
            serde_json::from_value(value).map_err(|error| Error::input(format!("Invalid body: {error}")))?;
        Ok(Self(parsed))
    }
}

async fn read(request: Request) -> Result<Value, Error> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) || !has_body(&parts.headers) {
        return Ok(json!({}));
    }
    let charset = charset(&parts.headers);
    if let Some(charset) = charset.filter(|charset| !charset.starts_with("utf-")) {
        let text = format!("unsupported charset \"{}\"", charset.to_ascii_uppercase());
        return Err(unsupported(text).with("charset", charset).with("type", "charset.unsupported"));
    }
    if let Some(encoding) = header_text(&parts.headers, header::CONTENT_ENCODING).filter(|e| e != "identity")
    {
        let text = format!("unsupported content encoding \"{encoding}\"");
        return Err(unsupported(text).with("encoding", encoding).with("type", "encoding.unsupported"));
    }
    let declared = header_text(&parts.headers, header::CONTENT_LENGTH).and_then(|l| l.parse::<usize>().ok());
    if let Some(length) = declared.filter(|length| *length > LIMIT) {
        return Err(too_large()
            .with("expected", length)
            .with("length", length)
            .with("limit", LIMIT)
            .with("type", "entity.too.large"));
    }
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => parse(&collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(too_large().with("limit", LIMIT).with("type", "entity.too.large"))
        }
        Err(_) => Err(Error::named("BadRequestError", "request aborted")
            .with_status(400)
            .with("type", "request.aborted")),
    }
}

fn parse(body: &Bytes) -> Result<Value, Error> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    let text = String::from_utf8_lossy(body);
    let trimmed = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let refuse = |message: String| {
        Error::named("SyntaxError", message)
            .with("expose", true)
            .with("statusCode", 400)
            .with("status", 400)
            .with("body", text.as_ref())
            .with("type", "entity.parse.failed")
    };
    // Strict mode: the first character decides before anything is parsed.
    if let Some(first) = trimmed.chars().next().filter(|first| !matches!(first, '{' | '[')) {
        return Err(refuse(unexpected(&text, first, text.len() - trimmed.len())));
    }
    serde_json::from_str(&text).map_err(|error| refuse(v8_message(&text, &error)))
}

/// The text of V8's error, for the common ones.
fn v8_message(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "Unexpected end of JSON input".to_owned();
    }
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let at = (lines + error.column()).saturating_sub(1).min(text.len());
    let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match text[at..].chars().next() {
        Some(character) => unexpected(text, character, at),
        None => "Unexpected end of JSON input".to_owned(),
    }
}

/// `Unexpected token 'x', "…" is not valid JSON`, the source shortened around the place as V8 does.
fn unexpected(text: &str, character: char, at: usize) -> String {
    const AROUND: usize = 10;
    let units: Vec<char> = text.chars().collect();
    let position = text[..at].chars().count();
    let start = if units.len() > 40 { position.saturating_sub(AROUND) } else { 0 };
    let end = if units.len() > 40 { (position + AROUND).min(units.len()) } else { units.len() };
    let shown: String = units[start..end].iter().collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if end < units.len() { "..." } else { "" };
    format!("Unexpected token '{character}', {before}\"{shown}\"{after} is not valid JSON")
}

fn unsupported(message: String) -> Error {
    Error::named("UnsupportedMediaTypeError", message).with_status(415)
}

fn too_large() -> Error {
    Error::named("PayloadTooLargeError", "request entity too large").with_status(413)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(|value| value.trim().to_ascii_lowercase())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = header_text(headers, header::CONTENT_TYPE).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json")
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || header_text(headers, header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let kind = header_text(headers, header::CONTENT_TYPE)?;
    let parameter =
        kind.split(';').skip(1).find_map(|p| p.trim().strip_prefix("charset=").map(str::to_owned))?;
    Some(parameter.trim_matches('"').to_owned())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_value(&self.0) {
            Ok(value) => {
                let mut response = crate::respond::json(StatusCode::OK, &value, false);
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
