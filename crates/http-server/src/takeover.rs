//! A connection that leaves HTTP: what takes it over reads and writes its bytes, and answers the request.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::activity::Activity;

/// What a taken connection is read from and written to.
pub trait RawIo: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> RawIo for T {}

/// A connection without HTTP: the first bytes that it yields stand behind the header of the request that took it. Closed
/// when dropped.
pub type RawStream = Box<dyn RawIo>;

/// The right to take the connection of a request away from HTTP.
///
/// ```
/// use greenroom_http_server::{Answer, Arrival, RequestBody, Serve};
/// use http::Request;
/// use tokio::io::AsyncWriteExt;
///
/// /// Answers each request by the bytes that come behind its header.
/// struct Echo;
///
/// impl Serve for Echo {
///     type Body = String;
///
///     fn serve(&self, _: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
///         let echo = |mut stream: greenroom_http_server::RawStream| async move {
///             let head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
///             if stream.write_all(head).await.is_ok() {
///                 let (mut from, mut to) = tokio::io::split(stream);
///                 let _ = tokio::io::copy(&mut from, &mut to).await;
///             }
///         };
///         Box::pin(arrival.takeover.take(echo))
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Takeover(pub(crate) Arc<Activity>);

impl Takeover {
    /// Ends HTTP on the connection, whose task goes on with `then`. No byte of an answer is sent, no timeout of the
    /// server holds any more. When the server drains, `then` is polled once more, or for the first time, so that it can
    /// still answer, and is dropped where it stands.
    ///
    /// To be awaited in place of an answer; this future never ends.
    pub async fn take<T, F>(self, then: impl FnOnce(RawStream) -> F + Send + 'static) -> T
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.take_over(TakeoverWork(Box::new(move |stream| Box::pin(then(stream)))));
        std::future::pending().await
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a taken connection goes on with.
pub(crate) struct TakeoverWork(Box<dyn FnOnce(RawStream) -> Work + Send>);

impl TakeoverWork {
    pub(crate) fn go_on(self, stream: RawStream) -> Work {
        (self.0)(stream)
    }
}

impl fmt::Debug for TakeoverWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeoverWork")
    }
}
