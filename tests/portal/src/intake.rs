//! A stand-in for Datadog's intake: keeps what it gets, and answers as it is told to.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    serve::Listener,
};
use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use http::{HeaderMap, Method, StatusCode, header};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{Certificate, DEADLINE, Events};

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As Datadog's does: 202.
    Takes,
    /// With this status.
    Answers(u16),
    /// With the way to another path of its own.
    Redirects,
    /// Not before it has another mood.
    Holds,
}

/// A request that it got.
#[derive(Clone, Debug)]
pub struct Received {
    /// Such as POST.
    pub method: Method,
    /// Path and query.
    pub url: String,
    /// All of them.
    pub headers: HeaderMap,
    /// The body, which was not looked at.
    pub body: Bytes,
}

/// The stand-in; it ends when dropped.
#[derive(Debug)]
pub struct Intake {
    address: SocketAddr,
    state: Shared,
    _serving: JoinSet<io::Result<()>>,
}

#[derive(Clone, Debug)]
struct Shared {
    received: watch::Sender<Vec<Received>>,
    mood: watch::Sender<Mood>,
}

/// The largest body that it takes: more than anybody may send.
const MOST: usize = 16 << 20;

impl Intake {
    /// One that a backend asks, in plain.
    #[track_caller]
    pub fn in_plain() -> Self {
        Self::serve(Nobody::here(), |tcp, app| Box::pin(async move { axum::serve(tcp, app).await }))
    }

    /// One that a browser asks.
    #[track_caller]
    pub fn over_tls(certificate: &Certificate) -> Self {
        Self::over_tls_at(Nobody::here(), certificate)
    }

    /// One that a browser asks, where nobody has listened.
    #[track_caller]
    pub fn over_tls_at(place: Nobody, certificate: &Certificate) -> Self {
        let acceptor = TlsAcceptor::from(certificate.server());
        Self::serve(place, |tcp, app| {
            let tls = Encrypted { tcp, acceptor, handshakes: FuturesUnordered::new() };
            Box::pin(async move { axum::serve(tls, app).await })
        })
    }

    #[track_caller]
    fn serve(
        place: Nobody,
        serving: impl FnOnce(TcpListener, Router) -> BoxFuture<'static, io::Result<()>>,
    ) -> Self {
        let tcp = place.0.listen(1024).unwrap_or_else(|error| panic!("no port: {error}"));
        let address = tcp.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let state = Shared { received: watch::channel(vec![]).0, mood: watch::channel(Mood::Takes).0 };
        let app = Router::new().fallback(take).with_state(state.clone());
        let mut tasks = JoinSet::new();
        #[expect(clippy::disallowed_methods, reason = "the stand-in belongs to no backend of ours")]
        tasks.spawn(serving(tcp, app));
        Self { address, state, _serving: tasks }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How a backend asks it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers like this, also what it holds.
    pub fn set(&self, mood: Mood) {
        self.state.mood.send_replace(mood);
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.borrow().clone()
    }

    /// All events so far.
    pub fn events(&self) -> Events {
        Events::of(&self.received())
    }

    /// Waits until the requests are as they should be.
    pub async fn until(&self, what: &str, is_so: impl Fn(&[Received]) -> bool) {
        let mut received = self.state.received.subscribe();
        if timeout(DEADLINE, received.wait_for(|received| is_so(received))).await.is_err() {
            let told: Vec<_> = self.received().iter().map(|r| format!("{} {}", r.method, r.url)).collect();
            panic!("never came: {what}\nrequests: {told:#?}\nevents: {:#?}", self.events().told());
        }
    }

    /// Waits until the events are as they should be.
    pub async fn until_events(&self, what: &str, is_so: impl Fn(&Events) -> bool) -> Events {
        self.until(what, |received| is_so(&Events::of(received))).await;
        self.events()
    }
}

/// What Datadog's answers, but for the id.
const TAKEN: &str = "{\"request_id\":\"0\"}";

async fn take(State(state): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST).await.unwrap_or_default();
    let url = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let is_elsewhere = url.starts_with(ELSEWHERE);
    let received = Received { method: parts.method, url, headers: parts.headers, body };
    state.received.send_modify(|all| all.push(received));
    let mut moods = state.mood.subscribe();
    // A stand-in that has ended holds nothing any more.
    let mood = moods.wait_for(|mood| *mood != Mood::Holds).await.map_or(Mood::Takes, |mood| *mood);
    let anybody = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    match mood {
        _ if is_elsewhere => (StatusCode::FOUND, anybody, [(header::LOCATION, ELSEWHERE)]).into_response(),
        Mood::Takes | Mood::Holds => (StatusCode::ACCEPTED, anybody, TAKEN).into_response(),
        Mood::Answers(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, anybody, Body::empty()).into_response()
        }
        Mood::Redirects => (StatusCode::FOUND, anybody, [(header::LOCATION, ELSEWHERE)]).into_response(),
    }
}

/// Where it sends whom it redirects, and from there to itself, whatever its mood: so who follows gets no answer.
pub const ELSEWHERE: &str = "/elsewhere";

/// How long a browser may take to shake hands; it opens connections that it may never use.
const HANDSHAKE: Duration = Duration::from_secs(10);

type Shaken = (TlsStream<TcpStream>, SocketAddr);

struct Encrypted {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: FuturesUnordered<BoxFuture<'static, Option<Shaken>>>,
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                accepted = self.tcp.accept() => {
                    let Ok((stream, address)) = accepted else { continue };
                    let handshake = self.acceptor.accept(stream);
                    self.handshakes.push(Box::pin(async move {
                        let stream = timeout(HANDSHAKE, handshake).await.ok()?.ok()?;
                        Some((stream, address))
                    }));
                }
                Some(done) = self.handshakes.next() => {
                    if let Some(done) = done {
                        return done;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// An address at which nothing listens, for as long as this is kept and no [`Intake`] made of it.
#[derive(Debug)]
pub struct Nobody(tokio::net::TcpSocket);

impl Nobody {
    /// Takes a port and does not listen.
    #[track_caller]
    pub fn here() -> Self {
        let taken = || {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            Ok(socket)
        };
        Self(taken().unwrap_or_else(|error: io::Error| panic!("no port: {error}")))
    }

    /// Its port.
    #[track_caller]
    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap_or_else(|error| panic!("no address: {error}")).port()
    }
}
