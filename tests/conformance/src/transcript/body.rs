//! Bodies of recordings: those that were sent (literal or made from a description) and those that were received.

use std::io;

use super::unreadable;

/// What a recording tells of a received body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedBody {
    /// All of it.
    Exact(Vec<u8>),
    /// How it starts and how long it is.
    Start(String, usize),
    /// Not text (compressed): only status and headers are known.
    Binary,
}

impl RecordedBody {
    /// Reads the body text of a recording, which ends with one added line end.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let counted =
            |text: &str| text.strip_suffix(" bytes]").and_then(|t| t.rsplit_once('[')?.1.parse().ok());
        if text.starts_with("[binary ") {
            return Self::Binary;
        }
        match (text.rfind("...["), counted(text)) {
            (Some(at), Some(length)) => Self::Start(text[..at].to_owned(), length),
            _ => Self::Exact(text.as_bytes().to_vec()),
        }
    }
}

/// The body in curl's arguments: `-d <text>`, or `--data-binary @<file>` of a file known here by name.
pub(super) fn sent(command: &str) -> io::Result<Vec<u8>> {
    let words: Vec<&str> = command.split(' ').collect();
    let value_of =
        |flag: &str| words.iter().position(|w| *w == flag).and_then(|at| words.get(at + 1).copied());
    if let Some(text) = value_of("-d") {
        return Ok(text.as_bytes().to_vec());
    }
    match value_of("--data-binary") {
        None => Ok(Vec::new()),
        Some("@100kobj.json") => Ok(object_of(100 * 1024)),
        Some("@okobj.json") => Ok(object_of(100 * 1024 - 8)),
        Some(_) => Err(unreadable("a data file that is not known")),
    }
}

fn object_of(length: usize) -> Vec<u8> {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(length)).into_bytes()
}

/// Recordings keep the first 2000 bytes of a raw request. The only longer one sends a header of 20,000 `x`.
pub(super) fn complete_raw(bytes: &mut Vec<u8>) {
    if !bytes.ends_with(b"\r\n") {
        let given = bytes.iter().rev().take_while(|b| **b == b'x').count();
        bytes.resize(bytes.len() + 20_000 - given, b'x');
        bytes.extend_from_slice(b"\r\n\r\n");
    }
}
