//! An answer, read as far as it can be compared.

use std::borrow::Cow;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use greenroom_redact::Tokens;
use http::{HeaderMap, Response, header};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What stands behind the headers, once it is decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON that says so.
    Json(Value),
    /// Any other text.
    Text(String),
    /// What is no text, or was compressed in a way that is not known.
    Bytes(Vec<u8>),
    /// More than is looked at.
    TooLong,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    /// `200`
    pub status: u16,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// Decoded.
    pub body: Body,
    /// A token was masked in the body: what describes that tells nothing.
    pub held_token: bool,
}

impl Reply {
    /// Reads an answer without the tokens that it repeats; its body may have that many bytes once it is decompressed.
    pub(crate) async fn read(response: Response<Bytes>, most: usize, tokens: &Tokens) -> Self {
        let (parts, body) = response.into_parts();
        let is_json = first(&parts.headers, header::CONTENT_TYPE).contains("json");
        let encoding = first(&parts.headers, header::CONTENT_ENCODING).to_ascii_lowercase();
        let (body, held_token) = match decoded(&body, &encoding, most).await {
            _ if body.is_empty() => (Body::Empty, false),
            Some(body) if body.len() > most => (Body::TooLong, false),
            Some(body) => {
                let (body, held_token) = without(tokens, body);
                (Body::of(body, is_json), held_token)
            }
            None => {
                let (body, held_token) = without(tokens, body.to_vec());
                (Body::Bytes(body), held_token)
            }
        };
        let text = |value: &http::HeaderValue| match value.to_str() {
            Ok(text) => text.to_owned(),
            Err(_) => value.as_bytes().escape_ascii().to_string(),
        };
        let headers = parts.headers.iter();
        let masked = |text: &str| tokens.text(text).into_owned();
        let headers = headers.map(|(name, value)| (masked(name.as_str()), masked(&text(value))));
        Self { status: parts.status.as_u16(), headers: headers.collect(), body, held_token }
    }

    /// The first value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The body, if it is text or JSON that was text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The bytes without tokens, and whether they held one.
fn without(tokens: &Tokens, bytes: Vec<u8>) -> (Vec<u8>, bool) {
    match tokens.bytes(&bytes) {
        Cow::Owned(masked) => (masked, true),
        Cow::Borrowed(_) => (bytes, false),
    }
}

impl Body {
    fn of(body: Vec<u8>, is_json: bool) -> Self {
        if is_json && let Ok(value) = serde_json::from_slice(&body) {
            return Self::Json(value);
        }
        match String::from_utf8(body) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }
}

fn first(headers: &HeaderMap, name: header::HeaderName) -> Cow<'_, str> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default()
}

/// The bytes as they were before compression, one more than `most` if there are as many; `None` if they cannot be had.
async fn decoded(body: &[u8], encoding: &str, most: usize) -> Option<Vec<u8>> {
    match encoding.trim() {
        "" | "identity" => Some(body.to_vec()),
        "gzip" | "x-gzip" => whole(GzipDecoder::new(body), most).await,
        "deflate" => whole(ZlibDecoder::new(body), most).await,
        "br" => whole(BrotliDecoder::new(body), most).await,
        _ => None,
    }
}

async fn whole(reader: impl AsyncRead + Unpin, most: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut body).await.ok()?;
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_what_it_was_before_compression_and_json_where_it_says_so() {
        use async_compression::tokio::bufread::GzipEncoder;
        let mut packed = vec![];
        GzipEncoder::new(&b"{\"a\":1}"[..]).read_to_end(&mut packed).await.unwrap();
        let response = Response::builder()
            .header("Content-Encoding", "gzip")
            .header("Content-Type", "application/json; charset=utf-8")
            .body(Bytes::from(packed))
            .unwrap();
        let reply = Reply::read(response, 1024, &Tokens::default()).await;
        assert_eq!(reply.body, Body::Json(serde_json::json!({"a": 1})));
        assert_eq!(reply.header("content-encoding"), Some("gzip"));
    }

    #[tokio::test]
    async fn what_cannot_be_decoded_stays_bytes_and_a_bomb_is_not_unpacked() {
        use async_compression::tokio::bufread::GzipEncoder;
        let of = |encoding: &str, body: Vec<u8>| {
            Response::builder().header("Content-Encoding", encoding).body(Bytes::from(body)).unwrap()
        };
        let broken = Reply::read(of("gzip", b"no gzip".to_vec()), 1024, &Tokens::default()).await;
        assert_eq!(broken.body, Body::Bytes(b"no gzip".to_vec()));
        let mut bomb = vec![];
        GzipEncoder::new(&vec![b'x'; 100_000][..]).read_to_end(&mut bomb).await.unwrap();
        assert_eq!(Reply::read(of("gzip", bomb), 1024, &Tokens::default()).await.body, Body::TooLong);
    }

    #[tokio::test]
    async fn a_token_is_in_no_part_of_an_answer_and_json_stays_json() {
        let tokens = Tokens::of(["Secret.of_A", "secret-of-b"]);
        let response = Response::builder()
            .header("x-Secret.of_A", "Bearer Secret.of_A")
            .header("Content-Type", "application/json")
            .body(Bytes::from_static(br#"{"secret-of-b":["\u0053ecret.of_A","Secret%2Eof_A"]}"#))
            .unwrap();
        let reply = Reply::read(response, 1024, &tokens).await;
        assert_eq!(reply.header("x-***"), Some("Bearer ***"));
        assert_eq!(reply.body, Body::Json(serde_json::json!({"***": ["***", "***"]})));
        assert!(reply.held_token);
    }
}
