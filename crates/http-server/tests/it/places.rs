//! More connections than there are places: who waits, and who has to leave.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use greenroom_http_server::{
    Answer, Arrival, ConnectionLimits, RequestBody, Serve, Server, ServerSettings, Timeouts,
};
use http::{Request, Response};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};

use crate::kit::{Client, PATIENCE, pause, start_server};

const REQUEST: &str = "GET /text HTTP/1.1\r\nHost: x\r\n\r\n";
const HELD: &str = "GET /held HTTP/1.1\r\nHost: x\r\n\r\n";

/// Answers at once, or `/held` when it is told to; notes the order of both.
#[derive(Clone, Default)]
struct Ordered {
    events: Arc<Mutex<Vec<&'static str>>>,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Serve for Ordered {
    type Body = String;

    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
        let (own, is_held) = (self.clone(), request.uri().path() == "/held");
        Box::pin(async move {
            own.events.lock().push(if is_held { "held begins" } else { "text" });
            if is_held {
                own.begun.notify_one();
                own.go_on.notified().await;
                own.events.lock().push("held ends");
            }
            let mut response = Response::new("ok".to_owned());
            if arrival.is_last {
                response.headers_mut().insert("connection", "close".parse().unwrap());
            }
            response
        })
    }
}

/// One place, one more beyond the limit, and no time in which anything ends by itself.
async fn crowded() -> (Ordered, SocketAddr, Client) {
    let (_, service, address, kept) = crowded_server().await;
    (service, address, kept)
}

async fn crowded_server() -> (Server<Ordered>, Ordered, SocketAddr, Client) {
    let (server, service, address, mut kept) = full_server(1).await;
    (server, service, address, kept.remove(0))
}

/// The places within the limit are taken; beyond it there is an eighth of them, at least one.
async fn full_server(connections: u32) -> (Server<Ordered>, Ordered, SocketAddr, Vec<Client>) {
    let service = Ordered::default();
    let limits = ConnectionLimits { connections, ..ConnectionLimits::default() };
    let (long, never) = (Duration::from_secs(3600), Duration::ZERO);
    let timeouts = Timeouts { headers: long, request: long, keep_alive: never, ..Timeouts::default() };
    let settings = ServerSettings { timeouts, limits, ..ServerSettings::default() };
    let (server, address) = start_server(service.clone(), settings).await;
    let mut kept = vec![];
    for _ in 0..connections {
        let mut client = Client::connect(address).await;
        client.send(REQUEST).await;
        client.until("ok").await;
        kept.push(client);
    }
    service.events.lock().clear();
    (server, service, address, kept)
}

#[tokio::test]
async fn who_is_silent_beyond_the_limit_leaves_for_the_next_one() {
    let (_, address, mut kept) = crowded().await;
    let mut silent = vec![];
    for begin in ["", "GET /te", "", "GET /text HTTP/1.1\r\nHost: x\r\n"] {
        let mut client = Client::connect(address).await;
        client.send(begin).await;
        silent.push(client);
    }
    let mut probe = Client::connect(address).await;
    probe.send(REQUEST).await;
    let answer = probe.until("ok").await;
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    for mut client in silent {
        assert_eq!(client.rest().await.0, b"", "not a byte");
    }
    kept.send(REQUEST).await;
    kept.until("ok").await;
}

#[tokio::test]
async fn who_is_answered_beyond_the_limit_and_stays_leaves_for_the_next_one() {
    let (_, address, _kept) = crowded().await;
    // The second one does not send all that it has announced.
    for request in [REQUEST, "POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhello"] {
        let begun = Instant::now();
        let mut answered = vec![];
        for _ in 0..20 {
            let mut client = Client::connect(address).await;
            client.send(request).await;
            client.until("ok").await;
            answered.push(client);
        }
        // Each would be waited for a second.
        assert!(begun.elapsed() < Duration::from_secs(10), "{request} {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn whose_header_comes_late_is_answered_while_others_are_answered_and_stay() {
    let (_server, _, address, _kept) = full_server(16).await;
    let mut late = Client::connect(address).await;
    let mut answered = vec![];
    for _ in 0..20 {
        let mut client = Client::connect(address).await;
        client.send(REQUEST).await;
        client.until("ok").await;
        answered.push(client);
    }
    late.send(REQUEST).await;
    late.until("ok").await;
}

#[tokio::test]
async fn who_asks_beyond_the_limit_is_answered_and_the_next_one_waits_for_that() {
    let (service, address, _kept) = crowded().await;
    let mut first = Client::connect(address).await;
    first.send(HELD).await;
    service.begun.notified().await;
    let mut second = Client::connect(address).await;
    second.send(REQUEST).await;
    // A server that does not wait would answer it meanwhile.
    pause().await;
    service.go_on.notify_one();
    first.until("ok").await;
    second.until("ok").await;
    assert_eq!(*service.events.lock(), ["held begins", "held ends", "text"]);
}

#[tokio::test]
async fn who_has_asked_when_its_place_is_wanted_is_answered() {
    let (_, address, _kept) = crowded().await;
    // Both have come, with their requests, before the server looks.
    let both = [0, 1].map(|_| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, REQUEST.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Client(tokio::net::TcpStream::from_std(stream).unwrap())
    });
    for mut client in both {
        client.until("ok").await;
    }
}

#[tokio::test]
async fn who_waits_for_a_place_when_the_server_drains_is_answered() {
    let (server, service, address, _kept) = crowded_server().await;
    let mut first = Client::connect(address).await;
    first.send(HELD).await;
    service.begun.notified().await;
    let mut waiting = Client::connect(address).await;
    waiting.send(REQUEST).await;
    pause().await;
    let drained = greenroom_context::spawn("drain", async move { server.drain().await });
    waiting.until("ok").await;
    service.go_on.notify_one();
    first.until("ok").await;
    timeout(PATIENCE, drained).await.expect("an end").unwrap();
}
