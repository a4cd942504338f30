//! A server behind that is not to be trusted with the boundaries of messages: what it says to one request goes to no other.

use std::{net::SocketAddr, time::Duration};

use greenroom_conformance::version::Version;
use greenroom_gateway_tests::{Connection, Setup, in_time};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Answers each request on each connection with `answer`, and the gateway's own checks with nothing to say.
async fn serve(listener: &TcpListener, answer: impl Fn(&str) -> Vec<u8> + Clone) {
    let mut connections = futures_util::stream::FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _): (TcpStream, SocketAddr) = accepted.expect("a connection");
                connections.push(converse(stream, answer.clone()));
            }
            Some(()) = futures_util::StreamExt::next(&mut connections), if !connections.is_empty() => {}
        }
    }
}

async fn converse(mut stream: TcpStream, answer: impl Fn(&str) -> Vec<u8>) {
    let mut come = Vec::new();
    loop {
        while let Some(end) = come.windows(4).position(|window| window == b"\r\n\r\n") {
            let request = String::from_utf8_lossy(&come[..end]).into_owned();
            come.drain(..end + 4);
            let bytes = match request.starts_with("GET /asked") {
                true => answer(&request),
                false => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
            };
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
        }
        if stream.read_buf(&mut come).await.unwrap_or(0) == 0 {
            return;
        }
    }
}

/// A gateway in front of such a server; what is done to it.
async fn before(answer: impl Fn(&str) -> Vec<u8> + Clone, ask: impl AsyncFn(u16)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let upstream = listener.local_addr().expect("its address").port();
    let asked = async {
        let gateway = Setup::new(Version::newest()).gateway(upstream).await;
        gateway
            .await_status("/ready", 200)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", gateway.output()));
        ask(gateway.port()).await;
    };
    tokio::select! {
        () = serve(&listener, answer) => {}
        () = asked => {}
    }
}

#[tokio::test]
async fn gateway_23_an_answer_that_could_be_read_in_two_ways_is_a_502() {
    let answers: &[(&str, &[u8])] = &[
        (
            "a length and chunks",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        ("a length with a sign", b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"),
        ("an unknown encoding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a line that goes on", b"HTTP/1.1 200 OK\r\nX-Any: 1\r\n more\r\nContent-Length: 5\r\n\r\nhello"),
        ("a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"),
        ("no answer", b"hello\r\n\r\n"),
        (
            "a switch that nobody has asked for",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello",
        ),
    ];
    for (what, bytes) in answers {
        let bytes = bytes.to_vec();
        before(
            move |_| bytes.clone(),
            async |port| {
                let answer = Connection::to(port).await.get("/asked").await;
                assert_eq!(answer.head.status, 502, "{what}: {answer:?}");
                assert!(answer.head.header("x-greenroom-error").is_some(), "{what}: {answer:?}");
            },
        )
        .await;
    }
}

#[tokio::test]
async fn gateway_23_what_comes_behind_an_answer_is_no_answer_to_the_next() {
    let behind = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison".to_vec();
    let answer = move |request: &str| {
        let body = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let own = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        [own.into_bytes(), behind.clone()].concat()
    };
    before(answer, async |port| {
        for id in 0..20 {
            let mut client = Connection::to(port).await;
            let path = format!("/asked/{id}");
            let answer = client.get(&path).await;
            assert_eq!(String::from_utf8_lossy(&answer.body), path);
            // Nor does it come on the client's own connection.
            let more = timeout(Duration::from_millis(20), client.until(b"poison")).await;
            assert!(more.is_err(), "{more:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn gateway_23_a_first_word_of_several_is_not_the_last() {
    let answer = |_: &str| {
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast".to_vec()
    };
    before(answer, async |port| {
        let mut client = Connection::to(port).await;
        for _ in 0..2 {
            let answer = in_time("an answer", client.get("/asked")).await;
            assert_eq!((answer.head.status, &*answer.body), (200, &b"last"[..]));
        }
    })
    .await;
}
