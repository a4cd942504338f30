//! Bodies that come bit by bit: they go out so, and one that breaks breaks its connection and is told.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body, response::Response, routing::get};
use bytes::Bytes;
use futures_util::stream;
use http_body::{Frame, SizeHint};
use tokio::{io::AsyncReadExt, sync::mpsc};

use crate::kit::{Connection, Kit, Up};

type Piece = Result<Bytes, io::Error>;

/// A body that knows its length beforehand, as that of a file or of an upstream's answer does.
struct Exact {
    pieces: mpsc::Receiver<Piece>,
    left: u64,
}

impl http_body::Body for Exact {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.pieces.poll_recv(cx).map(|piece| {
            piece.map(|piece| {
                let piece = piece?;
                self.left = self.left.saturating_sub(piece.len() as u64);
                Ok(Frame::data(piece))
            })
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

const LENGTH: u64 = 3 << 20;

/// `/exact` has a length of its own, `/said` says it in a header, `/open` has none.
async fn up() -> (Up, Arc<tokio::sync::Mutex<mpsc::Receiver<mpsc::Sender<Piece>>>>) {
    let (give, taken) = mpsc::channel(8);
    let body = move || {
        let (to, pieces) = mpsc::channel(1);
        give.try_send(to).unwrap();
        Exact { pieces, left: LENGTH }
    };
    let (exact, said, open) = (body.clone(), body.clone(), body);
    let unknown = |exact: Exact| {
        Body::from_stream(stream::unfold(exact.pieces, async |mut pieces| {
            let piece = pieces.recv().await?;
            Some((piece, pieces))
        }))
    };
    let panics = async || {
        Body::from_stream(stream::poll_fn(|_| -> Poll<Option<Result<Bytes, Infallible>>> {
            panic!("half-way")
        }))
    };
    let router = Router::new()
        .route("/exact", get(async move || Body::new(exact())))
        .route(
            "/said",
            get(async move || {
                Response::builder().header("content-length", LENGTH).body(unknown(said())).unwrap()
            }),
        )
        .route("/open", get(async move || unknown(open())))
        .route("/panics", get(panics));
    (Kit::new().with_additions().open(router).start().await, Arc::new(tokio::sync::Mutex::new(taken)))
}

async fn begin(up: &Up, path: &str) -> Connection {
    let mut connection = up.client.connect().await;
    connection.send(format!("GET /api/x/{path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    connection
}

/// Reads on until the text has come.
async fn until_seen(connection: &mut Connection, text: &str) -> String {
    let (mut seen, mut some) = (String::new(), [0; 4096]);
    while !seen.contains(text) {
        let read = connection.stream.read(&mut some).await.unwrap();
        assert!(read > 0, "it ended: {seen}");
        seen.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    seen
}

#[tokio::test]
async fn a_piece_goes_out_when_it_comes_whether_the_length_is_known_or_not() {
    let (up, senders) = up().await;
    for path in ["exact", "said", "open"] {
        let mut connection = begin(&up, path).await;
        let pieces = senders.lock().await.recv().await.unwrap();
        for (number, text) in ["first", "second"].into_iter().enumerate() {
            pieces.send(Ok(Bytes::from(text))).await.unwrap();
            let seen = until_seen(&mut connection, text).await;
            let length = format!("content-length: {LENGTH}\r\n");
            assert_eq!(seen.contains(&length), number == 0 && path != "open", "{path}: {seen}");
        }
    }
}

#[tokio::test]
async fn a_body_is_not_collected_before_it_goes_out() {
    let (up, senders) = up().await;
    for path in ["exact", "said", "open"] {
        let _reads_nothing = begin(&up, path).await;
        let pieces = senders.lock().await.recv().await.unwrap();
        // Sockets and buffers take a few MiB, and then the source is not asked for more.
        let mut taken = 0;
        let piece = Bytes::from(vec![b'x'; 1 << 20]);
        while let Ok(Ok(())) =
            tokio::time::timeout(std::time::Duration::from_millis(300), pieces.send(Ok(piece.clone()))).await
        {
            taken += 1;
            assert!(taken < 64, "{path}: all of it is taken");
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_or_ends_early_breaks_its_connection_and_is_told() {
    let (up, senders) = up().await;
    let mut told = 0;
    for (path, why) in [
        ("exact", Some("upstream is gone")),
        ("said", Some("upstream is gone")),
        ("open", Some("upstream is gone")),
        ("exact", None),
        ("said", None),
    ] {
        let mut connection = begin(&up, path).await;
        let pieces = senders.lock().await.recv().await.unwrap();
        pieces.send(Ok(Bytes::from("first"))).await.unwrap();
        until_seen(&mut connection, "first").await;
        if let Some(why) = why {
            pieces.send(Err(io::Error::other(why))).await.unwrap();
        }
        drop(pieces);
        // A second request on the connection must not get its answer where the rest of this body is awaited.
        connection.send("GET /nope HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let rest = connection.rest().await;
        assert!(!rest.contains("HTTP/1.1") && !rest.contains("0\r\n\r\n"), "{path}: {rest:?}");
        told += 1;
        let lines = up.lines_of("errorHandler", told).await;
        let line = lines.last().unwrap();
        assert_eq!(
            (lines.len(), &line["plugin"], &line["level"]),
            (told, &"x".into(), &"error".into()),
            "{line}"
        );
        let url = format!("/api/x/{path}");
        assert_eq!((&line["url"], &line["method"]), (&url.into(), &"GET".into()), "{line}");
        let expected = why.map_or(format!("The body ended after 5 of {LENGTH} bytes"), str::to_owned);
        assert!(line["message"].as_str().unwrap().ends_with(&expected), "{line}");
        let line = up.lines_of("incomingRequest", told).await.remove(told - 1);
        assert_eq!((&line["aborted"], &line["contentLength"]), (&true.into(), &5.into()), "{line}");
    }
}

#[tokio::test]
async fn a_panic_in_a_body_is_told_with_its_plugin() {
    let (up, _) = up().await;
    let mut connection = begin(&up, "panics").await;
    assert!(!connection.rest().await.contains("0\r\n\r\n"), "it is not whole");
    let line = up.lines_of("errorHandler", 1).await.remove(0);
    assert_eq!((&line["plugin"], &line["url"]), (&"x".into(), &"/api/x/panics".into()), "{line}");
    assert!(line["message"].as_str().unwrap().ends_with("panicked: half-way"), "{line}");
    assert_eq!(up.get("/nope").await.status, 404, "the server serves on");
}

#[tokio::test]
async fn a_large_body_arrives_whole_and_in_order() {
    let whole: Bytes = (0..3_000_000u32).flat_map(|number| [(number % 251) as u8]).collect::<Vec<_>>().into();
    let (body, length) = (whole.clone(), whole.len());
    let up = Kit::new().open(Router::new().route("/", get(async move || body))).start().await;
    let answer = up.get("/api/x/").await;
    assert_eq!((answer.header("content-length"), &answer.body[..]), (Some(&*length.to_string()), &whole[..]));
}
