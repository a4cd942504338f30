//! What of a request arrives at the server behind.

use greenroom_proxy::{Label, Labels};
use http::HeaderMap;
use serde_json::json;

use crate::kit::{Gateway, Kit, Request, Upstream};

/// What arrives of this request.
async fn arrives(gateway: &Gateway, upstream: &mut Upstream, request: &str) -> Request {
    let mut client = gateway.client.send(request).await;
    let (mut arrived, request) = upstream.request().await;
    arrived.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.answer("HEAD").await.status, 200);
    request
}

#[tokio::test]
async fn path_and_query_arrive_byte_for_byte() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for target in
        ["/", "//", "/api/x/../y", "/%2e/%2F", "/%zz", "/a|b^c", "/?", "/?a=b&c=%20+/?", "/api/x;v=1", "*"]
    {
        let method = if target == "*" { "OPTIONS" } else { "GET" };
        let text = format!("{method} {target} HTTP/1.1\r\nHost: front\r\n\r\n");
        let arrived = arrives(&gateway, &mut upstream, &text).await;
        assert_eq!(arrived.line, format!("{method} {target} HTTP/1.1"));
    }
    for (target, origin) in [("http://other/a?b", "/a?b"), ("http://other", "/"), ("http://other?b", "/?b")] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: front\r\n\r\n");
        let arrived = arrives(&gateway, &mut upstream, &text).await;
        assert_eq!(arrived.line, format!("GET {origin} HTTP/1.1"));
        assert_eq!(arrived.header("host"), Some("front"));
    }
}

#[tokio::test]
async fn headers_keep_their_order_their_values_and_their_number() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let came = "Host: front:7007\r\nB: 1\r\nAuthorization: Bearer t\r\nA: 2\r\nCookie: a=b\r\nB: 3\r\nBaggage: k=v\r\nExpect: 100-continue\r\n";
    let arrived = arrives(&gateway, &mut upstream, &format!("GET / HTTP/1.1\r\n{came}\r\n")).await;
    let theirs: Vec<_> = arrived.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let ours = ["x-forwarded-for", "x-forwarded-proto", "x-request-id", "traceparent"];
    let (added, kept): (Vec<_>, Vec<_>) =
        theirs.into_iter().partition(|line| ours.iter().any(|name| line.starts_with(name)));
    assert_eq!(
        kept,
        [
            "host: front:7007",
            "b: 1",
            "b: 3",
            "authorization: Bearer t",
            "a: 2",
            "cookie: a=b",
            "baggage: k=v",
            "expect: 100-continue",
        ]
    );
    assert_eq!(added.len(), 4, "{added:?}");
}

#[tokio::test]
async fn what_is_for_the_clients_connection_alone_ends_with_it() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let arrived = arrives(
        &gateway,
        &mut upstream,
        "GET / HTTP/1.1\r\nHost: front\r\nConnection: keep-alive, Foo, upgrade, HTTP2-Settings\r\nconnection: bar\r\nFoo: 1\r\nBar: 2\r\n\
         Baz: 3\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\nTE: gzip\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: z\r\n\r\n",
    )
    .await;
    for name in [
        "connection",
        "foo",
        "bar",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "upgrade",
        "http2-settings",
    ] {
        assert_eq!(arrived.header(name), None, "{name}");
    }
    assert_eq!(arrived.header("baz"), Some("3"));
    let arrived =
        arrives(&gateway, &mut upstream, "GET / HTTP/1.1\r\nHost: x\r\nTE: deflate, Trailers\r\n\r\n").await;
    assert_eq!((arrived.header("te"), arrived.header("connection")), (Some("trailers"), Some("TE")));
}

#[tokio::test]
async fn a_connection_header_takes_nothing_away_by_which_the_server_behind_judges() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let names = [
        "Authorization",
        "Cookie",
        "Content-Type",
        "X-Forwarded-User",
        "Backstage-Token",
        "Origin",
        "Sec-Fetch-Site",
    ];
    for name in names {
        let text =
            format!("GET / HTTP/1.1\r\nHost: front\r\n{name}: v\r\nConnection: close, {name}, host\r\n\r\n");
        let arrived = arrives(&gateway, &mut upstream, &text).await;
        assert_eq!(arrived.header(&name.to_ascii_lowercase()), Some("v"), "{name}");
        assert_eq!(arrived.header("host"), Some("front"));
    }
    // The address is ours, and stays, too.
    let named = "GET / HTTP/1.1\r\nHost: x\r\nConnection: x-forwarded-for, x-request-id\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n";
    let arrived = arrives(&gateway, &mut upstream, named).await;
    assert_eq!(arrived.all("x-forwarded-for"), ["127.0.0.1"]);
    assert!(arrived.header("x-request-id").is_some());
}

#[tokio::test]
async fn a_client_of_an_older_http_is_asked_for_in_the_newer_one() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let arrived = arrives(&gateway, &mut upstream, "GET /a HTTP/1.0\r\n\r\n").await;
    assert_eq!((arrived.line.as_str(), arrived.header("host")), ("GET /a HTTP/1.1", Some("")));
    let arrived = arrives(&gateway, &mut upstream, "GET /a HTTP/1.0\r\nHost: front\r\n\r\n").await;
    assert_eq!(arrived.all("host"), ["front"]);
}

/// A header, and what arrives of it where nobody is trusted, and where the peer is.
type Arriving = (&'static str, Option<&'static str>, Option<&'static str>);

/// Headers of a client, and what arrives of them where nobody is trusted, and where the peer is.
const ADDRESSES: &[(&str, &[Arriving])] = &[
    (
        "",
        &[
            ("x-forwarded-for", Some("127.0.0.1"), Some("127.0.0.1")),
            ("x-forwarded-proto", Some("http"), Some("http")),
        ],
    ),
    (
        "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n",
        &[
            ("x-forwarded-for", Some("127.0.0.1"), Some("9.9.9.9")),
            ("x-forwarded-proto", Some("http"), Some("https")),
            ("x-forwarded-host", None, Some("evil")),
        ],
    ),
    (
        "X-Forwarded-For: 8.8.8.8, 9.9.9.9\r\nForwarded: for=1.1.1.1\r\nX-Real-IP: 7.7.7.7\r\n",
        &[
            ("x-forwarded-for", Some("127.0.0.1"), Some("8.8.8.8, 9.9.9.9")),
            ("forwarded", None, Some("for=1.1.1.1")),
            ("x-real-ip", None, Some("7.7.7.7")),
        ],
    ),
    (
        "X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /p\r\nX-Forwarded-Server: s\r\nX-Forwarded-Ssl: on\r\nX-Forwarded-Scheme: https\r\n",
        &[
            ("x-forwarded-port", None, Some("1")),
            ("x-forwarded-prefix", None, Some("/p")),
            ("x-forwarded-server", None, Some("s")),
            ("x-forwarded-ssl", None, Some("on")),
            ("x-forwarded-scheme", None, Some("https")),
        ],
    ),
    // Which proxy has signed somebody in is not for `trustProxy` to say.
    (
        "X-Forwarded-User: guest\r\nX-Forwarded-Email: g@x\r\nX-Forwarded-Access-Token: t\r\n",
        &[
            ("x-forwarded-user", Some("guest"), Some("guest")),
            ("x-forwarded-email", Some("g@x"), Some("g@x")),
            ("x-forwarded-access-token", Some("t"), Some("t")),
        ],
    ),
];

#[tokio::test]
async fn whose_word_is_taken_for_the_clients_address_is_what_trust_proxy_says() {
    for (trusts, is_transparent) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut upstream = Upstream::listen().await;
        let kit = Kit::to(upstream.address)
            .config("backend.trustProxy", json!(if trusts { json!(1) } else { json!(false) }));
        let gateway = kit.start().await.up().await;
        gateway.proxy.set_transparent(is_transparent);
        for (headers, expected) in ADDRESSES {
            let text = format!("GET / HTTP/1.1\r\nHost: front\r\n{headers}\r\n");
            let arrived = arrives(&gateway, &mut upstream, &text).await;
            for (name, untrusted, trusted) in *expected {
                let expected = if trusts { *trusted } else { *untrusted };
                assert_eq!(
                    arrived.all(name),
                    Vec::from_iter(expected),
                    "{headers:?} {trusts} {is_transparent}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_server_behind_is_part_of_the_trace_and_knows_the_requests_id() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let text = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-7\r\nTraceparent: {trace}\r\nTracestate: a=b\r\nBaggage: k=v\r\n\r\n"
    );
    let arrived = arrives(&gateway, &mut upstream, &text).await;
    assert_eq!(arrived.all("x-request-id"), ["mine-7"]);
    let told = arrived.all("traceparent");
    assert_eq!((told.len(), &told[0][..35], &told[0][52..]), (1, &trace[..35], "-01"));
    assert_ne!(told, [trace], "its parent is this server's span");
    assert_eq!((arrived.all("tracestate"), arrived.all("baggage")), (vec!["a=b"], vec!["k=v"]));
    let arrived =
        arrives(&gateway, &mut upstream, "GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: not valid!\r\n\r\n")
            .await;
    let line = gateway.access_lines(2).await.pop().unwrap();
    assert_eq!(arrived.header("x-request-id"), line["requestId"].as_str());
}

#[tokio::test]
async fn transparent_says_who_has_sent_a_request_and_adds_nothing_else() {
    let (gateway, mut upstream) = Gateway::pair().await;
    gateway.proxy.set_transparent(true);
    let sender = "x-forwarded-for: 127.0.0.1\r\nx-forwarded-proto: http\r\n\r\n";
    let came = "GET / HTTP/1.1\r\nhost: front\r\nx-request-id: a b\r\ntraceparent: x\r\ntracestate: y\r\n";
    let said = "x-forwarded-for: 9.9.9.9\r\nforwarded: for=x\r\n\r\n";
    assert_eq!(
        arrives(&gateway, &mut upstream, &format!("{came}{said}")).await.head,
        format!("{came}{sender}")
    );
    let arrived = arrives(
        &gateway,
        &mut upstream,
        "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nte: gzip\r\n\r\n",
    )
    .await;
    assert_eq!(arrived.head, format!("GET / HTTP/1.1\r\nhost: x\r\n{sender}"));
}

#[tokio::test]
async fn bodies_arrive_framed_as_they_were() {
    let (gateway, mut upstream) = Gateway::pair().await;
    for method in ["POST", "GET", "DELETE"] {
        let mut client = gateway
            .client
            .send(format!("{method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"))
            .await;
        let (mut arrived, request) = upstream.request().await;
        assert_eq!(
            (request.header("content-length"), request.header("transfer-encoding")),
            (Some("5"), None)
        );
        assert_eq!(arrived.bytes(5).await, b"hello");
        arrived.answer("sized").await;
        assert_eq!(client.answer(method).await.text(), "sized");
        drop(arrived);
        let chunked =
            "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n";
        let mut client = gateway.client.send(format!("{method} / HTTP/1.1\r\nHost: x\r\n{chunked}")).await;
        let (mut arrived, request) = upstream.request().await;
        assert_eq!(request.all("transfer-encoding"), ["chunked"], "{method}");
        assert_eq!(request.header("trailer"), Some("X-Sum"));
        let body = "5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n";
        let came = arrived.bytes(body.len()).await;
        assert_eq!(String::from_utf8_lossy(&came).to_ascii_lowercase(), body);
        arrived.answer("chunked").await;
        assert_eq!(client.answer(method).await.text(), "chunked");
    }
    let arrived = arrives(&gateway, &mut upstream, "POST / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!((arrived.header("content-length"), arrived.header("transfer-encoding")), (None, None));
    let arrived =
        arrives(&gateway, &mut upstream, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((arrived.header("content-length"), arrived.header("transfer-encoding")), (Some("0"), None));
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_to_go_on_is_told_when_its_body_is_wanted() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let mut client = gateway
        .client
        .send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        .await;
    let (mut arrived, request) = upstream.request().await;
    assert_eq!(request.header("expect"), Some("100-continue"));
    assert_eq!(client.head().await.unwrap().status, 100);
    arrived.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send("ab").await;
    assert_eq!(arrived.bytes(2).await, b"ab");
    arrived.answer("ok").await;
    assert_eq!(client.answer("POST").await.seen(), (200, "ok"));
}

/// Calls everybody a user, and says that something is wrong with them.
struct Everybody;

impl Labels for Everybody {
    fn look(&self, headers: &HeaderMap, told: Box<dyn FnOnce(Label) + Send>) {
        if headers.contains_key("authorization") {
            told(Label { principal_type: "user", error: Some("expired") });
        }
    }
}

#[tokio::test]
async fn the_line_tells_who_asked_as_far_as_it_is_known() {
    let mut upstream = Upstream::listen().await;
    let gateway =
        Kit::to(upstream.address).with(|builder| builder.labels(Everybody)).start().await.up().await;
    arrives(&gateway, &mut upstream, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n").await;
    arrives(&gateway, &mut upstream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let lines = gateway.access_lines(2).await;
    assert_eq!(
        (lines[0]["principalType"].as_str(), lines[0]["credentialError"].as_str()),
        (Some("user"), Some("expired"))
    );
    gateway.proxy.set_transparent(true);
    arrives(&gateway, &mut upstream, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n").await;
    let line = gateway.access_lines(3).await.pop().unwrap();
    assert_eq!(line["credentialError"], json!(null), "nobody looks at it");
    let unknown = (&lines[1]["principalType"], &lines[1]["credentialError"]);
    assert_eq!(unknown, (&json!("unverified"), &json!(null)), "it was not told in time");
    assert!(lines[0]["upstreamMs"].is_number());
    assert_eq!(lines[0]["gatewayError"], json!(null), "the answer is the other server's");
}

#[tokio::test]
async fn a_proxy_in_front_that_is_not_trusted_is_told_once() {
    const FORWARDED: &str = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n";
    let untrusted = "backend.trustProxy does not trust";
    let (gateway, mut upstream) = Gateway::pair().await;
    arrives(&gateway, &mut upstream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(gateway.lines_with(untrusted).len(), 0, "nobody stands in front");
    for _ in 0..3 {
        arrives(&gateway, &mut upstream, FORWARDED).await;
    }
    let told = gateway.lines_with(untrusted);
    assert_eq!((told.len(), told[0]["level"].as_str()), (1, Some("warn")));
    let mut upstream = Upstream::listen().await;
    let trusting = Kit::to(upstream.address).config("backend.trustProxy", json!(1)).start().await.up().await;
    arrives(&trusting, &mut upstream, FORWARDED).await;
    assert_eq!(trusting.lines_with(untrusted).len(), 0);
}
