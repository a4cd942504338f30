//! What of an answer arrives at the client.

use crate::kit::{Answer, Gateway, Kit, Upstream};

/// What arrives of this answer to a request of this method.
async fn arrives(gateway: &Gateway, upstream: &mut Upstream, method: &str, answer: &str) -> Answer {
    let text = format!("{method} /api/x HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n");
    let mut client = gateway.client.send(text).await;
    let (mut arrived, _) = upstream.request().await;
    arrived.send(answer).await;
    drop(arrived);
    client.answer(method).await
}

#[tokio::test]
async fn an_answer_has_as_many_headers_as_a_request_may_have() {
    for (most, lines, expected) in [(100, 100, 200), (100, 101, 502), (300, 300, 200)] {
        let mut upstream = Upstream::listen().await;
        let gateway = Kit::to(upstream.address).headers(most).start().await;
        let mut client = gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let (mut arrived, _) = upstream.request().await;
        let more: String = (1..lines).map(|n| format!("X-{n}: y\r\n")).collect();
        arrived.send(&format!("HTTP/1.1 200 OK\r\n{more}Content-Length: 0\r\n\r\n")).await;
        assert_eq!(client.answer("GET").await.status, expected, "{lines} of {most}");
    }
}

#[tokio::test]
async fn headers_arrive_as_they_were_and_none_is_merged() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let answer = arrives(
        &gateway,
        &mut upstream,
        "GET",
        "HTTP/1.1 203 Quite Fine\r\nSet-Cookie: a=1\r\nETag: W/\"x\"\r\nSet-Cookie: b=2\r\nContent-Encoding: br\r\nServer: s\r\n\
         Vary: A\r\nVary: B\r\nConnection: keep-alive, X-Hop, Hop\r\nHop: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    assert!(answer.head.starts_with("HTTP/1.1 203 Quite Fine\r\n"), "{}", answer.head);
    assert_eq!((answer.all("set-cookie"), answer.all("vary")), (vec!["a=1", "b=2"], vec!["A", "B"]));
    assert_eq!((answer.header("etag"), answer.header("server")), (Some("W/\"x\""), Some("s")));
    assert_eq!((answer.header("content-encoding"), answer.text()), (Some("br"), "ok"));
    for gone in ["hop", "upgrade", "via"] {
        assert_eq!(answer.header(gone), None, "{gone}");
    }
    assert_eq!((answer.header("connection"), answer.all("keep-alive").len()), (Some("keep-alive"), 1));
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn transparent_adds_nothing_but_the_state_of_the_connection() {
    let (gateway, mut upstream) = Gateway::pair().await;
    gateway.proxy.set_transparent(true);
    let answer =
        arrives(&gateway, &mut upstream, "GET", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: d\r\n\r\nok")
            .await;
    let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-length", "date", "connection", "keep-alive"]);
}

#[tokio::test]
async fn answers_without_a_body_keep_what_they_say_of_it() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for (method, answer, length) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 777\r\n\r\n", Some("777")),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        ("HEAD", "HTTP/1.1 200 OK\r\n\r\n", None),
        // Nothing is lost: Express says none there.
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 777\r\nETag: x\r\n\r\n", None),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", None),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        ("DELETE", "HTTP/1.1 204 No Content\r\n\r\n", None),
    ] {
        let arrived = arrives(&gateway, &mut upstream, method, answer).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {}", arrived.status)));
        assert_eq!(arrived.header("content-length"), length, "{answer:?}");
        assert_eq!(arrived.header("transfer-encoding"), None, "{answer:?}");
    }
}

#[tokio::test]
async fn bodies_end_where_they_end() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    ] {
        let arrived = arrives(&gateway, &mut upstream, "GET", answer).await;
        assert_eq!(arrived.seen(), (200, "hello"), "{answer:?}");
        assert!(arrived.head.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[tokio::test]
async fn what_is_said_before_the_answer_is_left_out() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let before = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let answer = format!("{before}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let arrived = arrives(&gateway, &mut upstream, "GET", &answer).await;
    assert_eq!((arrived.seen(), arrived.header("link")), ((200, "hello"), None));
}

#[tokio::test]
async fn trailers_pass() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway.client.send("GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n").await;
    let (mut arrived, request) = upstream.request().await;
    assert_eq!(request.header("te"), Some("trailers"));
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n";
    arrived.send(answer).await;
    let head = client.head().await.unwrap();
    assert_eq!(head.header("trailer"), Some("X-Sum"));
    let body = "2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&client.bytes(body.len()).await).to_ascii_lowercase(), body);
}

#[tokio::test]
async fn an_answer_with_trailers_is_whole_and_its_connection_is_used_again() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut kept = None;
    for (count, takes) in [(1, "TE: trailers\r\n"), (2, ""), (3, "TE: trailers\r\n")] {
        let mut client = gateway.client.send(format!("GET / HTTP/1.1\r\nHost: x\r\n{takes}\r\n")).await;
        let mut arrived = match kept.take() {
            None => upstream.accept().await,
            Some(arrived) => arrived,
        };
        arrived.request().await;
        arrived
            .send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=75\r\nTrailer: X-Sum\r\n\r\n\
                 2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
            )
            .await;
        assert_eq!(client.answer("GET").await.seen(), (200, "ok"));
        let lines = gateway.access_lines(count).await;
        assert_eq!(lines[count - 1].get("aborted"), None, "{}", lines[count - 1]);
        kept = Some(arrived);
    }
    assert!(!upstream.has_another(), "one connection carries all");
}

#[tokio::test]
async fn an_answer_that_two_readers_could_read_in_two_ways_is_a_502() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\nok",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "what is this?\r\n\r\n",
    ] {
        let arrived = arrives(&gateway, &mut upstream, "GET", answer).await;
        assert_eq!(arrived.status, 502, "{answer:?}");
        assert_eq!(arrived.header("x-greenroom-error"), Some("upstream_malformed"), "{answer:?}");
        assert_eq!(arrived.json()["error"]["name"], "ResponseError");
        assert_eq!(arrived.json()["request"]["url"], "/api/x");
    }
    let status = gateway.proxy.status();
    assert_eq!((status.plugins["x"].failures, status.idle_connections), (15, 0));
    assert_eq!(gateway.lines_with("Request failed").len(), 0, "no line for each");
    assert_eq!(gateway.lines_with("A request got no answer").len(), 1);
}
