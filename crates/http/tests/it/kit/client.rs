//! A client that sends and reads exact bytes.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::PATIENCE;

/// Speaks HTTP byte by byte.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) SocketAddr);

impl Client {
    pub(crate) fn port(self) -> u16 {
        self.0.port()
    }

    pub(crate) async fn connect(self) -> Connection {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.0.port())).await.unwrap();
        Connection::over(stream)
    }

    /// What the server sends for these bytes until it closes.
    pub(crate) async fn raw(self, bytes: impl AsRef<[u8]>) -> String {
        let mut connection = self.connect().await;
        connection.send(bytes).await;
        connection.rest().await
    }

    pub(crate) async fn get(self, target: &str) -> Answer {
        self.ask("GET", target, &[], b"").await
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(
        self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut connection = self.connect().await;
        connection.ask(method, target, &[headers, &[("Connection", "close")]].concat(), body).await
    }
}

/// One connection.
pub(crate) struct Connection<S = TcpStream> {
    pub(crate) stream: S,
    unread: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, unread: vec![] }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server may answer and close before it has read everything.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        self.send([text.as_bytes(), body].concat()).await;
        self.answer(method).await
    }

    /// Reads one answer to a request of this method.
    pub(crate) async fn answer(&mut self, method: &str) -> Answer {
        self.try_answer(method).await.unwrap_or_else(|| panic!("the connection ended without an answer"))
    }

    /// The same; `None` at the end of the connection.
    pub(crate) async fn try_answer(&mut self, method: &str) -> Option<Answer> {
        let head = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break self.unread.drain(..end + 4).collect::<Vec<_>>();
            }
            self.more().await.then_some(())?;
        };
        let head = String::from_utf8_lossy(&head).into_owned();
        let (first, rest) = head.split_once("\r\n").unwrap();
        let headers = rest.trim_end().split("\r\n").filter_map(|line| line.split_once(": "));
        let headers: Vec<_> = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, headers, head: head.clone(), body: vec![] };
        if method == "HEAD" || status == 304 || status == 204 || status == 100 {
            return Some(answer);
        }
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.unread.len() < length && self.more().await {}
            answer.body = self.unread.drain(..length).collect();
        } else if answer.header("transfer-encoding").is_some() {
            answer.body = self.chunks().await;
        } else {
            while self.more().await {}
            answer.body = std::mem::take(&mut self.unread);
        }
        Some(answer)
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = vec![];
        loop {
            let end = loop {
                if let Some(end) = find(&self.unread, b"\r\n") {
                    break end;
                }
                assert!(self.more().await, "chunks that break off");
            };
            let size: Vec<u8> = self.unread.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&size).unwrap().trim(), 16).unwrap();
            while self.unread.len() < size + 2 && self.more().await {}
            body.extend(self.unread.drain(..size));
            self.unread.drain(..2);
            if size == 0 {
                return body;
            }
        }
    }

    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await;
        matches!(read.expect("an answer in time"), Ok(length) if length > 0)
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned()
    }

    /// Waits for the server's end of the connection; it must send nothing more.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.rest().await, "");
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status and the body.
    pub(crate) fn seen(&self) -> (u16, &str) {
        (self.status, self.text())
    }
}
