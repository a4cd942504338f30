//! Sends recorded bytes and reads what comes back: no connection pool, no redirects, no header of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::tls::{Stream, encrypt};
use crate::transcript::{Replies, Request};
use crate::wire::{Outcome, ended, read_answer};

/// How long an exchange may take. Longer than any that was recorded.
const DEADLINE: Duration = Duration::from_secs(20);

/// Speaks to a backend on a local port, over IPv4 as the recordings did.
#[derive(Clone, Debug)]
pub struct Client {
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

/// A request that was sent and whose answer is not yet read.
#[derive(Debug)]
pub struct Held {
    stream: Stream,
    replies: Replies,
    unsent: Vec<u8>,
}

impl Client {
    /// A client of `localhost:<port>`.
    pub fn new(port: u16) -> Self {
        Self { port, tls: None }
    }

    /// The same, encrypted.
    #[must_use]
    pub fn over_tls(self, tls: Arc<ClientConfig>) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// The same, not encrypted.
    #[must_use]
    pub fn in_plain(self) -> Self {
        Self { tls: None, ..self }
    }

    /// Sends a request and reads what it is owed.
    pub async fn exchange(&self, request: &Request) -> io::Result<Outcome<Vec<u8>>> {
        match self.connect(request).await {
            Ok(held) => held.finish().await,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(Outcome::Refused),
            Err(error) => Err(error),
        }
    }

    /// Sends a request and leaves it in flight.
    pub async fn hold(&self, request: &Request) -> io::Result<Held> {
        let mut held = self.connect(request).await?;
        held.stream.write_all(&held.unsent).await?;
        held.unsent.clear();
        Ok(held)
    }

    /// Has a request answered and keeps the connection.
    pub async fn linger(&self, request: &Request) -> io::Result<Idle> {
        let held = self.hold(request).await?;
        let mut stream = BufReader::new(held.stream);
        match timeout(DEADLINE, read_answer(&mut stream, false)).await {
            Ok(Ok(Some(_))) => Ok(Idle(stream)),
            Ok(Err(error)) => Err(error),
            _ => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer to keep a connection for")),
        }
    }

    async fn connect(&self, request: &Request) -> io::Result<Held> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await?;
        let stream = match timeout(DEADLINE, encrypt(stream, self.tls.as_ref())).await {
            Ok(stream) => stream?,
            Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "no TLS handshake in time")),
        };
        let unsent = request.encode(&format!("localhost:{}", self.port));
        Ok(Held { stream, replies: request.replies, unsent })
    }
}

/// A connection on which nothing is owed.
#[derive(Debug)]
pub struct Idle(BufReader<Stream>);

impl Idle {
    /// Waits until the other side closes it.
    pub async fn ends(mut self) -> io::Result<()> {
        let mut rest = Vec::new();
        match timeout(DEADLINE, self.0.read_to_end(&mut rest)).await {
            Ok(Err(error)) if !ended(&error) => Err(error),
            Ok(_) if rest.is_empty() => Ok(()),
            Ok(_) => Err(io::Error::other("something was sent that nobody asked for")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "an idle connection stays open")),
        }
    }
}

impl Held {
    /// Waits until the answer has begun.
    pub async fn begins(&self) -> io::Result<()> {
        let socket = match &self.stream {
            Stream::Left(plain) => plain,
            Stream::Right(encrypted) => encrypted.get_ref().0,
        };
        match timeout(DEADLINE, socket.readable()).await {
            Ok(readable) => readable,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer begins in time")),
        }
    }

    /// Sends what is left and reads all answers.
    pub async fn finish(self) -> io::Result<Outcome<Vec<u8>>> {
        let (reader, mut writer) = tokio::io::split(self.stream);
        let mut reader = BufReader::new(reader);
        // A backend may answer and close before it has read everything: the answer counts, the failed write does not.
        let write = async {
            match writer.write_all(&self.unsent).await {
                Err(error) if !ended(&error) => Err(error),
                _ => Ok(()),
            }
        };
        let read = async {
            let mut answers = Vec::new();
            let bodiless = self.replies == (Replies::One { bodiless: true });
            while let Some(answer) = read_answer(&mut reader, bodiless).await? {
                answers.push(answer);
                if self.replies != Replies::UntilClose {
                    break;
                }
            }
            Ok(answers)
        };
        let both = async {
            tokio::pin!(write);
            tokio::pin!(read);
            tokio::select! {
                answers = &mut read => answers,
                written = &mut write => match written {
                    Ok(()) => read.await,
                    Err(error) => Err(error),
                },
            }
        };
        match timeout(DEADLINE, both).await {
            Ok(answers) => answers.map(Outcome::Answered),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no complete answer in time")),
        }
    }
}
