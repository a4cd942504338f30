//! Who leaves HTTP late, after somebody else was asked, and when the server drains.

use std::{sync::Arc, time::Duration};

use greenroom_http_server::{
    Answer, Arrival, ConnectionLimits, RawStream, RequestBody, Serve, ServerSettings,
};
use http::{Request, Response, StatusCode};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::kit::{Client, PATIENCE, start, start_draining};

pub(crate) const UPGRADE: &str =
    "GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n";

/// What the other server says: whether it leaves HTTP.
pub(crate) type Says = oneshot::Sender<bool>;

/// Asks another server about `/tunnel`, and then either answers 404 or goes on without HTTP: it says back all that it reads,
/// once there is no more.
struct Gateway(mpsc::UnboundedSender<Says>);

impl Serve for Gateway {
    type Body = String;

    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
        if request.uri().path() != "/tunnel" {
            return Box::pin(async { Response::new("http".to_owned()) });
        }
        let (says, said) = oneshot::channel();
        self.0.send(says).unwrap();
        Box::pin(async move {
            let Arrival { takeover, in_flight, .. } = arrival;
            if said.await.unwrap() {
                return takeover.take(back).await;
            }
            drop(in_flight);
            Response::builder().status(StatusCode::NOT_FOUND).body("none".to_owned()).unwrap()
        })
    }
}

pub(crate) async fn back(mut stream: RawStream) {
    let mut read = Vec::new();
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.unwrap();
    if stream.read_to_end(&mut read).await.is_ok() {
        stream.write_all(&read).await.unwrap();
    }
    stream.shutdown().await.unwrap();
}

pub(crate) async fn gateway() -> (Client, mpsc::UnboundedReceiver<Says>) {
    let (asks, asked) = mpsc::unbounded_channel();
    let client = Client::connect(start(Gateway(asks), ServerSettings::default()).await).await;
    client.0.set_nodelay(true).unwrap();
    (client, asked)
}

#[tokio::test]
async fn who_is_refused_elsewhere_is_answered_and_goes_on_with_http() {
    let (mut client, mut asked) = gateway().await;
    for _ in 0..2 {
        client.send(UPGRADE).await;
        let says = asked.recv().await.unwrap();
        // It comes before the answer, and may be of whatever is spoken then.
        client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n").await;
        says.send(false).unwrap();
        let answer = client.until("none").await;
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
        client.until("\r\n\r\nhttp").await;
    }
}

#[tokio::test]
async fn what_comes_early_is_read_in_order_and_who_closes_one_side_is_written_to() {
    // Some of it looks like HTTP, and all of it is more than a buffer holds.
    let early = [&b"\r\nGET /<a> HTTP/1.1\nx"[..], &[0xff, 0, b'\r'], &b"abcdefgh".repeat(8000)].concat();
    for (piece, early_pieces) in [(usize::MAX, 0), (usize::MAX, 1), (1, 0), (1, 20), (7, 20)] {
        let (mut client, mut asked) = gateway().await;
        let (now, later) = early.split_at(early.len().min(early_pieces * 7));
        // Together with the head, or in pieces behind it.
        for piece in [UPGRADE.as_bytes(), now].concat().chunks(piece) {
            client.send(piece).await;
            tokio::task::yield_now().await;
        }
        asked.recv().await.unwrap().send(true).unwrap();
        client.until("HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
        client.send(later).await;
        client.0.shutdown().await.unwrap();
        let (read, end) = client.rest().await;
        assert!(read == early && end.is_ok(), "{} of {}, {end:?}", read.len(), early.len());
    }
}

#[tokio::test]
async fn what_comes_early_behind_another_request_is_not_lost_either() {
    let (mut client, mut asked) = gateway().await;
    client.send("GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\nNo-Line").await;
    let says = asked.recv().await.unwrap();
    says.send(true).unwrap();
    client.until("HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
    client.send(" and more").await;
    client.0.shutdown().await.unwrap();
    assert_eq!(client.rest().await.0, b"No-Line and more");
}

#[tokio::test]
async fn what_comes_early_behind_another_request_and_is_none_ends_what_is_read() {
    let large = format!("GET /{} HTTP/1.1\r\n", "a".repeat(200));
    for behind in ["GET / HTTP/1.1\n\n", &large] {
        let (asks, mut asked) = mpsc::unbounded_channel();
        let limits = ConnectionLimits { header_bytes: 100, ..ConnectionLimits::default() };
        let settings = ServerSettings { limits, ..ServerSettings::default() };
        let mut client = Client::connect(start(Gateway(asks), settings).await).await;
        client.send(format!("GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\n{behind}")).await;
        asked.recv().await.unwrap().send(true).unwrap();
        assert_eq!(client.rest().await.0, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    }
}

/// Goes on without HTTP; told of the drain, it says farewell, or nothing and goes on.
struct Tunnel {
    grace: Duration,
    says_farewell: bool,
    begun: mpsc::UnboundedSender<()>,
    /// Whether it could end by itself.
    has_ended: Arc<Mutex<bool>>,
}

impl Serve for Tunnel {
    type Body = String;

    fn serve(&self, _: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
        let (begun, has_ended) = (self.begun.clone(), self.has_ended.clone());
        let says_farewell = self.says_farewell;
        let tunnel = async move |mut stream: RawStream, draining: CancellationToken| {
            begun.send(()).unwrap();
            draining.cancelled().await;
            if says_farewell {
                tokio::task::yield_now().await;
                stream.write_all(b"farewell").await.unwrap();
                stream.shutdown().await.unwrap();
                *has_ended.lock() = true;
            } else {
                std::future::pending::<()>().await;
            }
        };
        Box::pin(arrival.takeover.take_for(self.grace, tunnel))
    }
}

#[tokio::test]
async fn a_tunnel_is_told_that_the_server_drains_and_ends_in_order() {
    for is_draining_before in [false, true] {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let has_ended = Arc::new(Mutex::new(false));
        let tunnel = Tunnel { grace: PATIENCE, says_farewell: true, begun, has_ended: has_ended.clone() };
        let draining = CancellationToken::new();
        let (server, address) = start_draining(tunnel, ServerSettings::default(), draining.clone()).await;
        let mut client = Client::connect(address).await;
        client.send(UPGRADE).await;
        if !is_draining_before {
            begins.recv().await.unwrap();
        }
        draining.cancel();
        assert_eq!(client.rest().await.0, b"farewell");
        drop(client);
        timeout(PATIENCE, server.drain()).await.expect("an end");
        assert!(*has_ended.lock());
    }
}

#[tokio::test]
async fn a_tunnel_that_does_not_end_is_dropped_once_its_time_is_over() {
    for grace in [Duration::ZERO, Duration::from_millis(20)] {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let tunnel = Tunnel { grace, says_farewell: false, begun, has_ended: Arc::default() };
        let (server, address) =
            start_draining(tunnel, ServerSettings::default(), CancellationToken::new()).await;
        let mut client = Client::connect(address).await;
        client.send(UPGRADE).await;
        begins.recv().await.unwrap();
        timeout(PATIENCE, server.drain()).await.expect("an end");
        assert_eq!(client.rest().await.0, b"");
    }
}
