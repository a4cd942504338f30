//! A client that sends and reads exact bytes.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{PATIENCE, find};

/// Speaks HTTP byte by byte to the server in front.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) SocketAddr);

impl Client {
    pub(crate) async fn connect(self) -> Connection {
        Connection { stream: TcpStream::connect(self.0).await.unwrap(), unread: vec![] }
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(self, bytes: impl AsRef<[u8]>) -> Connection {
        let mut connection = self.connect().await;
        connection.send(bytes).await;
        connection
    }

    /// Sends a request, and reads its answer.
    pub(crate) async fn ask(self, request: &str) -> Answer {
        let method = request.split(' ').next().unwrap().to_owned();
        self.send(request).await.answer(&method).await
    }

    pub(crate) async fn get(self, target: &str) -> Answer {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n")).await
    }
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) unread: Vec<u8>,
}

impl Connection {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The other side may have closed.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Reads one answer to a request of this method.
    pub(crate) async fn answer(&mut self, method: &str) -> Answer {
        let mut answer = self.head().await.expect("the connection ended without an answer");
        if method == "HEAD" || matches!(answer.status, 101 | 204 | 304) {
            return answer;
        }
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.unread.len() < length && self.more().await {}
            answer.body = self.unread.drain(..length).collect();
        } else if answer.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk().await {
                answer.body.extend(chunk);
            }
        } else {
            answer.body = self.rest().await;
        }
        answer
    }

    /// Reads the head of an answer; `None` at the end of the connection.
    pub(crate) async fn head(&mut self) -> Option<Answer> {
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
        Some(Answer { status, headers, head: head.clone(), body: vec![] })
    }

    /// One chunk of a body; `None` for the last, whose trailers stay unread up to their end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.line().await;
        let size = usize::from_str_radix(&size, 16).unwrap();
        if size == 0 {
            while !self.line().await.is_empty() {}
            return None;
        }
        while self.unread.len() < size + 2 {
            assert!(self.more().await, "a chunk that breaks off");
        }
        let chunk = self.unread.drain(..size).collect();
        self.unread.drain(..2);
        Some(chunk)
    }

    /// One line, without its end.
    pub(crate) async fn line(&mut self) -> String {
        let end = loop {
            if let Some(end) = find(&self.unread, b"\r\n") {
                break end;
            }
            assert!(self.more().await, "a line that breaks off");
        };
        let line: Vec<u8> = self.unread.drain(..end + 2).collect();
        String::from_utf8_lossy(&line[..end]).into_owned()
    }

    pub(crate) async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await;
        matches!(read.expect("something in time"), Ok(length) if length > 0)
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            assert!(self.more().await, "it ends after {:?}", String::from_utf8_lossy(&self.unread));
        }
        self.unread.drain(..count).collect()
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.unread)
    }
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

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
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
