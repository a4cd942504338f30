//! The bytes of one connection to the server behind, and what is known of them.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::request_head::RequestHead;

/// A connection's socket.
pub(crate) struct Wire {
    stream: TcpStream,
    told: Arc<Told>,
    /// What cannot be sent is thrown away.
    is_patient: bool,
    /// How many there are.
    open: Arc<AtomicUsize>,
}

/// What is known of a connection's bytes.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Something came since the request began.
    has_read: AtomicBool,
    /// The other side reads no more.
    is_deaf: AtomicBool,
    /// The system is to be asked whether the other side has closed: the runtime may not have been told yet.
    is_doubted: AtomicBool,
    /// What has left of the request.
    pub(crate) head: RequestHead,
}

impl Told {
    /// A request begins.
    pub(crate) fn begin(&self) {
        self.has_read.store(false, Relaxed);
    }

    /// Whether something came since the request began.
    pub(crate) fn has_read(&self) -> bool {
        self.has_read.load(Relaxed)
    }

    /// Whether the other side reads no more.
    pub(crate) fn is_deaf(&self) -> bool {
        self.is_deaf.load(Relaxed)
    }

    /// Has the next read ask the system.
    pub(crate) fn doubt(&self) {
        self.is_doubted.store(true, Relaxed);
    }
}

impl Wire {
    /// It is one of those that are open.
    pub(crate) fn new(stream: TcpStream, open: Arc<AtomicUsize>) -> (Self, Arc<Told>) {
        open.fetch_add(1, Relaxed);
        let told = Arc::new(Told::default());
        (Self { stream, told: told.clone(), is_patient: true, open }, told)
    }

    /// Whether there is something to be read where nothing should be, an end above all.
    fn has_something(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        match SockRef::from(&self.stream).peek(&mut byte) {
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            Ok(_) => true,
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.told.is_doubted.swap(false, Relaxed) && self.has_something() {
            // As at an end: whatever it is, nobody has asked for it.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before && !self.told.has_read() {
            self.told.has_read.store(true, Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl Wire {
    /// From here on it tells of what cannot be sent.
    pub(crate) fn leaves_http(&mut self) {
        self.is_patient = false;
    }

    /// An answer may be there although the rest of the request is not wanted: what cannot be sent is thrown away, and what can
    /// be read tells how it ends.
    fn written(&self, written: io::Result<usize>, all: usize) -> io::Result<usize> {
        written.or_else(|error| {
            self.told.is_deaf.store(true, Relaxed);
            if self.is_patient { Ok(all) } else { Err(error) }
        })
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.told.head.leave([bytes].into_iter());
        if self.is_patient && self.told.is_deaf() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        Poll::Ready(self.written(written, bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.told.head.leave(bytes.iter().map(|slice| &**slice));
        let all = bytes.iter().map(|slice| slice.len()).sum();
        if self.is_patient && self.told.is_deaf() {
            return Poll::Ready(Ok(all));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bytes));
        Poll::Ready(self.written(written, all))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
