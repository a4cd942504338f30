//! A connection that leaves HTTP: what takes it over reads and writes its bytes, and answers the request.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

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
    /// To be awaited in place of an answer, at once or once it is known that there is none; this future never ends. Until it is
    /// awaited, the connection is HTTP's: whoever asks another server first may answer by a response after all, and a client
    /// that closes its side has left. What it sends behind a request with `Upgrade` waits so long, whatever and however much it is,
    /// and is the first that is read from the stream: the server keeps what one read has brought and reads no more of it. What
    /// it sends behind another one is read as its next request, and has to be one.
    ///
    /// From then on, a client that closes its side is an end of what is read; it can still be written to.
    pub async fn take<T, F>(self, then: impl FnOnce(RawStream) -> F + Send + 'static) -> T
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.take_for(Duration::ZERO, |stream, _| then(stream)).await
    }

    /// The same for what has to end in order, such as a tunnel: the token tells it that the server drains, and it is dropped
    /// when it has not ended `grace` later.
    pub async fn take_for<T, F>(
        self,
        grace: Duration,
        then: impl FnOnce(RawStream, CancellationToken) -> F + Send + 'static,
    ) -> T
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let begin = Box::new(move |stream, draining| Box::pin(then(stream, draining)) as Work);
        self.0.take_over(TakeoverWork { begin, grace });
        std::future::pending().await
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a taken connection goes on with.
pub(crate) struct TakeoverWork {
    begin: Box<dyn FnOnce(RawStream, CancellationToken) -> Work + Send>,
    /// How long it may go on once the server drains.
    grace: Duration,
}

impl TakeoverWork {
    /// Goes on until it ends, or the server has drained for long enough.
    pub(crate) async fn go_on(self, stream: RawStream, draining: &CancellationToken) {
        let Self { begin, grace } = self;
        let has_waited = async {
            draining.cancelled().await;
            if !grace.is_zero() {
                sleep(grace).await;
            }
        };
        tokio::select! {
            biased;
            // First, and once even if the server drains already: it has to answer.
            () = begin(stream, draining.clone()) => {}
            () = has_waited => {}
        }
    }
}

impl fmt::Debug for TakeoverWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeoverWork")
    }
}
