//! One connection to the server behind, as a future that whoever uses it drives: as a rule no task stands between, so that it ends
//! with who has asked.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, atomic::AtomicUsize},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use greenroom_context::spawn;
use http::{HeaderMap, Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, Builder, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    quiet_waker::QuietWaker,
    settings::HEADERS,
    wire::{Told, Wire},
};

/// The longest header of an answer; more of an answer is not read ahead either.
const MOST_BYTES: usize = 128 * 1024;

/// How long a server keeps a connection that says nothing of it: Node's default.
const KEPT: Duration = Duration::from_secs(5);

/// So much earlier it is no longer used.
const MARGIN: Duration = Duration::from_secs(1);

/// A server that keeps connections so long, or longer, is not busy for as long.
const LONG: Duration = Duration::from_secs(30);

type Http = http1::Connection<TokioIo<Wire>, Body>;

/// A connection.
pub(crate) struct Connection {
    sender: SendRequest<Body>,
    /// What is polled with `http` is polled by way of it.
    quiet_waker: QuietWaker,
    /// `None` once it has ended, or goes on by itself.
    http: Option<Box<Http>>,
    alone: Option<Alone>,
    has_ended: bool,
    told: Arc<Told>,
    /// Cancelled with the [start](crate::start::Start) that it leads to: it carries no other request then, and its stream ends.
    pub(crate) start_ended: CancellationToken,
    is_reused: bool,
    /// How long it may lie idle.
    kept: Duration,
    idle_since: Instant,
}

/// A connection that works by itself. It ends with this.
struct Alone(JoinHandle<Option<()>>);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why a request has no answer.
pub(crate) enum NotAnswered {
    /// It never left, and here it is.
    Unsent(Box<Request<Body>>, hyper::Error),
    /// It may have arrived.
    Broke {
        error: hyper::Error,
        /// Whether a byte of an answer has come.
        has_begun: bool,
    },
}

impl fmt::Display for NotAnswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unsent(_, error) | Self::Broke { error, .. }) = self;
        error.fmt(f)
    }
}

impl Connection {
    pub(crate) async fn over(stream: TcpStream, open: Arc<AtomicUsize>, headers: u32) -> Self {
        let (wire, told) = Wire::new(stream, open);
        let mut builder = Builder::new();
        builder.max_buf_size(MOST_BYTES);
        if headers != HEADERS {
            builder.max_headers(headers as usize);
        }
        let (sender, http) = builder
            .handshake(TokioIo::new(wire))
            .await
            .unwrap_or_else(|_| unreachable!("a handshake of HTTP/1 sends nothing"));
        Self {
            sender,
            quiet_waker: QuietWaker::new(),
            http: Some(Box::new(http)),
            alone: None,
            has_ended: false,
            told,
            start_ended: CancellationToken::new(),
            is_reused: false,
            kept: KEPT - MARGIN,
            idle_since: Instant::now(),
        }
    }

    /// Whether it has carried a request before.
    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Lets it work. `Ready` once it has ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { quiet_waker, http, has_ended, .. } = self;
        quiet_waker.poll(cx, |cx| work(http, has_ended, cx))
    }

    /// Asks for what comes by it, and lets it work for that.
    pub(crate) fn poll_for<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut what: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { quiet_waker, http, has_ended, .. } = self;
        quiet_waker.poll(cx, |cx| {
            let polled = what(cx);
            if polled.is_ready() {
                return polled;
            }
            let _ = work(http, has_ended, cx);
            what(cx)
        })
    }

    /// The next request begins; whether it can be made [once more](Self::again) when it has left.
    pub(crate) fn begin(&self, may_be_repeated: bool) {
        self.told.head.begin(may_be_repeated);
    }

    /// The request that has left, if that was asked for; it has no body.
    pub(crate) fn again(&self) -> Option<Box<Request<Body>>> {
        self.told.head.again()
    }

    /// Sends a request, and waits for the head of its answer.
    // In a box: each of the futures that hand it on would have room for it.
    pub(crate) async fn send(
        &mut self,
        request: Box<Request<Body>>,
    ) -> Result<Response<Incoming>, NotAnswered> {
        self.told.begin();
        if self.is_reused {
            // One that the server has closed gives the request back.
            self.told.doubt();
        }
        let Self { sender, quiet_waker, http, has_ended, told, .. } = self;
        let mut answer = pin!(quiet_waker.quietly(|| sender.try_send_request(*request)));
        let answer = poll_fn(|cx| {
            quiet_waker.poll(cx, |cx| {
                let _ = work(http, has_ended, cx);
                let polled = answer.as_mut().poll(cx);
                if polled.is_ready() || !*has_ended {
                    return polled;
                }
                // What it has not taken it gives back.
                *http = None;
                answer.as_mut().poll(cx)
            })
        });
        let answer = answer.await.map_err(|mut error| match error.take_message() {
            Some(request) => NotAnswered::Unsent(Box::new(request), error.into_error()),
            None => NotAnswered::Broke { error: error.into_error(), has_begun: told.has_read() },
        })?;
        self.is_reused = true;
        self.kept = kept(answer.headers());
        Ok(answer)
    }

    /// Works by itself from now on: the rest of a request must be able to leave while nobody takes more of its answer, because
    /// there are clients that read only when they have sent everything. It carries no other request.
    pub(crate) fn goes_on_alone(&mut self) {
        if let Some(http) = self.http.take() {
            // Its error is told by the body.
            self.alone = Some(Alone(spawn("upstream connection", async { drop(http.await) })));
        }
    }

    /// Whether it works by itself.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone.is_some()
    }

    /// Waits until one that works by itself has ended.
    pub(crate) async fn finished(&mut self) {
        if let Some(Alone(task)) = &mut self.alone {
            let _ = task.await;
        }
    }

    /// Waits for what comes by it.
    pub(crate) async fn drive<F: Future>(&mut self, what: F) -> F::Output {
        let mut what = pin!(what);
        poll_fn(|cx| self.poll_for(cx, |cx| what.as_mut().poll(cx))).await
    }

    /// The socket, and what has come behind the head of an answer that leaves HTTP.
    pub(crate) async fn into_stream(mut self) -> Option<(Wire, Bytes)> {
        poll_fn(|cx| self.poll(cx)).await;
        let parts = self.http?.into_parts();
        Some((parts.io.into_inner(), parts.read_buf))
    }

    /// Whether it has come to rest and can take another request.
    pub(crate) fn is_idle(&self) -> bool {
        let is_open = !self.has_ended && self.http.is_some() && self.sender.is_ready();
        is_open && !self.told.is_deaf() && !self.start_ended.is_cancelled()
    }

    /// Lies idle from now on. Whether the server keeps it at all.
    pub(crate) fn rest(&mut self) -> bool {
        self.idle_since = Instant::now();
        !self.kept.is_zero()
    }

    /// Whether it has been idle for less than that, and for less than the server keeps it.
    pub(crate) fn is_fresh(&self, longest: Duration) -> bool {
        self.idle_since.elapsed() < longest.min(self.kept)
    }

    /// Whether the server keeps it longer than it is ever too busy to read from it.
    pub(crate) fn is_kept_long(&self) -> bool {
        self.kept >= LONG.saturating_sub(MARGIN)
    }

    /// Whether the server has not closed it, as far as this machine knows at this moment.
    pub(crate) fn is_alive(&mut self, cx: &mut Context<'_>) -> bool {
        self.told.doubt();
        self.poll(cx).is_pending() && self.is_idle()
    }
}

/// Polls a connection. `Ready` once it has ended, or goes on by itself; its error is told by the answer, or by the body.
fn work(http: &mut Option<Box<Http>>, has_ended: &mut bool, cx: &mut Context<'_>) -> Poll<()> {
    let Some(http) = http.as_mut().filter(|_| !*has_ended) else { return Poll::Ready(()) };
    *has_ended = Pin::new(http).poll(cx).is_ready();
    if *has_ended { Poll::Ready(()) } else { Poll::Pending }
}

/// How long a server says that it keeps the connection, less a margin.
fn kept(headers: &HeaderMap) -> Duration {
    let said = headers.get("keep-alive").and_then(|value| value.to_str().ok()).and_then(|value| {
        let parts = value.split(',').filter_map(|part| part.trim().split_once('='));
        let mut timeouts = parts.filter(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"));
        timeouts.next()?.1.trim().parse().ok().map(Duration::from_secs)
    });
    said.unwrap_or(KEPT).saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_for_a_second_less_than_the_server_says() {
        for (said, seconds) in [
            ("timeout=5", 4),
            ("timeout=75, max=100", 74),
            ("max=7, Timeout = 3", 2),
            ("timeout=1", 0),
            ("timeout=0", 0),
            ("timeout=x", 4),
            ("timeout=99999999999999999999", 4),
            ("", 4),
        ] {
            let headers = HeaderMap::from_iter([(
                http::header::HeaderName::from_static("keep-alive"),
                said.parse().unwrap(),
            )]);
            assert_eq!(kept(&headers), Duration::from_secs(seconds), "{said}");
        }
        assert_eq!(kept(&HeaderMap::new()), Duration::from_secs(4));
    }
}
