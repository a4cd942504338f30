//! One request, one answer.

use bytes::Bytes;
use greenroom_http_client::{Call, Fault};
use http::{HeaderName, HeaderValue, Request, header};

use crate::kit::{Reply, Server, client, keep, ok};

#[tokio::test]
async fn a_request_arrives_as_it_is_and_its_answer_comes_whole() {
    let server =
        Server::start(|_| keep("HTTP/1.1 201 Created\r\nX-Kind: tea\r\nContent-Length: 5\r\n\r\nearl "))
            .await;
    let call = Call::post(&server.url("/pots?size=2"), "leaves").unwrap();
    let answer =
        client().send(call.header(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-kind"], &answer.body()[..]),
        (201, &HeaderValue::from_static("tea"), &b"earl "[..])
    );

    let seen = server.seen().await;
    assert_eq!((seen.line(), &seen.body[..]), ("POST /pots?size=2 HTTP/1.1", &b"leaves"[..]));
    assert_eq!(seen.header("host"), Some(&*server.address.to_string()));
    assert_eq!((seen.header("content-type"), seen.header("content-length")), (Some("text/plain"), Some("6")));
    assert_eq!(seen.header("user-agent"), Some(concat!("greenroom/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn an_answer_in_chunks_and_one_that_ends_with_the_connection_are_whole_too() {
    let chunked = Server::start(|_| {
        keep("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    })
    .await;
    let answer = client().send(Call::get(&chunked.url("/")).unwrap()).await.unwrap();
    assert_eq!(answer.body(), "abcde");
    let until_end = Server::start(|_| Reply::Close("HTTP/1.1 200 OK\r\n\r\nabc".into())).await;
    let answer = client().send(Call::get(&until_end.url("/")).unwrap()).await.unwrap();
    assert_eq!(answer.body(), "abc");
}

#[tokio::test]
async fn every_status_is_an_answer_and_no_redirection_is_followed() {
    for status in [204, 301, 302, 307, 308, 404, 407, 503] {
        let text = format!("HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        let server = Server::start(move |_| keep(&text)).await;
        let answer = client().send(Call::get(&server.url("/")).unwrap()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["location"]),
            (status, &HeaderValue::from_static("/elsewhere"))
        );
        assert_eq!(server.seen().await.line(), "GET / HTTP/1.1");
        assert!(server.has_seen_all().await);
    }
}

#[tokio::test]
async fn no_body_is_decoded_and_none_is_asked_for_in_an_encoding() {
    let zipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00";
    let server = Server::start(|_| Reply::Keep(zipped.to_vec())).await;
    let answer = client().send(Call::get(&server.url("/")).unwrap()).await.unwrap();
    assert_eq!(
        (&answer.headers()["content-encoding"], &answer.body()[..]),
        (&HeaderValue::from_static("gzip"), &b"\x1f\x8b\x08\x00"[..])
    );
    assert_eq!(server.seen().await.header("accept-encoding"), None);
}

#[tokio::test]
async fn a_connection_serves_one_call_after_the_other_and_no_cookie_is_kept() {
    let server =
        Server::start(|_| keep("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n")).await;
    let client = client();
    for _ in 0..3 {
        client.send(Call::get(&server.url("/")).unwrap()).await.unwrap();
        let seen = server.seen().await;
        assert_eq!((seen.connection, seen.header("cookie")), (1, None));
    }
}

#[tokio::test]
async fn nothing_that_may_have_been_sent_is_sent_again() {
    let server = Server::start(|seen| match seen.line() {
        "GET /first HTTP/1.1" => ok(""),
        _ => Reply::Close(vec![]),
    });
    let server = server.await;
    let client = client();
    client.send(Call::get(&server.url("/first")).unwrap()).await.unwrap();
    for path in ["/kept-connection", "/new-connection"] {
        let error = client.send(Call::post(&server.url(path), "x").unwrap()).await.unwrap_err();
        assert_eq!(error.fault(), &Fault::ClosedEarly);
        assert_eq!(
            error.to_string(),
            format!("{} closed the connection before its answer was whole", server.address)
        );
    }
    let (first, second, third) = (server.seen().await, server.seen().await, server.seen().await);
    assert_eq!([first.connection, second.connection, third.connection], [1, 1, 2]);
    assert!(server.has_seen_all().await);
}

#[tokio::test]
async fn an_address_of_ipv6_stands_in_brackets() {
    let server = Server::on_ipv6(|_| ok("six")).await;
    let answer = client().send(Call::get(&server.url("/")).unwrap()).await.unwrap();
    assert_eq!(answer.body(), "six");
    assert_eq!(server.seen().await.header("host"), Some(&*format!("[::1]:{}", server.address.port())));
}

#[tokio::test]
async fn what_is_of_the_callers_own_connection_does_not_go_on() {
    let server = Server::start(|_| ok("")).await;
    let request = Request::post(server.url("/"))
        .header(header::CONTENT_LENGTH, "400")
        .header(header::TRANSFER_ENCODING, "chunked")
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header("keep-alive", "timeout=5")
        .header(header::PROXY_AUTHORIZATION, "Basic c2VjcmV0")
        .header(header::HOST, "portal.example")
        .body(Bytes::from("x"));
    client().send(request.unwrap()).await.unwrap();
    let seen = server.seen().await;
    assert_eq!(seen.all("content-length"), ["1"]);
    for name in ["transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-authorization"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("host"), Some("portal.example"));
}

#[tokio::test]
async fn a_url_that_cannot_be_called_is_refused_without_being_shown() {
    for (url, text) in [
        (
            "/only/a/path?token=secret",
            "The request to nowhere cannot be sent: its URL has no host, expected http://… or https://…",
        ),
        ("http://a b/secret", "The request to nowhere cannot be sent: its URL is none"),
        (
            "ftp://files.example/secret",
            "The request to files.example cannot be sent: its URL begins with neither http:// nor https://",
        ),
        (
            "https://me:secret@a.example/",
            "The request to a.example cannot be sent: its URL holds credentials, which belong in a header",
        ),
        (
            "https://a.example:0/",
            "The request to a.example cannot be sent: its port is none, expected 1 to 65535",
        ),
        (
            "https://a.example:65536/",
            "The request to a.example cannot be sent: its port is none, expected 1 to 65535",
        ),
    ] {
        let error = Call::get(url).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.kind()), (text, "request"), "{url}");
    }
    let tunnel = Request::connect("a.example:443").body(Bytes::new()).unwrap();
    assert_eq!(client().send(tunnel).await.unwrap_err().kind(), "request");
    let tunnel = Request::builder().method("CONNECT").uri("http://127.0.0.1:1/").body(Bytes::new()).unwrap();
    assert_eq!(client().send(tunnel).await.unwrap_err().kind(), "request");
    let relative = Request::get("/").header(HeaderName::from_static("host"), "a.example").body(Bytes::new());
    assert_eq!(client().send(relative.unwrap()).await.unwrap_err().kind(), "request");
}
