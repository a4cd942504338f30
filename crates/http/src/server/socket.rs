//! The socket under a connection: it tells when bytes come, and is closed so that the peer reads the last answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::{activity::Activity, listener::Plain};

/// A connection, encrypted or not.
pub(crate) type Stream = Either<Plain, Box<TlsStream<Plain>>>;

/// How long the rest of what a peer sends is read and thrown away after the last answer.
///
/// Closing a socket with unread bytes resets the connection, and the reset may overtake the answer.
const LINGER: Duration = Duration::from_secs(1);

/// A socket that lingers when it is closed.
pub(crate) struct Socket {
    stream: Stream,
    activity: Arc<Activity>,
    lingering: Option<Pin<Box<Sleep>>>,
    /// Bytes to be read again.
    kept: BytesMut,
    /// How many lines a header may have; one with more is kept back.
    most_lines: Option<usize>,
    /// What was to be written last did not go out yet.
    blocked: bool,
}

impl Socket {
    pub(crate) fn new(stream: Stream, activity: Arc<Activity>, most_lines: Option<usize>) -> Self {
        Self { stream, activity, lingering: None, kept: BytesMut::new(), most_lines, blocked: false }
    }

    /// The same, which hands out these bytes, and those that it has kept back, before others.
    pub(crate) fn read_again(mut self, before: Bytes) -> Self {
        let mut kept = BytesMut::from(before);
        kept.unsplit(self.kept);
        self.kept = kept;
        self.most_lines = None;
        self
    }

    /// Whether a header has too many lines with these.
    fn is_too_long(&self, bytes: &[u8]) -> bool {
        // With an answer on its way, the connection has to go on as it is.
        self.most_lines.is_some_and(|most| !self.blocked && self.activity.lines(bytes) > most)
    }

    pub(crate) fn into_stream(self) -> Stream {
        self.stream
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.kept.is_empty() && self.most_lines.is_none() {
            let length = self.kept.len().min(buffer.remaining());
            buffer.put_slice(&self.kept.split_to(length));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.hear();
            self.activity.stir();
            if self.is_too_long(&buffer.filled()[before..]) {
                self.kept.extend_from_slice(&buffer.filled()[before..]);
                buffer.set_filled(before);
                self.activity.ask_for_room();
                return Poll::Pending;
            }
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.activity.stir();
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.blocked = polled.is_pending();
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.activity.stir();
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.blocked = polled.is_pending();
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
        let Self { stream, lingering, .. } = &mut *self;
        if lingering.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        }
        let until = lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
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
