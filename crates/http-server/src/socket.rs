//! The socket under a connection: it follows where messages end, tells what moves, and is closed so that the peer
//! reads the last answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use crate::{
    activity::Activity,
    framing::{Framing, Seen},
};

/// How long the rest of what a peer sends is read and thrown away after the last answer, at most.
///
/// Closing a socket with unread bytes resets the connection, and the reset may overtake the answer.
pub(crate) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// No header has this byte: hyper answers 400 and closes. It does not look before a header has an end.
const REFUSED: &[u8] = b"\0\r\n\r\n";

/// A socket that lingers when it is closed.
pub(crate) struct Socket<S> {
    stream: S,
    activity: Arc<Activity>,
    framing: Framing,
    /// What came behind a request to leave HTTP, until that is answered.
    held: BytesMut,
    /// What is left to be read in place of a malformed header.
    refusal: &'static [u8],
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S> Socket<S> {
    pub(crate) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            framing: Framing::default(),
            held: BytesMut::new(),
            refusal: b"",
            lingering: None,
        }
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// Gives back what was read last and not used.
    pub(crate) fn unread(mut self, bytes: &[u8]) -> Self {
        let behind = std::mem::replace(&mut self.held, bytes.into());
        self.held.unsplit(behind);
        self
    }

    /// Checks `buffer[from..]`. Returns how many of these bytes hyper may see now; the rest is kept in `held`.
    ///
    /// What came in order before a malformed line is handed out: it is an earlier request, or a body's beginning.
    fn follow(&mut self, buffer: &mut ReadBuf<'_>, from: usize) -> io::Result<usize> {
        let all = buffer.filled().len() - from;
        let (good, seen) = self.framing.follow(&buffer.filled()[from..]);
        self.activity.received(self.framing.is_in_head(), self.framing.is_in_body());
        match seen {
            Seen::All | Seen::Undecided => return Ok(good),
            Seen::BadHead => {
                buffer.set_filled(from + good);
                self.refusal = REFUSED;
                self.refuse(buffer);
            }
            // No byte at all would mean that the peer has closed.
            Seen::BadBody if good == 0 => return Err(malformed()),
            Seen::BadBody => buffer.set_filled(from + good),
        }
        Ok(all)
    }

    fn refuse(&mut self, buffer: &mut ReadBuf<'_>) {
        let (now, later) = self.refusal.split_at(self.refusal.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.refusal = later;
    }

    /// Hands out what was held.
    fn unhold(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        let (from, count) = (buffer.filled().len(), self.held.len().min(buffer.remaining()));
        buffer.put_slice(&self.held[..count]);
        if self.activity.has_left_http() {
            self.held.advance(count);
        } else {
            let count = self.follow(buffer, from)?;
            buffer.set_filled(buffer.filled().len().min(from + count));
            self.held.advance(count);
        }
        Ok(())
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
        if this.framing.is_malformed() {
            if this.refusal.is_empty() {
                return Poll::Ready(Err(malformed()));
            }
            this.refuse(buffer);
            return Poll::Ready(Ok(()));
        }
        if this.framing.is_undecided() && !has_left_http && !this.activity.is_at_work() {
            this.framing.stay();
        }
        if !this.held.is_empty() && (has_left_http || !this.framing.is_undecided()) {
            this.unhold(buffer)?;
            return Poll::Ready(Ok(()));
        }
        if this.held.is_empty() {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
            if has_left_http || buffer.filled().len() == before {
                return Poll::Ready(Ok(()));
            }
            let count = this.follow(buffer, before)?;
            if buffer.filled().len() > before + count {
                this.held.extend_from_slice(&buffer.filled()[before + count..]);
                buffer.set_filled(before + count);
            }
            if count > 0 {
                return Poll::Ready(Ok(()));
            }
        }
        // All that came is held. Hyper reads no more until it is woken, also when it has sent the answer.
        this.activity.wake_when_answered(cx.waker());
        Poll::Pending
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
            activity.has_sent_all();
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
