//! The socket under a connection: it follows where messages end, tells what moves, and is closed so that the peer
//! reads the last answer.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use crate::{
    activity::Activity,
    framing::{Followed, Framing, Seen},
};

/// How long the rest of what a peer sends is read and thrown away after the last answer, at most.
///
/// Closing a socket with unread bytes resets the connection, and the reset may overtake the answer.
pub(crate) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// No header has this byte: hyper answers 400 and closes. It does not look before a header has an end.
const REFUSED: &[u8] = b"\0\r\n\r\n";

/// A piece of a line without an end: of so many that a header becomes too large hyper makes a 431.
const ENDLESS: &[u8] = &[b'a'; 4096];

/// A socket that lingers when it is closed.
pub(crate) struct Socket<S> {
    stream: S,
    activity: Arc<Activity>,
    framing: Framing,
    /// What is to be read first: a line that did not come whole or was changed, or what stands for a malformed one.
    ready: Bytes,
    /// What was read and has not been followed: it came behind such a line, or behind a request to leave HTTP until that is
    /// answered.
    held: BytesMut,
    /// A header is too large, and no end of it is to be read.
    is_endless: bool,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S> Socket<S> {
    /// A head of `limit` bytes, as Node counts them, is too large.
    pub(crate) fn new(stream: S, activity: Arc<Activity>, limit: usize) -> Self {
        Self {
            stream,
            activity,
            framing: Framing::new(limit),
            ready: Bytes::new(),
            held: BytesMut::new(),
            is_endless: false,
            lingering: None,
        }
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// Gives back what was read last and not used, in front of what has not been read.
    pub(crate) fn unread(mut self, bytes: &[u8]) -> Self {
        let begun = self.framing.take_line();
        let behind = mem::take(&mut self.held);
        for part in [bytes, &self.ready, &begun, &behind] {
            self.held.extend_from_slice(part);
        }
        (self.ready, self.is_endless) = (Bytes::new(), false);
        self
    }

    /// Looks at what has been read: how much of it hyper may see as it stands, and how much needs no second look.
    ///
    /// What came in order before a malformed line is handed out: it is an earlier request, or a body's beginning.
    fn follow(&mut self, bytes: &[u8]) -> (usize, usize) {
        let Followed { good, count, seen } = self.framing.follow(bytes);
        self.activity.received(self.framing.is_in_head(), self.framing.is_in_body());
        match seen {
            Seen::All | Seen::Undecided | Seen::BadBody => {}
            Seen::Line => self.ready = self.framing.take_line().into(),
            Seen::BadHead => self.ready = Bytes::from_static(REFUSED),
            Seen::LargeHead => self.is_endless = true,
        }
        (good, count)
    }

    /// Hands out what is ready.
    fn hand_out(&mut self, buffer: &mut ReadBuf<'_>) {
        while buffer.remaining() > 0 {
            if self.ready.is_empty() && self.is_endless {
                self.ready = Bytes::from_static(ENDLESS);
            }
            let count = self.ready.len().min(buffer.remaining());
            if count == 0 {
                return;
            }
            buffer.put_slice(&self.ready.split_to(count));
        }
    }

    /// Hands out of what was held what may be.
    fn unhold(&mut self, buffer: &mut ReadBuf<'_>, has_left_http: bool) {
        let (from, most) = (buffer.filled().len(), self.held.len().min(buffer.remaining()));
        buffer.put_slice(&self.held[..most]);
        let (good, count) = if has_left_http { (most, most) } else { self.follow(&buffer.filled()[from..]) };
        buffer.set_filled(from + good);
        self.held.advance(count);
        if has_left_http && self.held.is_empty() {
            // It is not needed again, and what goes on may take long.
            self.held = BytesMut::new();
        }
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the request is malformed")
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let has_left_http = this.activity.has_left_http();
        loop {
            this.hand_out(buffer);
            let has_enough = buffer.filled().len() > before || buffer.remaining() == 0;
            if this.framing.is_undecided() && !has_left_http {
                if has_enough {
                    // Hyper gets the head first: until then nothing is at work on the request.
                    return Poll::Ready(Ok(()));
                }
                // Hyper reads no more until it is woken, also when it has sent the answer.
                match this.activity.poll_answered(cx) {
                    Poll::Ready(()) => this.framing.stay(),
                    // What has come is enough to keep: the peer has to wait.
                    Poll::Pending if !this.held.is_empty() => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
            if !this.held.is_empty() && !this.framing.is_malformed() && buffer.remaining() > 0 {
                this.unhold(buffer, has_left_http);
                continue;
            }
            if has_enough {
                return Poll::Ready(Ok(()));
            }
            if this.framing.is_malformed() {
                // No byte at all would mean that the peer has closed.
                return Poll::Ready(Err(malformed()));
            }
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
            if has_left_http || buffer.filled().len() == before {
                return Poll::Ready(Ok(()));
            }
            let (good, count) = this.follow(&buffer.filled()[before..]);
            this.held.extend_from_slice(&buffer.filled()[before + count..]);
            buffer.set_filled(before + good);
        }
    }
}

impl<S: AsyncWrite + AsyncRead + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.sent(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.activity.sent(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that nothing more is sent, and reads on until the peer has closed too, for a while.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, lingering, activity, .. } = &mut *self;
        if lingering.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            activity.set_sent_all();
        }
        let until = lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER_TIMEOUT)));
        let mut ignored = [0; 1024];
        while until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut ignored);
            // A peer that has reset the connection has read what it wanted.
            let Ok(()) = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)) else { break };
            if buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{ConnectionLimits, Timeouts, places::Places};

    const LIMIT: usize = 16 * 1024;

    /// What is to be read of these bytes, and whether it breaks off there.
    fn followed(bytes: &[u8]) -> (Vec<u8>, bool) {
        let (mut framing, mut rest, mut all) = (Framing::new(LIMIT), bytes, Vec::new());
        while !rest.is_empty() {
            // Nothing is at work that could leave HTTP.
            framing.stay();
            let Followed { good, count, seen } = framing.follow(rest);
            all.extend_from_slice(&rest[..good]);
            rest = &rest[count..];
            match seen {
                Seen::All | Seen::Undecided => {}
                Seen::Line => all.extend(framing.take_line()),
                Seen::BadHead => return ([&all, REFUSED].concat(), true),
                Seen::LargeHead | Seen::BadBody => return (all, true),
            }
        }
        (all, false)
    }

    /// What is read of it by a buffer of this size, when it comes in such pieces.
    async fn read(bytes: &[u8], piece: usize, buffer: usize) -> (Vec<u8>, bool) {
        let places = Arc::new(Places::new(&ConnectionLimits::default()));
        let activity = Arc::new(Activity::new(Timeouts::default(), places.take_anyway()));
        let (mut client, server) = tokio::io::duplex(piece);
        let mut socket = Socket::new(server, activity, LIMIT);
        let write = async {
            // A socket that has refused is gone.
            let _ = client.write_all(bytes).await;
            drop(client);
        };
        let read = async {
            let (mut all, mut buffer) = (Vec::new(), vec![0; buffer]);
            loop {
                match socket.read(&mut buffer).await {
                    Ok(0) => break (all, false),
                    Ok(count) => all.extend_from_slice(&buffer[..count]),
                    Err(_) => {
                        drop(socket);
                        break (all, true);
                    }
                }
            }
        };
        tokio::join!(write, read).1
    }

    proptest! {
        #[test]
        fn how_it_comes_and_how_it_is_read_changes_nothing(
            parts in vec(
                select(vec![
                    "GET / HTTP/1.1\r\n", "GET /<`>?\"` HTTP/1.1\r\n", "Host: x\r\n", "\r\n", "\n", "Content-Length: 5\r\n",
                    "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n", "0\r\nX: y\r\n\r\n", "hello", "\r", "Upgrade: x\r\n",
                ]),
                0..12,
            ),
            piece in 1usize..60,
            buffer in 1usize..60,
        ) {
            let bytes = parts.concat();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(read(bytes.as_bytes(), piece, buffer));
            prop_assert_eq!(read, followed(bytes.as_bytes()));
        }
    }
}
