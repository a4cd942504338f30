//! The text of a JSON request: type, charset, encoding and size, in the order in which `body-parser` looks at them.

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use axum::{body::Body, extract::Request};
use greenroom_errors::Error;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncReadExt};

/// 100 KiB, as in Express; of an encoded body, once inflated.
const LIMIT: usize = 100 * 1024;
/// A body that inflates to no more than the limit is hardly longer than that itself.
const ENCODED_LIMIT: usize = LIMIT + 4 * 1024;
/// How much of a refused body is read and thrown away, so that the connection can be used on.
const IGNORED: usize = 1024 * 1024;

/// What a request brings.
pub(crate) enum Sent {
    /// No body.
    Nothing,
    /// A body of another content type, or of none; it is not read.
    Other(Option<String>),
    /// JSON, which may be empty.
    Json(String),
}

/// The body as text, if it is of JSON's type.
pub(crate) async fn read(request: Request) -> Result<Sent, Error> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let declared: Option<usize> =
        text_of(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let has_body = headers.contains_key(header::TRANSFER_ENCODING) || declared.is_some();
    if !has_body {
        return Ok(Sent::Nothing);
    }
    if !is_json(headers) {
        return Ok(match declared {
            Some(0) => Sent::Nothing,
            _ => Sent::Other(text_of(headers, header::CONTENT_TYPE)),
        });
    }
    let charset = charset(headers).unwrap_or_else(|| "utf-8".to_owned());
    if !charset.starts_with("utf-") {
        return Err(unknown_charset(&charset));
    }
    let encoding = text_of(headers, header::CONTENT_ENCODING).unwrap_or_else(|| "identity".to_owned());
    let limit = match encoding.as_str() {
        "identity" => LIMIT,
        "gzip" | "deflate" => ENCODED_LIMIT,
        _ => {
            return Err(Error::named(
                "UnsupportedMediaTypeError",
                format!("unsupported content encoding \"{encoding}\""),
            )
            .with_status(415)
            .with("encoding", encoding)
            .with("type", "encoding.unsupported"));
        }
    };
    let decode: fn(&[u8]) -> String = match charset.as_str() {
        "utf-8" => |bytes| String::from_utf8_lossy(bytes).into_owned(),
        "utf-16" => utf16,
        "utf-16le" => |bytes| wide(bytes, u16::from_le_bytes),
        "utf-16be" => |bytes| wide(bytes, u16::from_be_bytes),
        _ => return Err(unknown_charset(&charset)),
    };
    if let Some(length) = declared.filter(|length| encoding == "identity" && *length > LIMIT) {
        ignore(body).await;
        return Err(too_large()
            .with("expected", length)
            .with("length", length)
            .with("limit", LIMIT)
            .with("type", "entity.too.large"));
    }
    let mut bytes = collect(body, limit).await?;
    if encoding != "identity" {
        bytes = inflate(&bytes, encoding == "gzip").await?;
    }
    let text = decode(&bytes);
    Ok(Sent::Json(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}

/// All bytes, if they are no more than the limit.
async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Error::named("BadRequestError", "request aborted")
                .with_status(400)
                .with("code", "ECONNABORTED")
                .with("received", bytes.len())
                .with("type", "request.aborted")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            ignore(body).await;
            return Err(overflow(bytes.len() + data.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

async fn ignore(mut body: Body) {
    let mut ignored = 0;
    while let Some(Ok(frame)) = body.frame().await {
        ignored += frame.data_ref().map_or(0, |data| data.len());
        if ignored > IGNORED {
            return;
        }
    }
}

async fn inflate(bytes: &[u8], gzip: bool) -> Result<Vec<u8>, Error> {
    let mut inflated = Vec::new();
    let done = if gzip {
        let mut decoder = GzipDecoder::new(bytes);
        decoder.multiple_members(true);
        inflate_into(&mut inflated, decoder).await
    } else {
        inflate_into(&mut inflated, ZlibDecoder::new(bytes)).await
    };
    if inflated.len() > LIMIT {
        return Err(overflow(inflated.len()));
    }
    let (ended_early, header) = match done {
        Ok(_) if !bytes.is_empty() => return Ok(inflated),
        Ok(_) => (true, false),
        Err(error) => {
            let headless = bytes.len() < 2;
            let ended_early = headless || error.kind() == std::io::ErrorKind::UnexpectedEof;
            (ended_early, !has_header(bytes, gzip) || error.to_string().contains("header"))
        }
    };
    // zlib's words; of its many for spoilt data, the two common ones.
    let (errno, code, text) = match ended_early {
        true => (-5, "Z_BUF_ERROR", "unexpected end of file"),
        false if header => (-3, "Z_DATA_ERROR", "incorrect header check"),
        false => (-3, "Z_DATA_ERROR", "incorrect data check"),
    };
    Err(Error::new(text)
        .with("errno", errno)
        .with("code", code)
        .with("expose", true)
        .with("statusCode", 400)
        .with("status", 400))
}

async fn inflate_into(into: &mut Vec<u8>, decoder: impl AsyncRead + Unpin) -> std::io::Result<usize> {
    decoder.take(LIMIT as u64 + 1).read_to_end(into).await
}

fn has_header(bytes: &[u8], gzip: bool) -> bool {
    match bytes {
        [0x1f, 0x8b, ..] => gzip,
        [method, flags, ..] => !gzip && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => false,
    }
}

/// Big-endian only if a byte order mark, or else the place of the first ASCII character's zero, says so.
fn utf16(bytes: &[u8]) -> String {
    let big = match bytes {
        [0xfe, 0xff, ..] => true,
        [0xff, 0xfe, ..] => false,
        [first, second, ..] => *first == 0 && *second != 0,
        _ => false,
    };
    wide(bytes, if big { u16::from_be_bytes } else { u16::from_le_bytes })
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn unknown_charset(charset: &str) -> Error {
    let text = format!("unsupported charset \"{}\"", charset.to_ascii_uppercase());
    Error::named("UnsupportedMediaTypeError", text)
        .with_status(415)
        .with("charset", charset)
        .with("type", "charset.unsupported")
}

fn overflow(received: usize) -> Error {
    too_large().with("limit", LIMIT).with("received", received).with("type", "entity.too.large")
}

fn too_large() -> Error {
    Error::named("PayloadTooLargeError", "request entity too large").with_status(413)
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(|value| value.trim().to_ascii_lowercase())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = text_of(headers, header::CONTENT_TYPE).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json")
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let kind = text_of(headers, header::CONTENT_TYPE)?;
    let parameter = kind.split(';').skip(1).find_map(|p| p.trim().strip_prefix("charset="))?;
    Some(parameter.trim_matches('"').to_owned()).filter(|charset| !charset.is_empty())
}
