//! A connection that says exactly these bytes, and reads what comes.

use std::{io, net::SocketAddr, time::Duration};

use greenroom_conformance::wire::{Answer, Head, read_answer};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use crate::in_time;

/// How the other side ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has said that no more comes.
    Closed,
    /// It has broken off.
    Reset,
}

/// A connection to a server on this machine.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Connection {
    /// Opens one, from 127.0.0.1.
    pub async fn to(port: u16) -> Self {
        Self::from("127.0.0.1", port).await
    }

    /// Opens one from another address of this machine.
    pub async fn from(source: &str, port: u16) -> Self {
        Self::open(source, port).await.unwrap_or_else(|error| panic!("no connection to port {port}: {error}"))
    }

    /// Opens one, if that is possible.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(source: &str, port: u16) -> io::Result<Self> {
        let source: SocketAddr = format!("{source}:0").parse().map_err(io::Error::other)?;
        let socket = TcpSocket::new_v4()?;
        socket.bind(source)?;
        let stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        Ok(Self::of(stream))
    }

    /// This one.
    pub fn of(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer }
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap_or_else(|error| panic!("cannot send: {error}"));
    }

    /// Sends bytes, if the other side still takes any.
    ///
    /// # Errors
    /// When it does not.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        in_time("bytes to be taken", self.writer.write_all(bytes.as_ref())).await
    }

    /// Sends some of the bytes, and says how many the other side has taken; for ever, if it takes none.
    pub async fn send_some(&mut self, bytes: &[u8]) -> usize {
        self.writer.write(bytes).await.unwrap_or_else(|error| panic!("cannot send: {error}"))
    }

    /// Says that no more comes from this side.
    pub async fn close_write(&mut self) {
        let _ = self.writer.shutdown().await;
    }

    /// A GET, without a body, on a connection that stays.
    pub async fn get(&mut self, path: &str) -> Answer<Vec<u8>> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    /// A POST of nothing, on a connection that stays.
    pub async fn post(&mut self, path: &str) -> Answer<Vec<u8>> {
        self.ask(&format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")).await
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, request: &str) -> Answer<Vec<u8>> {
        self.send(request).await;
        self.answer().await
    }

    /// The next answer.
    pub async fn answer(&mut self) -> Answer<Vec<u8>> {
        self.next_answer().await.unwrap_or_else(|| panic!("the connection ends without an answer"))
    }

    /// The next answer; none if the connection ends before.
    pub async fn next_answer(&mut self) -> Option<Answer<Vec<u8>>> {
        self.try_answer().await.unwrap_or_else(|error| panic!("no answer can be read: {error}"))
    }

    /// The next answer, if what comes can be read as one.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn try_answer(&mut self) -> io::Result<Option<Answer<Vec<u8>>>> {
        in_time("an answer", read_answer(&mut self.reader, false)).await
    }

    /// The same; `None` if for so long nothing comes, and the connection stays.
    pub async fn try_answer_within(
        &mut self,
        patience: Duration,
    ) -> Option<io::Result<Option<Answer<Vec<u8>>>>> {
        timeout(patience, read_answer(&mut self.reader, false)).await.ok()
    }

    /// The head of the next answer, whose body is left.
    pub async fn head(&mut self) -> Head {
        let text = self.until(b"\r\n\r\n").await;
        let text = String::from_utf8_lossy(&text).into_owned();
        Head::parse(text.trim_end().lines()).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// What comes up to the end of these bytes, with them.
    pub async fn until(&mut self, end: &[u8]) -> Vec<u8> {
        let mut come = Vec::new();
        let last = end[end.len() - 1];
        let reading = async {
            while !come.ends_with(end) {
                let read = self.reader.read_until(last, &mut come).await.unwrap_or_default();
                assert!(read > 0, "ended before {}: {}", end.escape_ascii(), come.escape_ascii());
            }
        };
        in_time(&end.escape_ascii().to_string(), reading).await;
        come
    }

    /// So many bytes.
    pub async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        in_time("bytes", self.reader.read_exact(&mut bytes)).await.unwrap_or_else(|error| panic!("{error}"));
        bytes
    }

    /// All that comes until the other side closes; a reset is an end, too.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // What had come before a reset is what counts.
        let _ = in_time("the end of a connection", self.reader.read_to_end(&mut rest)).await;
        rest
    }

    /// Sends these, each by itself, and reads meanwhile what comes until the other side ends it; then this side closes, too.
    pub async fn exchange<'a>(mut self, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, End) {
        let _ = self.writer.as_ref().set_nodelay(true);
        let mut come = Vec::new();
        let (writer, reader) = (&mut self.writer, &mut self.reader);
        let write = async {
            for piece in pieces {
                // Who has heard enough may not take the rest.
                if writer.write_all(piece).await.is_err() {
                    break;
                }
            }
        };
        let read = async { reader.read_to_end(&mut come).await };
        let (_, read) = in_time("the end of a connection", async { tokio::join!(write, read) }).await;
        (come, if read.is_ok() { End::Closed } else { End::Reset })
    }

    /// How many bytes come until the other side closes.
    pub async fn drained(&mut self) -> u64 {
        let mut nowhere = tokio::io::sink();
        in_time("the end of a body", tokio::io::copy(&mut self.reader, &mut nowhere))
            .await
            .unwrap_or_default()
    }

    /// Ends it with a reset, as a client does that has crashed.
    pub fn reset(self) {
        let stream = self.reader.into_inner().reunite(self.writer).unwrap_or_else(|error| panic!("{error}"));
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
}
