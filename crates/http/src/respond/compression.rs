//! Compression of bodies, with the rules of Express's `compression`.

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use axum::body::Body;
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body::Body as _;
use tokio_util::io::{ReaderStream, StreamReader};

const THRESHOLD: u64 = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
    Deflate,
}

impl Coding {
    /// By preference among those of equal weight.
    const ALL: [(Self, &'static str); 3] =
        [(Self::Brotli, "br"), (Self::Gzip, "gzip"), (Self::Deflate, "deflate")];
}

/// Encodes the body if the client takes it and it is worth it; says `Vary` if another client might.
pub(crate) fn compress(method: &Method, request: &HeaderMap, response: &mut HeaderMap, body: Body) -> Body {
    if !is_compressible(response) || has_no_transform(response) {
        return body;
    }
    add_vary(response);
    let small = body.size_hint().exact().is_some_and(|length| length < THRESHOLD);
    if small || *method == Method::HEAD || response.contains_key(header::CONTENT_ENCODING) {
        return body;
    }
    let Some((coding, name)) = negotiate(request) else { return body };
    response.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    response.remove(header::CONTENT_LENGTH);
    let reader = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    match coding {
        Coding::Brotli => {
            let quality = async_compression::Level::Precise(4);
            Body::from_stream(ReaderStream::new(BrotliEncoder::with_quality(reader, quality)))
        }
        Coding::Gzip => Body::from_stream(ReaderStream::new(GzipEncoder::new(reader))),
        Coding::Deflate => Body::from_stream(ReaderStream::new(ZlibEncoder::new(reader))),
    }
}

fn is_compressible(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (class, sub) = kind.split_once('/').unwrap_or((&kind, ""));
    match class {
        "text" => true,
        "image" => matches!(sub, "svg+xml" | "bmp" | "x-icon" | "vnd.microsoft.icon"),
        "font" => matches!(sub, "otf" | "ttf"),
        "application" => {
            matches!(
                sub,
                "json"
                    | "javascript"
                    | "xml"
                    | "wasm"
                    | "graphql"
                    | "x-javascript"
                    | "x-ndjson"
                    | "x-sh"
                    | "sql"
                    | "toml"
                    | "x-httpd-php"
                    | "x-www-form-urlencoded"
                    | "vnd.ms-fontobject"
                    | "x-tar"
                    | "rtf"
            ) || sub.ends_with("+json")
                || sub.ends_with("+xml")
                || sub.ends_with("+text")
                || sub.ends_with("+yaml")
        }
        _ => sub.ends_with("+json") || sub.ends_with("+xml"),
    }
}

fn has_no_transform(headers: &HeaderMap) -> bool {
    let control = headers.get(header::CACHE_CONTROL).and_then(|v| v.to_str().ok()).unwrap_or_default();
    control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

fn add_vary(headers: &mut HeaderMap) {
    let names = |value: &HeaderValue| value.to_str().unwrap_or_default().to_ascii_lowercase();
    let vary = headers.get_all(header::VARY).iter().map(names).collect::<Vec<_>>().join(",");
    if !vary.split(',').any(|name| matches!(name.trim(), "accept-encoding" | "*")) {
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// The coding of greatest weight, by preference among equals; `None` if the client wants the body as it is.
fn negotiate(request: &HeaderMap) -> Option<(Coding, &'static str)> {
    let accepted = request.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let weights: Vec<(&str, f32)> = accepted
        .split(',')
        .map(|item| {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = parameters.split(';').find_map(|p| p.trim().strip_prefix("q=")?.trim().parse().ok());
            (name.trim(), weight.unwrap_or(1.0))
        })
        .collect();
    let weight = |name: &str| {
        let of = |wanted: &str| weights.iter().find(|(n, _)| n.eq_ignore_ascii_case(wanted)).map(|(_, q)| *q);
        of(name).or_else(|| of("*")).unwrap_or(0.0)
    };
    let identity = weights.iter().find(|(n, _)| n.eq_ignore_ascii_case("identity")).map_or(0.0, |(_, q)| *q);
    let mut best: Option<(Coding, &'static str, f32)> = None;
    for (coding, name) in Coding::ALL {
        let q = weight(name);
        if q > 0.0 && q >= identity && best.is_none_or(|(_, _, other)| q > other) {
            best = Some((coding, name, q));
        }
    }
    best.map(|(coding, name, _)| (coding, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_coding_wins_brotli_among_equals() {
        let chosen = |accepted: &'static str| {
            let headers =
                [(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))].into_iter().collect();
            negotiate(&headers).map(|(_, name)| name)
        };
        assert_eq!(chosen("br, gzip, deflate"), Some("br"));
        assert_eq!(chosen("gzip;q=1.0, br;q=0.5"), Some("gzip"));
        assert_eq!(chosen("deflate"), Some("deflate"));
        assert_eq!(chosen("*"), Some("br"));
        assert_eq!(chosen("zstd"), None);
        assert_eq!(chosen("gzip;q=0"), None);
        assert_eq!(chosen("gzip;q=0.5, identity"), None);
        assert_eq!(negotiate(&HeaderMap::new()), None);
    }
}
