//! How a connection ends: nothing that was answered is lost.

use greenroom_http_server::{Answer, Arrival, RawStream, RequestBody, Serve, ServerSettings};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::{io::AsyncWriteExt, sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::kit::{Client, PATIENCE, start, start_draining, start_server};

/// More than sockets hold.
const BIG: usize = 16 << 20;

/// `/big` has a big header, `/raw` leaves HTTP, all else is a word.
struct Mixed(mpsc::UnboundedSender<()>);

impl Serve for Mixed {
    type Body = String;

    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
        match request.uri().path() {
            "/raw" => {
                let _ = self.0.send(());
                let raw = |mut stream: RawStream| async move {
                    let _ = stream.write_all(b"raw").await;
                    let _ = stream.shutdown().await;
                };
                Box::pin(arrival.takeover.take(raw))
            }
            "/big" => Box::pin(async {
                Response::builder().header("x-big", "b".repeat(BIG)).body(String::new()).unwrap()
            }),
            _ => Box::pin(async { Response::new("ok".to_owned()) }),
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_still_on_its_way_is_sent_before_the_connection_leaves_http() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut client = Client::connect(start(Mixed(tell), ServerSettings::default()).await).await;
    client.send("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n").await;
    client.until("HTTP/1.1 200 OK\r\n").await;
    // With the end of its body the next request begins, whatever has left of the answer.
    client.send("bodyGET /raw HTTP/1.1\r\nHost: x\r\n\r\n").await;
    told.recv().await.unwrap();
    let (seen, _) = client.rest().await;
    assert!(seen.len() > BIG, "{}", seen.len());
    assert!(seen.ends_with(b"\r\n\r\nraw"), "{:?}", String::from_utf8_lossy(&seen[seen.len() - 40..]));
}

#[tokio::test]
async fn who_still_sends_when_it_is_answered_is_not_reset() {
    let (tell, _told) = mpsc::unbounded_channel();
    let mut client = Client::connect(start(Mixed(tell), ServerSettings::default()).await).await;
    client.send("POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome").await;
    let (answer, end) = client.rest().await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && end.is_ok(), "{end:?}");
    // Of a socket that is gone the second one would learn.
    client.send("some more").await;
    client.send("some more").await;
}

/// Answers at once, and tells how long the body is when all of it has come.
struct ReadsBehind(mpsc::UnboundedSender<Option<usize>>);

impl Serve for ReadsBehind {
    type Body = String;

    fn serve(&self, request: Request<RequestBody>, _: Arrival) -> Answer<String> {
        let told = self.0.clone();
        let reads = async move {
            let body = request.into_body().collect().await;
            let _ = told.send(body.ok().map(|body| body.to_bytes().len()));
        };
        drop(greenroom_context::spawn("reads", reads));
        Box::pin(async { Response::new("ok".to_owned()) })
    }
}

#[tokio::test]
async fn a_body_that_is_read_behind_its_answer_ends_with_its_last_byte() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (server, address) = start_server(ReadsBehind(tell), ServerSettings::default()).await;
    let mut client = Client::connect(address).await;
    for rest in ["def", "def\r\n0\r\n\r\n"] {
        let length = if rest == "def" {
            "Content-Length: 6\r\n\r\n"
        } else {
            "Transfer-Encoding: chunked\r\n\r\n6\r\n"
        };
        client.send(format!("POST / HTTP/1.1\r\nHost: x\r\n{length}abc")).await;
        client.until("\r\n\r\nok").await;
        client.send(rest).await;
        // Not with the next request, nor with the connection, whose end would be a fault of the body.
        assert_eq!(timeout(PATIENCE, told.recv()).await, Ok(Some(Some(6))), "{rest}");
    }
    server.drain().await;
}

/// The server begins to drain when a request comes, which leaves HTTP all the same.
struct Farewell(CancellationToken);

impl Serve for Farewell {
    type Body = String;

    fn serve(&self, _: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
        self.0.cancel();
        Box::pin(arrival.takeover.take(async |mut stream: RawStream| {
            let _ = stream.write_all(b"farewell").await;
        }))
    }
}

#[tokio::test]
async fn who_leaves_http_while_the_server_drains_is_not_without_an_answer() {
    let draining = CancellationToken::new();
    let farewell = Farewell(draining.clone());
    let (_, address) = start_draining(farewell, ServerSettings::default(), draining).await;
    let mut client = Client::connect(address).await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.rest().await.0, b"farewell");
}
