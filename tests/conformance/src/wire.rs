//! Answers as they stand on the wire: HTTP/1.1 heads and bodies, decoded but not interpreted.
//!
//! Works on any reader, so that recorded bytes and live sockets take the same path. It must not know what an answer means.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The status line and headers of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// `200`
    pub status: u16,
    /// `OK`
    pub reason: String,
    /// Names as sent, in the order sent.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// Reads a status line and header lines (without line ends).
    pub fn parse<'a>(mut lines: impl Iterator<Item = &'a str>) -> io::Result<Self> {
        let status_line = lines.next().unwrap_or_default();
        let mut words = status_line.splitn(3, ' ');
        let (version, status, reason) = (words.next(), words.next(), words.next());
        let status = status.and_then(|s| s.parse().ok());
        let Some((status, true)) = status.zip(version.map(|v| v.starts_with("HTTP/"))) else {
            return Err(malformed(format!("status line {status_line:?}")));
        };
        let headers = lines
            .map(|line| match line.split_once(':') {
                Some((name, value)) => Ok((name.to_owned(), value.trim().to_owned())),
                None => Err(malformed(format!("header line {line:?}"))),
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { status, reason: reason.unwrap_or_default().to_owned(), headers })
    }

    /// The first value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One answer; `B` is what is known of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<B> {
    /// Status and headers.
    pub head: Head,
    /// The body, decoded from its framing.
    pub body: B,
    /// The connection ended before the body did.
    pub cut: bool,
}

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<B> {
    /// One answer, or several to pipelined requests.
    Answered(Vec<Answer<B>>),
    /// Nobody listened.
    Refused,
}

/// Reads the next final answer; `None` when the stream ends before one begins. A HEAD request's answer has no body
/// whatever its headers say (`bodiless`).
pub async fn read_answer<R>(reader: &mut R, bodiless: bool) -> io::Result<Option<Answer<Vec<u8>>>>
where
    R: AsyncBufRead + Unpin,
{
    loop {
        let Some(head) = read_head(reader).await? else { return Ok(None) };
        // What follows a switch is another protocol's, to the end.
        if head.status < 200 && head.status != 101 {
            continue;
        }
        let mut body = Vec::new();
        let whole = match () {
            () if bodiless || matches!(head.status, 204 | 304) => Ok(()),
            () if is_chunked(&head) => read_chunks(reader, &mut body).await,
            () => match head.header("content-length").map(str::parse::<u64>) {
                Some(Ok(length)) => read_exactly(reader, length, &mut body).await,
                Some(Err(_)) => return Err(malformed("content-length".to_owned())),
                None => reader.read_to_end(&mut body).await.map(drop),
            },
        };
        let cut = match whole {
            Ok(()) => false,
            Err(error) if ended(&error) => true,
            Err(error) => return Err(error),
        };
        return Ok(Some(Answer { head, body, cut }));
    }
}

/// Whether an error only says that the other side went away.
pub(crate) fn ended(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

fn is_chunked(head: &Head) -> bool {
    head.header("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().ends_with("chunked"))
}

async fn read_head<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Head>> {
    let mut lines = Vec::new();
    loop {
        match read_line(reader).await {
            Ok(line) if line.is_empty() => break,
            Ok(line) => lines.push(line),
            Err(error) if ended(&error) && lines.is_empty() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Head::parse(lines.iter().map(String::as_str)).map(Some)
}

/// A line without its end; an error when the stream ends first.
async fn read_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

async fn read_chunks<R: AsyncBufRead + Unpin>(reader: &mut R, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(reader).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| malformed(format!("chunk size {line:?}")))?;
        if size == 0 {
            while !read_line(reader).await?.is_empty() {}
            return Ok(());
        }
        read_exactly(reader, size, body).await?;
        read_line(reader).await?;
    }
}

async fn read_exactly<R: AsyncBufRead + Unpin>(
    reader: &mut R,
    length: u64,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    let read = reader.take(length).read_to_end(body).await?;
    if (read as u64) < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn malformed(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed answer: {what}"))
}
