//! Compression of bodies, with the rules of Express's `compression`.

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use axum::{body::Body, response::Response};
use futures_util::{FutureExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body::Body as _;
use tokio::io::AsyncReadExt;
use tokio_util::io::{ReaderStream, StreamReader};

use super::{headers::add_vary, send::JSON};
use crate::{
    exchange::{Asked, Exchange},
    pipeline::Step,
    unchanged::{is_finished, is_unchanged},
};

/// A shorter body is not encoded.
const THRESHOLD: u64 = 1024;

/// How a body can be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `br`
    Brotli,
    /// `gzip`
    Gzip,
    /// `deflate`
    Deflate,
}

const BROTLI: async_compression::Level = async_compression::Level::Precise(4);

impl Coding {
    /// All of them, by preference among those of equal weight.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Deflate];

    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// The one that a client gets a body of that type and length in; `None` is the body as it is.
    pub fn negotiate(accept_encoding: Option<&HeaderValue>, content_type: &str, length: u64) -> Option<Self> {
        if length < THRESHOLD || !is_compressible_type(content_type) {
            return None;
        }
        negotiate(accept_encoding?)
    }

    /// Encodes a whole body. It takes its time: about 30 ms for a megabyte.
    ///
    /// # Errors
    /// None is known: nothing but memory is read and written.
    pub fn encode(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut encoded = Vec::new();
        // What reads from memory never waits.
        let done = match self {
            Self::Brotli => {
                BrotliEncoder::with_quality(body, BROTLI).read_to_end(&mut encoded).now_or_never()
            }
            Self::Gzip => GzipEncoder::new(body).read_to_end(&mut encoded).now_or_never(),
            Self::Deflate => ZlibEncoder::new(body).read_to_end(&mut encoded).now_or_never(),
        };
        done.unwrap_or_else(|| Err(std::io::ErrorKind::WouldBlock.into())).map(|_| encoded)
    }
}

/// Encodes bodies that are worth it for clients that take it; says `Vary` where another client might.
pub(crate) struct Compression;

impl Step for Compression {
    fn on_response(&self, exchange: &mut Exchange, response: &mut Response) {
        if !is_unchanged(response) {
            let body = std::mem::take(response.body_mut());
            *response.body_mut() = compress(&exchange.asked, response.headers_mut(), body);
        } else if is_finished(response)
            && is_compressible(response.headers())
            && !has_no_transform(response.headers())
        {
            add_vary(response.headers_mut(), "Accept-Encoding");
        }
    }
}

fn compress(asked: &Asked, response: &mut HeaderMap, body: Body) -> Body {
    if !is_compressible(response) || has_no_transform(response) {
        return body;
    }
    add_vary(response, "Accept-Encoding");
    let small =
        body.size_hint().exact().or_else(|| length(response)).is_some_and(|length| length < THRESHOLD);
    if small || asked.method == Method::HEAD || response.contains_key(header::CONTENT_ENCODING) {
        return body;
    }
    let Some(coding) = asked.accept_encoding.as_ref().and_then(negotiate) else { return body };
    response.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    response.remove(header::CONTENT_LENGTH);
    let reader = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    match coding {
        Coding::Brotli => Body::from_stream(ReaderStream::new(BrotliEncoder::with_quality(reader, BROTLI))),
        Coding::Gzip => Body::from_stream(ReaderStream::new(GzipEncoder::new(reader))),
        Coding::Deflate => Body::from_stream(ReaderStream::new(ZlibEncoder::new(reader))),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Media types beside `text/*`, `+json`, `+text` and `+xml` that mime-db calls compressible.
const COMPRESSIBLE: [&str; 41] = [
    "application/dart",
    "application/ecmascript",
    "application/javascript",
    "application/json",
    "application/octet-stream",
    "application/postscript",
    "application/raml+yaml",
    "application/rtf",
    "application/tar",
    "application/toml",
    "application/vnd.dart",
    "application/vnd.ms-fontobject",
    "application/vnd.ms-opentype",
    "application/wasm",
    "application/x-httpd-php",
    "application/x-javascript",
    "application/x-ns-proxy-autoconfig",
    "application/x-sh",
    "application/x-tar",
    "application/x-virtualbox-hdd",
    "application/x-virtualbox-ova",
    "application/x-virtualbox-ovf",
    "application/x-virtualbox-vbox",
    "application/x-virtualbox-vdi",
    "application/x-virtualbox-vhd",
    "application/x-virtualbox-vmdk",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/xml-dtd",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.adobe.photoshop",
    "image/vnd.microsoft.icon",
    "image/vnd.ms-dds",
    "image/x-icon",
    "image/x-ms-bmp",
    "message/rfc822",
    "model/gltf-binary",
    "x-shader/x-fragment",
    "x-shader/x-vertex",
];

fn is_compressible(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return false };
    if kind.as_bytes() == JSON.as_bytes() {
        return true;
    }
    kind.to_str().is_ok_and(is_compressible_type)
}

fn is_compressible_type(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["+json", "+text", "+xml"].iter().any(|suffix| kind.ends_with(suffix))
        || COMPRESSIBLE.binary_search(&kind.as_str()).is_ok()
}

fn has_no_transform(headers: &HeaderMap) -> bool {
    let control = headers.get(header::CACHE_CONTROL).and_then(|v| v.to_str().ok());
    control.is_some_and(|control| {
        control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
    })
}

/// The coding of greatest weight, by preference among equals; `None` if the client wants the body as it is.
///
/// The rules are those of the `negotiator` package, whose choice is Express's.
fn negotiate(accepted: &HeaderValue) -> Option<Coding> {
    let accepted = accepted.to_str().ok()?;
    let weights: Vec<(&str, f32)> = accepted.split(',').map(weighted).collect();
    let listed = |wanted: &str| weights.iter().find(|(n, _)| n.eq_ignore_ascii_case(wanted)).map(|(_, q)| *q);
    let weight = |name: &str| listed(name).or_else(|| listed("*")).unwrap_or(0.0);
    let mut best: Option<(Coding, f32)> = None;
    for coding in Coding::ALL {
        let q = weight(coding.name());
        if q > 0.0 && best.is_none_or(|(_, other)| q > other) {
            best = Some((coding, q));
        }
    }
    let (coding, q) = best?;
    let preferred = coding != Coding::Deflate;
    let identity = listed("identity").unwrap_or(0.0);
    (q > identity || (q == identity && preferred)).then_some(coding)
}

/// `gzip;q=0.5`: the name, and its weight; 0 for a weight that is no number.
fn weighted(item: &str) -> (&str, f32) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    let weight = weight.map(|weight| weight.trim().parse().ok().filter(|q: &f32| q.is_finite()));
    (name.trim(), weight.map_or(1.0, Option::unwrap_or_default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_coding_wins_brotli_among_equals() {
        let chosen =
            |accepted: &'static str| negotiate(&HeaderValue::from_static(accepted)).map(Coding::name);
        // What `negotiator` answers, `None` for `identity`.
        let brotli = ["br, gzip, deflate", "*", "identity, br", "br;q=1.5"];
        let gzip = [
            "gzip;q=1.0, br;q=0.5",
            "gzip, *;q=0",
            "gzip;q=0.5, *;q=0.1",
            "deflate, gzip",
            "GZIP",
            "br;q=0, *",
            "identity;q=0.5, gzip;q=0.5",
            "gzip;x=1",
        ];
        let deflate = ["deflate", "gzip; q=0.2, deflate;q=0.9", "deflate;q=0.1"];
        let none = [
            "zstd",
            "gzip;q=0",
            "gzip;q=0.5, identity",
            "identity",
            "identity;q=0",
            "*;q=0",
            "gzip;q=abc",
            "",
            " ,,",
            "identity;q=1, *;q=0",
            "identity;q=0.5, *;q=0.2",
        ];
        for (accepted, expected) in brotli
            .map(|a| (a, Some("br")))
            .into_iter()
            .chain(gzip.map(|a| (a, Some("gzip"))))
            .chain(deflate.map(|a| (a, Some("deflate"))))
            .chain(none.map(|a| (a, None)))
        {
            assert_eq!(chosen(accepted), expected, "{accepted}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_accept_encoding_is_understood(accepted in "[ -~]{0,40}") {
            negotiate(&HeaderValue::try_from(accepted).unwrap());
        }
    }
}
