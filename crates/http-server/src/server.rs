//! A server: what it serves, to which peers, and its end.

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use bytes::Bytes;
use greenroom_errors::BoxError;
use greenroom_logging::Logger;
use http::{Request, Response};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    InFlight, Listener, Remainder, RequestBody, ServerSettings, Takeover, Tls, accept::accept, places::Places,
};

/// What answers requests.
pub trait Serve: Send + Sync + 'static {
    /// The body of an answer.
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;

    /// Answers one. The future is dropped when the client leaves: what must run to its end is spawned, and keeps
    /// [`Arrival::in_flight`].
    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<Self::Body>;
}

/// An answer to come. It is in a box because hyper keeps room for it as long as the connection is open, also while nothing
/// is asked.
pub type Answer<B> = Pin<Box<dyn Future<Output = Response<B>> + Send>>;

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
    /// There are more connections than configured. It carries one request, and is closed for the next connection while it asks
    /// for nothing: here the service answers what cannot wait, and refuses all else.
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
    /// Connections, and requests whose clients have left.
    pub(crate) open: TaskTracker,
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
        let open = TaskTracker::new();
        let places = Arc::new(Places::new(&settings.limits));
        Self(Arc::new(Shared { service, settings, tls, logger, draining, open, places }))
    }

    /// Accepts connections here, on the current runtime, until the server drains.
    pub fn accept_on(&self, listener: Listener) {
        drop(greenroom_context::spawn("accept", self.0.open.track_future(accept(self.0.clone(), listener))));
    }

    /// Takes no new connections, closes idle ones, and waits for requests at work.
    pub async fn drain(&self) {
        self.0.draining.cancel();
        self.0.open.close();
        self.0.open.wait().await;
    }
}
