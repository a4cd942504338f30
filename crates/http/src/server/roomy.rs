//! An HTTP/1 connection whose parser has room for a hundred headers, and for more only once a request has more.
//!
//! Hyper keeps a hundred on the stack; for any other number it makes two tables for every request, 128 KB for the 2000
//! that Node accepts. So the socket counts lines, and stops before it hands out one too many: the connection is then
//! made anew, with room, around the same socket and what was read of it.

use std::{
    error::Error as StdError,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body::Body;
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, Connection},
    service::HttpService,
};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::{
    activity::Activity,
    socket::{Socket, Stream},
};

/// As in Node; more is a 431.
const MAX_HEADER: usize = 16 * 1024;

/// No more headers fit into the size.
const MAX_HEADERS: usize = 4096;

/// So many have a place on the stack.
const FEW: usize = 100;

/// How requests are parsed.
#[derive(Clone, Copy)]
pub(super) struct Parsing {
    /// No more headers than these are accepted; 0 for as many as fit.
    pub(super) headers: u32,
    /// How long a header may take.
    pub(super) timeout: Option<Duration>,
}

impl Parsing {
    fn most_headers(self) -> usize {
        let limit = usize::try_from(self.headers).unwrap_or(MAX_HEADERS);
        if limit == 0 { MAX_HEADERS } else { limit.min(MAX_HEADERS) }
    }

    /// A parser for so many headers.
    fn builder(self, headers: usize) -> Builder {
        let mut http = Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.timeout).max_header_size(MAX_HEADER);
        if headers != FEW {
            http.max_headers(headers);
        }
        http
    }
}

/// A connection that answers requests by a service.
pub(super) struct Roomy<S: HttpService<Incoming>> {
    /// There but while it is replaced.
    connection: Option<Connection<TokioIo<Socket>, S>>,
    activity: Arc<Activity>,
    parsing: Parsing,
}

impl<S, B> Roomy<S>
where
    S: HttpService<Incoming, ResBody = B> + Unpin,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    pub(super) fn new(stream: Stream, service: S, activity: Arc<Activity>, parsing: Parsing) -> Self {
        let most = parsing.most_headers();
        let socket = Socket::new(stream, activity.clone(), (most > FEW).then_some(FEW));
        let connection = parsing.builder(most.min(FEW)).serve_connection(TokioIo::new(socket), service);
        Self { connection: Some(connection), activity, parsing }
    }

    /// Answers the request that has begun, and no other.
    pub(super) fn graceful_shutdown(&mut self) {
        if let Some(connection) = &mut self.connection {
            Pin::new(connection).graceful_shutdown();
        }
    }

    /// The connection itself, unless its end was told.
    pub(super) fn into_stream(self) -> Option<Stream> {
        Some(self.connection?.into_parts().io.into_inner().into_stream())
    }

    fn make_room(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let parts = connection.into_parts();
        let socket = parts.io.into_inner().read_again(parts.read_buf);
        let http = self.parsing.builder(self.parsing.most_headers());
        self.connection = Some(http.serve_connection(TokioIo::new(socket), parts.service));
    }
}

impl<S, B> Future for Roomy<S>
where
    S: HttpService<Incoming, ResBody = B> + Unpin,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Output = hyper::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let Some(connection) = &mut self.connection else { return Poll::Ready(Ok(())) };
            let polled = Pin::new(connection).poll(cx);
            if polled.is_pending() && self.activity.needs_room() {
                self.make_room();
            } else {
                return polled;
            }
        }
    }
}
