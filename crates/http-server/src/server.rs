//! A server: what it serves, to which peers, and its end.

use std::{future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use greenroom_errors::BoxError;
use greenroom_logging::Logger;
use http::{Request, Response};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    InFlight, Listener, Remainder, RequestBody, ServerSettings, Takeover, Tls, accept::accept, places::Places,
};

/// How long requests whose clients have left may take once all others are answered and the server drains.
const ABANDONED_TIMEOUT: Duration = Duration::from_secs(2);

/// What answers requests.
pub trait Serve: Send + Sync + 'static {
    /// The body of an answer.
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;

    /// Answers one. The future is dropped when the client leaves: what must run to its end is spawned, and keeps
    /// [`Arrival::in_flight`].
    fn serve(
        &self,
        request: Request<RequestBody>,
        arrival: Arrival,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// How a request came.
#[derive(Debug)]
pub struct Arrival {
    /// The other end of its connection.
    pub peer: Peer,
    /// The connection takes no request after it: its answer says `Connection: close`.
    pub is_last: bool,
    /// To be kept as long as the answer is being made or sent.
    pub in_flight: InFlight,
    /// What is left of its body.
    pub remainder: Remainder,
    /// For an answer in another protocol.
    pub takeover: Takeover,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// `None` on a Unix socket.
    pub address: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// There are more connections than configured: only a probe is answered here.
    pub is_beyond_limit: bool,
}

/// A server, which may listen in several places. Clones are the same one.
pub struct Server<S>(Arc<Shared<S>>);

impl<S> Clone for Server<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) struct Shared<S> {
    pub(crate) service: S,
    pub(crate) settings: ServerSettings,
    pub(crate) tls: Option<Tls>,
    pub(crate) logger: Logger,
    pub(crate) draining: CancellationToken,
    pub(crate) open: TaskTracker,
    /// Those at work: only those whose clients have left outlast the connections.
    pub(crate) requests: TaskTracker,
    pub(crate) places: Arc<Places>,
}

impl<S: Serve> Server<S> {
    /// A server that does not listen yet. With TLS, all of its connections are encrypted; it drains when the token says
    /// so, or when it is [asked](Self::drain).
    pub fn new(
        service: S,
        settings: ServerSettings,
        tls: Option<Tls>,
        logger: Logger,
        draining: CancellationToken,
    ) -> Self {
        let (open, requests) = (TaskTracker::new(), TaskTracker::new());
        let places = Arc::new(Places::new(&settings.limits));
        Self(Arc::new(Shared { service, settings, tls, logger, draining, open, requests, places }))
    }

    /// Accepts connections here, on the current runtime, until the server drains.
    pub fn accept_on(&self, listener: Listener) {
        drop(greenroom_context::spawn("accept", self.0.open.track_future(accept(self.0.clone(), listener))));
    }

    /// Accepts connections here, on a thread with a runtime of its own: nothing that keeps the other one busy delays
    /// an answer.
    pub fn accept_on_thread(&self, name: &'static str, listener: Listener) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _in_it = runtime.enter();
            listener.moved()?
        };
        let server = self.clone();
        let token = self.0.open.token();
        greenroom_context::spawn_thread(name, move || {
            runtime.block_on(async {
                accept(server.0.clone(), listener).await;
                // The drain gives them their time.
                server.0.end().await;
            });
            drop(token);
        })
        .map(drop)
    }

    /// Takes no new connections, closes idle ones, and waits for requests at work: without end for those that are answered,
    /// two seconds more for those whose clients have left.
    pub async fn drain(&self) {
        self.0.draining.cancel();
        self.0.open.close();
        self.0.requests.close();
        self.0.end().await;
    }
}

impl<S> Shared<S> {
    async fn end(&self) {
        self.open.wait().await;
        // What they do may never end, and nobody would hear of it.
        let _ = timeout(ABANDONED_TIMEOUT, self.requests.wait()).await;
    }
}
