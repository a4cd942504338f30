//! A connection of a client that speaks HTTP/1.1, keeps it if it may, and never fails by itself.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use greenroom_conformance::wire::Head;
use socket2::SockRef;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::Instant,
};

/// More of a head is none.
const LONGEST_HEAD: usize = 256 << 10;

const NARROW: u32 = 64 << 10;

/// A connection.
pub(crate) struct Client {
    pub(crate) reader: BufReader<OwnedReadHalf>,
    pub(crate) writer: OwnedWriteHalf,
    /// When its last answer ended.
    pub(crate) rested: Instant,
}

/// What a connection that nobody uses has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing, as it should.
    Quiet,
    /// The other side has closed it.
    Closed,
    /// Bytes that nobody has asked for.
    Speaks,
}

/// Why reading has ended before the answer has.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The other side has closed the connection, or reset it.
    Ended,
    /// What comes is no answer.
    Malformed(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::Malformed(error.to_string()),
            // Whatever the system calls it: nothing comes any more.
            _ => Self::Ended,
        }
    }
}

/// How the body of an answer ends.
enum Framing {
    Length(u64),
    Chunked,
    Close,
}

impl Client {
    pub(crate) async fn to(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self::of(stream))
    }

    /// One for which the system takes over little that it has not read yet.
    pub(crate) async fn narrow(port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW)?;
        Ok(Self::of(socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?))
    }

    fn of(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer, rested: Instant::now() }
    }

    /// Asks the system, since the runtime may not have been told yet.
    pub(crate) fn rest(&self) -> Rest {
        if !self.reader.buffer().is_empty() {
            return Rest::Speaks;
        }
        let mut byte = [std::mem::MaybeUninit::uninit()];
        match SockRef::from(self.writer.as_ref()).peek(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Rest::Quiet,
            Ok(1..) => Rest::Speaks,
            _ => Rest::Closed,
        }
    }

    /// Ends it with a reset, as a client does that has crashed.
    pub(crate) fn reset(self) {
        // It has that effect when both halves are dropped, here.
        let _ = SockRef::from(self.writer.as_ref()).set_linger(Some(Duration::ZERO));
        self.writer.forget();
    }

    /// A request without a body, and the whole of its answer, if it comes in that time.
    pub(crate) async fn ask(
        port: u16,
        method: &str,
        path: &str,
        headers: &str,
        patience: Duration,
    ) -> io::Result<(Head, Vec<u8>)> {
        let asking = async {
            let mut client = Self::to(port).await?;
            let request =
                format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
            client.writer.write_all(request.as_bytes()).await?;
            let failed = |fault| io::Error::other(format!("no answer: {fault:?}"));
            let head = head(&mut client.reader).await.map_err(failed)?;
            let mut text = Vec::new();
            let ended = body(&mut client.reader, &head, async |bytes| {
                text.extend_from_slice(bytes);
                Ok(())
            });
            ended.await.map_err(failed)?;
            Ok((head, text))
        };
        tokio::time::timeout(patience, asking).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// The next head that is no informational one.
pub(crate) async fn head(reader: &mut BufReader<OwnedReadHalf>) -> Result<Head, Fault> {
    loop {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut text).await? == 0 {
                return Err(match text.is_empty() {
                    true => Fault::Ended,
                    false => Fault::Malformed(format!("a head ends after {} bytes", text.len())),
                });
            }
            if text.len() > LONGEST_HEAD {
                return Err(Fault::Malformed("a head without an end".to_owned()));
            }
        }
        let head = Head::parse(String::from_utf8_lossy(&text).trim_end().lines())?;
        if head.status >= 200 || head.status == 101 {
            return Ok(head);
        }
    }
}

/// The body behind a head, given to somebody as it comes.
pub(crate) async fn body(
    reader: &mut BufReader<OwnedReadHalf>,
    head: &Head,
    mut take: impl AsyncFnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match framing(head)? {
        Framing::Length(length) => exactly(reader, length, &mut take).await,
        Framing::Close => loop {
            let bytes = reader.fill_buf().await?;
            let count = bytes.len();
            if count == 0 {
                return Ok(());
            }
            take(bytes).await?;
            reader.consume(count);
        },
        Framing::Chunked => loop {
            let size = line(reader).await?;
            let size = u64::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
                .map_err(|_| Fault::Malformed(format!("a chunk's size is {size:?}")))?;
            if size == 0 {
                while !line(reader).await?.is_empty() {}
                return Ok(());
            }
            exactly(reader, size, &mut take).await?;
            if !line(reader).await?.is_empty() {
                return Err(Fault::Malformed("a chunk is longer than its size".to_owned()));
            }
        },
    }
}

fn framing(head: &Head) -> Result<Framing, Fault> {
    if matches!(head.status, 204 | 304) {
        return Ok(Framing::Length(0));
    }
    match (head.header("transfer-encoding"), head.header("content-length")) {
        (Some("chunked"), None) => Ok(Framing::Chunked),
        (None, Some(length)) => {
            let length = length.parse().map_err(|_| Fault::Malformed(format!("a length is {length:?}")))?;
            Ok(Framing::Length(length))
        }
        (None, None) => Ok(Framing::Close),
        (coding, length) => Err(Fault::Malformed(format!("framed by {coding:?} and {length:?}"))),
    }
}

async fn exactly(
    reader: &mut BufReader<OwnedReadHalf>,
    mut left: u64,
    take: &mut impl AsyncFnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    while left > 0 {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Err(Fault::Ended);
        }
        let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        take(&bytes[..count]).await?;
        reader.consume(count);
        left -= count as u64;
    }
    Ok(())
}

async fn line(reader: &mut BufReader<OwnedReadHalf>) -> Result<String, Fault> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await?;
    match line.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Err(Fault::Ended),
    }
}
