//! A server behind that does what a test says, byte by byte.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::timeout,
};

use super::{PATIENCE, find};

/// What probes are answered.
pub(crate) const READY: &str =
    "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}";

/// A server behind. Its probes are answered by the kit; everything else is the test's.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    accepts: tokio::task::JoinHandle<()>,
    probes: Arc<Mutex<Vec<String>>>,
    hangs: watch::Sender<bool>,
}

impl Upstream {
    pub(crate) async fn listen() -> Self {
        Self::listen_at((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    pub(crate) async fn listen_at(address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, arrived) = mpsc::unbounded_channel();
        let (probes, hangs) = (Arc::<Mutex<Vec<String>>>::default(), watch::Sender::new(false));
        #[expect(clippy::disallowed_methods, reason = "the server behind belongs to no backend")]
        let accepts = tokio::spawn(accept(listener, tell, probes.clone(), hangs.subscribe()));
        Self { address, arrived, accepts, probes, hangs }
    }

    /// The next connection.
    pub(crate) async fn accept(&mut self) -> Arrived {
        timeout(PATIENCE, self.arrived.recv()).await.expect("a connection in time").unwrap()
    }

    /// The next request, on a connection of its own.
    pub(crate) async fn request(&mut self) -> (Arrived, Request) {
        let mut arrived = self.accept().await;
        let request = arrived.request().await;
        (arrived, request)
    }

    /// Whether another connection has come.
    pub(crate) fn has_another(&mut self) -> bool {
        !self.arrived.is_empty()
    }

    /// The heads of probes that came.
    pub(crate) fn probes(&self) -> Vec<String> {
        self.probes.lock().clone()
    }

    /// Answers no probe from now on, or again, those that have come meanwhile too.
    pub(crate) fn hangs(&self, hangs: bool) {
        self.hangs.send_replace(hangs);
    }

    /// Listens no more, as a server that has ended; its connections stay.
    pub(crate) async fn ends(self) -> SocketAddr {
        self.accepts.abort();
        let _ = self.accepts.await;
        self.address
    }
}

async fn accept(
    listener: TcpListener,
    tell: mpsc::UnboundedSender<Arrived>,
    probes: Arc<Mutex<Vec<String>>>,
    hangs: watch::Receiver<bool>,
) {
    while let Ok((stream, peer)) = listener.accept().await {
        let mut arrived = Arrived { stream, unread: vec![], peer };
        // Requests come from another address of this machine.
        if peer.ip() != Ipv4Addr::LOCALHOST {
            let _ = tell.send(arrived);
            continue;
        }
        let (probes, mut hangs) = (probes.clone(), hangs.clone());
        #[expect(clippy::disallowed_methods, reason = "the server behind belongs to no backend")]
        tokio::spawn(async move {
            if let Some(request) = arrived.try_request().await {
                probes.lock().push(request.head);
                // Or the test is over.
                let _ = hangs.wait_for(|hangs| !hangs).await;
                arrived.send(READY).await;
            }
        });
    }
}

/// A connection that the server behind has taken.
pub(crate) struct Arrived {
    pub(crate) stream: TcpStream,
    pub(crate) unread: Vec<u8>,
    pub(crate) peer: SocketAddr,
}

/// The head of a request, as it came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl Arrived {
    /// The next head.
    pub(crate) async fn request(&mut self) -> Request {
        self.try_request().await.expect("a request, not an end")
    }

    /// The next head; `None` at the end of the connection.
    pub(crate) async fn try_request(&mut self) -> Option<Request> {
        let end = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await.then_some(())?;
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Some(Request { head: head.clone(), line, headers })
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

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The other side may have closed.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// An answer with this text.
    pub(crate) async fn answer(&mut self, text: &str) {
        let length = text.len();
        self.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}")).await;
    }

    /// The same of a server that keeps its connections for long, as ours does.
    pub(crate) async fn answer_and_keep(&mut self, text: &str) {
        let length = text.len();
        let kept = "Keep-Alive: timeout=75";
        self.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{kept}\r\n\r\n{text}")).await;
    }

    /// Waits for the other side's end of the connection; it must send nothing more.
    pub(crate) async fn ends(&mut self) {
        while self.more().await {}
        assert_eq!(String::from_utf8_lossy(&self.unread), "");
    }

    /// Closes it at once, whatever is on its way.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }
}
