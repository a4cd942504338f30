//! Recorded exchanges: `.http` files, of two kinds.
//!
//! * `# curl <arguments> <url>`, then what curl said it sent (`> `) and received (`< `), a blank line and the body. The recording
//!   leaves out `User-Agent: curl` and `Accept: */*`; a HEAD answer is repeated as its own body; a body that is long or not
//!   text is only described (`...[102408 bytes]`, `[binary 29 bytes]`).
//! * `# raw request` and `# raw response (eof)`: bytes as they were, with `\n` for `\r\n` and latin-1 for bytes above 127.
//!   `(still open)` is a connection that the answer has left open. The frames of a WebSocket are a line each.

use std::io;

use crate::frames;
use crate::version::{Kind, Version};
use crate::wire::{Answer, Head, Outcome, read_answer};

mod body;

pub use body::RecordedBody;

/// Where the recorded backend listened: rewritten to the replayed one's authority.
pub const RECORDED_AUTHORITY: &str = "localhost:17041";

/// One recorded exchange.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The file's name without `.http`.
    pub name: String,
    /// What to send.
    pub request: Request,
    /// What Node answered.
    pub recorded: Outcome<RecordedBody>,
}

/// The bytes of a request and how its answers end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    bytes: Vec<u8>,
    /// Which answers to wait for.
    pub replies: Replies,
}

/// Which answers a request is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// One answer; without a body to a HEAD request.
    One {
        /// The request was a HEAD.
        bodiless: bool,
    },
    /// All that come until the other side closes.
    UntilClose,
}

impl Request {
    /// A plain GET, for waiting on a backend.
    pub fn get(path: &str) -> Self {
        let bytes = format!(
            "GET {path} HTTP/1.1\r\nHost: {RECORDED_AUTHORITY}\r\nUser-Agent: poll\r\nConnection: close\r\n\r\n"
        );
        Self { bytes: bytes.into_bytes(), replies: Replies::One { bodiless: false } }
    }

    /// These bytes, in which [`RECORDED_AUTHORITY`] stands for where the backend listens; one answer is read.
    pub fn raw(bytes: Vec<u8>) -> Self {
        let bodiless = bytes.starts_with(b"HEAD ");
        Self { bytes, replies: Replies::One { bodiless } }
    }

    /// A request for a WebSocket, which is read until the other side closes.
    pub fn upgrade(path: &str) -> Self {
        let bytes = format!(
            "GET {path} HTTP/1.1\r\nHost: {RECORDED_AUTHORITY}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        Self { bytes: bytes.into_bytes(), replies: Replies::UntilClose }
    }

    /// The bytes to send to a backend at `authority`.
    pub fn encode(&self, authority: &str) -> Vec<u8> {
        replace(&self.bytes, RECORDED_AUTHORITY.as_bytes(), authority.as_bytes())
    }
}

impl Transcript {
    /// Reads what a version answered.
    pub async fn load(version: Version, name: &str) -> io::Result<Self> {
        Self::parse(name, &version.recording(Kind::Exchange, name)?).await
    }

    /// Reads the text of a recording.
    pub async fn parse(name: &str, text: &str) -> io::Result<Self> {
        let parsed = match text.split_once('\n') {
            Some((first, rest)) if first.starts_with("# curl ") => {
                parse_curl(&first["# curl ".len()..], rest)
            }
            Some(("# raw request", rest)) => parse_raw(rest).await,
            _ => Err(unreadable("neither a curl nor a raw recording")),
        };
        let (request, recorded) =
            parsed.map_err(|error| io::Error::new(error.kind(), format!("transcript {name}: {error}")))?;
        Ok(Self { name: name.to_owned(), request, recorded })
    }
}

type Exchange = (Request, Outcome<RecordedBody>);

fn parse_curl(command: &str, rest: &str) -> io::Result<Exchange> {
    let (lines, text) = rest.split_once("\n\n").ok_or_else(|| unreadable("no blank line before the body"))?;
    let lines_after = |mark: &'static str| lines.lines().filter_map(move |line| line.strip_prefix(mark));
    let head = lines_after("> ").filter(|line| !line.is_empty());
    let refused = lines_after("curl: ").any(|line| line.starts_with("(7)"));
    let cut = lines_after("curl: ").any(|line| line.starts_with("(18)"));

    let (bytes, bodiless) = if refused {
        (curl_get(command)?, false)
    } else {
        let bytes = curl_request(head, body::sent(command)?)?;
        let bodiless = bytes.starts_with(b"HEAD ");
        (bytes, bodiless)
    };
    let request = Request { bytes, replies: Replies::One { bodiless } };
    if refused {
        return Ok((request, Outcome::Refused));
    }

    let received: Vec<&str> = lines_after("< ").filter(|line| !line.is_empty()).collect();
    let last = received.iter().rposition(|line| line.starts_with("HTTP/")).unwrap_or(0);
    let head = Head::parse(received[last..].iter().copied())?;
    let body = if bodiless { RecordedBody::Exact(Vec::new()) } else { RecordedBody::parse(text) };
    Ok((request, Outcome::Answered(vec![Answer { head, body, cut }])))
}

/// What curl sent, with the two header lines that the recording leaves out.
fn curl_request<'a>(mut head: impl Iterator<Item = &'a str>, body: Vec<u8>) -> io::Result<Vec<u8>> {
    let request_line = head.next().ok_or_else(|| unreadable("no request line"))?;
    let headers: Vec<&str> = head.collect();
    let has = |name: &str| headers.iter().any(|h| h.to_ascii_lowercase().starts_with(name));
    let mut text = format!("{request_line}\r\n");
    for (name, line) in [("user-agent:", "User-Agent: curl/7.88.1"), ("accept:", "Accept: */*")] {
        if !has(name) {
            text.extend([line, "\r\n"]);
        }
    }
    for line in &headers {
        text.extend([line, "\r\n"]);
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend(body);
    Ok(bytes)
}

/// The request curl would have sent had anyone listened: a recording of a refused connection has no head.
fn curl_get(command: &str) -> io::Result<Vec<u8>> {
    let url = command.split_whitespace().last().unwrap_or_default();
    let path = url.split_once(RECORDED_AUTHORITY).ok_or_else(|| unreadable("a foreign URL"))?.1;
    curl_request(
        [&*format!("GET {path} HTTP/1.1"), &*format!("Host: {RECORDED_AUTHORITY}")].into_iter(),
        Vec::new(),
    )
}

async fn parse_raw(rest: &str) -> io::Result<Exchange> {
    let (sent, how, received) = split_raw(rest).ok_or_else(|| unreadable("no raw response"))?;
    let mut bytes: Vec<u8> = sent.replace('\n', "\r\n").chars().map(|c| c as u32 as u8).collect();
    body::complete_raw(&mut bytes);
    let replies = match how {
        "still open" => Replies::One { bodiless: false },
        _ => Replies::UntilClose,
    };
    let (http, frames) = match received.split_once("\n\n") {
        Some((head, frames)) if head.starts_with("HTTP/1.1 101 ") => (format!("{head}\n\n"), frames),
        _ => (received.strip_suffix('\n').unwrap_or(received).to_owned(), ""),
    };
    let mut wire = http.replace('\n', "\r\n").into_bytes();
    wire.extend(frames::bytes(frames).ok_or_else(|| unreadable("a line that is no frame"))?);
    let mut reader = &wire[..];
    let mut answers = Vec::new();
    while let Some(Answer { head, body, cut }) = read_answer(&mut reader, false).await? {
        answers.push(Answer { head, body: RecordedBody::Exact(body), cut });
    }
    Ok((Request { bytes, replies }, Outcome::Answered(answers)))
}

/// What was sent, how the connection was left, and what was received, of a raw recording.
pub(crate) fn split_raw(text: &str) -> Option<(&str, &str, &str)> {
    let (sent, rest) = text.split_once("\n# raw response (")?;
    let (how, received) = rest.split_once(")\n")?;
    Some((sent, how, received))
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

fn unreadable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
