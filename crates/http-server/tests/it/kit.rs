//! A server that notes which requests reach it, and what their handlers do with their bodies.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use greenroom_config::RootConfig;
use greenroom_errors::BoxError;
use greenroom_http_server::{Answer, Arrival, Listen, RequestBody, Serve, Server, ServerSettings};
use greenroom_logging::{RootLogger, fields};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// What a handler does with its request's body; the first segment of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Reads it, then answers.
    Read,
    /// Lets other work go first, reads it, then answers.
    ReadLate,
    /// Answers, and reads it meanwhile.
    ReadBehind,
    /// Answers, and keeps it for a while without a look at it.
    Hold,
    /// Reads its first piece, then answers.
    ReadPart,
    /// Answers without it.
    Drop,
}

impl Habit {
    pub(crate) const ALL: [Self; 6] =
        [Self::Read, Self::ReadLate, Self::ReadBehind, Self::Hold, Self::ReadPart, Self::Drop];
}

/// The paths that reached handlers, in their order.
#[derive(Clone, Default)]
pub(crate) struct Reached(Arc<Mutex<Vec<String>>>);

impl Reached {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Serve for Reached {
    type Body = BoxBody<Bytes, Infallible>;

    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<Self::Body> {
        let path = request.uri().path().to_owned();
        let habit = Habit::ALL.into_iter().find(|habit| path.starts_with(&format!("/{habit:?}/")));
        self.0.lock().push(path);
        Box::pin(answer(habit, request.into_body(), arrival))
    }
}

async fn answer(
    habit: Option<Habit>,
    mut body: RequestBody,
    arrival: Arrival,
) -> Response<BoxBody<Bytes, Infallible>> {
    match habit {
        Some(Habit::Read) => read(body).await,
        Some(Habit::ReadLate) => {
            pause().await;
            read(body).await;
        }
        Some(Habit::ReadBehind) => drop(greenroom_context::spawn("read", read(body))),
        Some(Habit::Hold) => drop(greenroom_context::spawn("hold", async {
            pause().await;
            drop(body);
        })),
        Some(Habit::ReadPart) => drop(body.frame().await),
        Some(Habit::Drop) | None => drop(body),
    }
    // The server counts a request as long as its answer is sent.
    let in_flight = arrival.in_flight;
    Response::new(
        Full::from("ok")
            .map_frame(move |frame| {
                let _sent = &in_flight;
                frame
            })
            .boxed(),
    )
}

async fn read(body: RequestBody) {
    let _: Result<_, BoxError> = body.collect().await;
}

/// Long enough that whatever has arrived is looked at meanwhile.
pub(crate) async fn pause() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// A server on a free port.
pub(crate) async fn start(service: impl Serve, settings: ServerSettings) -> SocketAddr {
    start_server(service, settings).await.1
}

/// The same, with what ends it.
pub(crate) async fn start_server<S: Serve>(service: S, settings: ServerSettings) -> (Server<S>, SocketAddr) {
    start_draining(service, settings, CancellationToken::new()).await
}

/// The same; it drains when the token says so, too.
pub(crate) async fn start_draining<S: Serve>(
    service: S,
    settings: ServerSettings,
    draining: CancellationToken,
) -> (Server<S>, SocketAddr) {
    let config = RootConfig::from_json(json!({})).unwrap();
    let logger = RootLogger::builder().build().child(fields! {});
    let listen = Listen::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
    let listener = listen.bind(&config).await.unwrap();
    let address = listener.local_addr().unwrap().tcp().unwrap();
    let server = Server::new(service, settings, None, logger, draining);
    server.accept_on(listener);
    (server, address)
}

/// A client that sends and reads exact bytes.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads until this has come, and nothing of what is behind it.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(end.as_bytes()) {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.expect("bytes in time");
            seen.push(byte.unwrap_or_else(|_| panic!("the end, after {}", String::from_utf8_lossy(&seen))));
        }
        String::from_utf8(seen).unwrap()
    }

    /// All that comes until the server closes, and how it does.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, std::io::Result<usize>) {
        let mut seen = Vec::new();
        let end = timeout(PATIENCE, self.0.read_to_end(&mut seen)).await.expect("an end in time");
        (seen, end)
    }
}

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
