//! One request, in parts, so that it can be made smaller.

use std::fmt;

use crate::transcript::{RECORDED_AUTHORITY, Request};

/// A request in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `GET`
    pub method: String,
    /// The path, without the query.
    pub path: Vec<u8>,
    /// With its question mark; empty if there is none.
    pub query: Vec<u8>,
    /// `1.1` or `1.0`.
    pub version: &'static str,
    /// Whether `Host` is sent.
    pub host: bool,
    /// Header lines, in order; those of framing are added.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Sent in chunks rather than with a length.
    pub chunked: bool,
}

impl Case {
    /// A GET of a path.
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            path: path.as_bytes().to_owned(),
            query: Vec::new(),
            version: "1.1",
            host: true,
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
        }
    }

    /// Its bytes; `agent` is its user agent.
    pub fn request(&self, agent: &str) -> Request {
        let mut bytes = format!("{} ", self.method).into_bytes();
        bytes.extend(&self.path);
        bytes.extend(&self.query);
        bytes.extend(format!(" HTTP/{}\r\n", self.version).bytes());
        if self.host {
            bytes.extend(format!("Host: {RECORDED_AUTHORITY}\r\n").bytes());
        }
        bytes.extend(format!("User-Agent: {agent}\r\n").bytes());
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        if self.chunked {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in self.body.chunks(37 * 1024) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
        } else {
            if !self.body.is_empty() || matches!(&*self.method, "POST" | "PUT" | "PATCH") {
                bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes());
            }
            bytes.extend(b"\r\n");
            bytes.extend(&self.body);
        }
        Request::raw(bytes)
    }

    /// The value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The path and query as text.
    pub fn target(&self) -> String {
        [&self.path[..], &self.query[..]].concat().escape_ascii().to_string()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} HTTP/{}", self.method, self.target(), self.version)?;
        if !self.host {
            write!(f, ", no host")?;
        }
        for (name, value) in &self.headers {
            write!(f, ", {name}: {value}")?;
        }
        if !self.body.is_empty() || self.chunked {
            let start = self.body[..self.body.len().min(120)].escape_ascii();
            let framing = if self.chunked { " chunked" } else { "" };
            write!(f, ", body ({} bytes{framing}) {start}", self.body.len())?;
        }
        Ok(())
    }
}
