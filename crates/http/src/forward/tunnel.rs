//! A connection that has left HTTP, on both sides: bytes pass as they come.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use greenroom_http_server::{RawIo, RawStream};
use http::{Response, Version};
use tokio::io::{self, AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::Told;
use crate::exchange::{Answered, Exchange};

/// Says to the client what the other server has said, and lets bytes pass until both sides have closed, one of them breaks, or
/// this server drains: the client then comes again, elsewhere.
pub(super) async fn run(
    head: Response<()>,
    client: RawStream,
    upstream: Box<dyn RawIo>,
    mut exchange: Box<Exchange>,
    draining: CancellationToken,
) {
    exchange.answer(Answered { status: head.status(), length: None, is_bodiless: true });
    let told = exchange.told.clone().unwrap_or_default();
    let context = exchange.context.clone();
    // Its line is written when this is dropped, too.
    let _line = Line { exchange, told: told.clone() };
    let (mut client, mut upstream) = (Counted { stream: client, told }, upstream);
    let pass = async {
        client.stream.write_all(&written(&head)).await?;
        io::copy_bidirectional(&mut client, &mut upstream).await
    };
    tokio::select! {
        _ = context.scope(pass) => {}
        () = draining.cancelled() => {}
    }
}

/// The head as it goes over the wire.
fn written(head: &Response<()>) -> Vec<u8> {
    let version = if head.version() == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let reason = head.status().canonical_reason().unwrap_or_default();
    let mut written = format!("{version} {} {reason}\r\n", head.status().as_str()).into_bytes();
    for (name, value) in head.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            written.extend_from_slice(part);
        }
    }
    written.extend_from_slice(b"\r\n");
    written
}

/// Writes the access line at the end of the tunnel, whatever ends it.
struct Line {
    exchange: Box<Exchange>,
    told: Arc<Told>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.exchange.end(self.told.bytes_out(), false);
    }
}

/// The client's side, whose bytes are counted.
struct Counted {
    stream: RawStream,
    told: Arc<Told>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.told.add_bytes_in((buffer.filled().len() - before) as u64);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.told.add_bytes_out(count as u64);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
