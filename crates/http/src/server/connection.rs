//! Accepting connections, and their end: idle ones after a while, all of them when the server drains.

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::body::Body;
use greenroom_context::Context;
use hyper::{Response, body::Incoming, service::service_fn};
use tokio::io::AsyncWriteExt;
use tokio_util::{either::Either, task::TaskTracker};

use super::{
    activity::{Activity, Work},
    body::{Arriving, Leaving},
    front::Front,
    listener::{Listener, Plain},
    roomy::{Parsing, Roomy},
    socket::Stream,
};
use crate::{
    client::{Peer, TrustProxy},
    settings::{ConnectionLimits, HttpSettings, Timeouts},
    tls::Tls,
};

/// An idle connection is closed this much later than `Keep-Alive` says, for requests that are under way.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// What was sent before the listener closed has arrived after this time.
const ARRIVAL: Duration = Duration::from_millis(100);

/// The open connections of one server.
#[derive(Clone)]
pub(crate) struct Connections {
    server: Arc<Front>,
    timeouts: Timeouts,
    limits: ConnectionLimits,
    trust: TrustProxy,
    tls: Option<Arc<Tls>>,
    open: TaskTracker,
}

impl Connections {
    pub(crate) fn new(server: Arc<Front>, settings: &HttpSettings, tls: Option<Tls>) -> Self {
        let (timeouts, limits) = (settings.timeouts, settings.connection_limits);
        let (trust, tls) = (settings.trust_proxy.clone(), tls.map(Arc::new));
        Self { server, timeouts, limits, trust, tls, open: TaskTracker::new() }
    }

    /// Accepts until the server drains.
    pub(crate) fn accept_on(&self, listener: Listener) {
        self.open.spawn(Context::current().scope(self.clone().accept(listener)));
    }

    async fn accept(self, listener: Listener) {
        let draining = self.server.draining.clone();
        while let Some(accepted) = draining.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, address)) => self.begin(stream, address),
                // Out of descriptors, or the peer has left: others may still come.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        for (stream, address) in listener.close() {
            self.begin(stream, address);
        }
    }

    fn begin(&self, stream: Plain, address: Option<IpAddr>) {
        let peer = Peer { address, encrypted: self.tls.is_some(), trust: self.trust.clone() };
        let (server, timeouts, limits) = (self.server.clone(), self.timeouts, self.limits);
        let tls = self.tls.clone();
        self.open.spawn(Context::current().scope(async move {
            let stream = match tls {
                None => Either::Left(stream),
                Some(tls) => match tls.accept(stream, timeouts.until_header(), &server.draining).await {
                    Some(stream) => Either::Right(stream),
                    None => return,
                },
            };
            serve(server, timeouts, limits, stream, peer).await;
        }));
    }

    /// Takes no new connections, closes idle ones, and waits for those at work.
    pub(crate) async fn drain(&self) {
        self.server.draining.cancel();
        self.open.close();
        self.open.wait().await;
    }
}

async fn serve(server: Arc<Front>, timeouts: Timeouts, limits: ConnectionLimits, stream: Stream, peer: Peer) {
    let activity = Arc::new(Activity::default());
    let (front, noted, carried) = (server.clone(), activity.clone(), AtomicU32::new(0));
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (front, work, peer) = (front.clone(), Work::begin(&noted), peer.clone());
        let carried = carried.fetch_add(1, Relaxed) + 1;
        let is_last = limits.requests > 0 && carried >= limits.requests;
        async move {
            let mut request = request.map(|body| Body::new(Arriving::new(body, &timeouts)));
            request.extensions_mut().insert(peer);
            let response = front.serve(request, is_last).await;
            Ok::<Response<_>, Infallible>(response.map(|body| Leaving::new(body, work)))
        }
    });
    let parsing = Parsing { headers: limits.headers, timeout: timeouts.until_header() };
    let mut connection = Roomy::new(stream, service, activity.clone(), parsing);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = server.draining.cancelled() => None,
        () = idle(&activity, timeouts.keep_alive) => None,
        () = silence(&activity, timeouts.silence) => return,
    };
    let ended = match ended {
        Some(ended) => ended,
        // A request that has begun is answered: the answer says `Connection: close` when the server drains.
        None => tokio::select! {
            ended = &mut connection => ended,
            () = silence(&activity, timeouts.silence) => return,
            () = activity.quiet_for(ARRIVAL) => {
                connection.graceful_shutdown();
                (&mut connection).await
            }
        },
    };
    // What the peer did to the connection is no concern of the log's.
    if ended.is_err_and(|error| error.is_timeout())
        && activity.has_heard()
        && let Some(stream) = connection.into_stream()
    {
        request_timeout(stream).await;
    }
}

async fn idle(activity: &Activity, keep_alive: Duration) {
    match keep_alive.is_zero() {
        true => std::future::pending().await,
        false => activity.idle_for(keep_alive + UNDER_WAY).await,
    }
}

async fn silence(activity: &Activity, timeout: Duration) {
    match timeout.is_zero() {
        true => std::future::pending().await,
        false => activity.silent_for(timeout).await,
    }
}

/// A header that did not arrive in time is answered as Node answers it.
async fn request_timeout(mut stream: Stream) {
    let _ = stream.write_all(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n").await;
    let _ = stream.shutdown().await;
}
