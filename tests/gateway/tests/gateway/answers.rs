//! Answers of kinds that a proxy gets wrong: through the gateway as by Node itself.

use greenroom_conformance::{reply::Reply, transcript::Request, version::Version};
use greenroom_gateway_tests::{Connection, Pair, Setup, alike};

const TEXT: &str = "/api/bodies/files/text.txt";

/// What both answer to the same bytes.
async fn both(pair: &Pair, request: &str) -> (Reply, Reply) {
    let request = Request::raw(request.as_bytes().to_owned());
    (pair.node.client().exchange(&request).await, pair.gateway.client().exchange(&request).await)
}

async fn are_alike(pair: &Pair, request: &str) {
    let (direct, through) = both(pair, request).await;
    assert!(direct.is_ok(), "{request}: {direct:?}");
    assert_eq!(alike::differences(&direct, &through), [], "{request}");
}

#[tokio::test]
async fn gateway_18_head_ranges_conditions_and_encodings_are_answered_as_by_node() {
    for version in Version::held() {
        let pair = Setup::new(version).features("healthcheck,errs,gw,bodies").sidecar().await;
        let head = Connection::to(pair.node.port()).await.get(TEXT).await.head;
        let [tag, changed] =
            ["etag", "last-modified"].map(|name| head.header(name).expect("it has one").to_owned());
        let conditions = [
            String::new(),
            "Range: bytes=0-9\r\n".to_owned(),
            "Range: bytes=-5\r\n".to_owned(),
            "Range: bytes=5-\r\n".to_owned(),
            "Range: bytes=0-1,5-6\r\n".to_owned(),
            "Range: bytes=99999-\r\n".to_owned(),
            format!("If-None-Match: {tag}\r\n"),
            "If-None-Match: \"other\"\r\n".to_owned(),
            format!("If-Modified-Since: {changed}\r\n"),
            format!("If-Range: {tag}\r\nRange: bytes=0-9\r\n"),
            format!("If-Range: {changed}\r\nRange: bytes=0-9\r\n"),
            "If-Match: \"other\"\r\n".to_owned(),
        ];
        for method in ["GET", "HEAD"] {
            for condition in &conditions {
                for accepts in [
                    "",
                    "Accept-Encoding: gzip\r\n",
                    "Accept-Encoding: br\r\n",
                    "Accept-Encoding: identity\r\n",
                ] {
                    are_alike(
                        &pair,
                        &format!("{method} {TEXT} HTTP/1.1\r\nHost: localhost\r\n{accepts}{condition}\r\n"),
                    )
                    .await;
                }
            }
            for path in ["/api/errs/big/70000", "/api/gw/ok/1", "/api/errs/notmodified", "/nothing"] {
                are_alike(&pair, &format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
            }
        }
    }
}

#[tokio::test]
async fn gateway_18_what_comes_twice_stays_twice_and_in_order() {
    for version in Version::held() {
        let pair = Setup::new(version).features("healthcheck,gw").sidecar().await;
        are_alike(&pair, "GET /api/gw/headers HTTP/1.1\r\nHost: localhost\r\n\r\n").await;

        let request = "GET /api/gw/sent?a=1&a=%zz&b[]=|^ HTTP/1.1\r\nHost: portal.example:8443\r\nCookie: a=1\r\nX-Twice: one\r\n\
                       Cookie: b=2\r\nX-Empty:\r\nX-Twice: two\r\nX-Latin: caf\u{e9}\r\nAccept: text/html, */*;q=0.1\r\n\r\n";
        let mut told = Vec::new();
        for port in [pair.node.port(), pair.gateway.port()] {
            let body = Connection::to(port).await.ask(request).await.body;
            let mut json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            let headers = json["rawHeaders"].take();
            let list: Vec<_> =
                headers.as_array().into_iter().flatten().filter_map(|text| text.as_str()).collect();
            let sent = |pair: &&[&str]| {
                let name = pair[0].to_ascii_lowercase();
                ["host", "cookie", "x-twice", "x-empty", "x-latin", "accept"].contains(&&*name)
            };
            let mut kept: Vec<_> = list
                .chunks(2)
                .filter(sent)
                .map(|pair| (pair[0].to_ascii_lowercase(), pair[1].to_owned()))
                .collect();
            // The order of different names says nothing; that of one name does.
            kept.sort_by(|a, b| a.0.cmp(&b.0));
            told.push((json["url"].clone(), kept));
        }
        assert_eq!(told[0], told[1], "{version}");
    }
}

#[tokio::test]
async fn gateway_18_what_is_for_the_next_hop_alone_stays_there() {
    let pair = Setup::new(Version::newest()).features("healthcheck,gw").sidecar().await;
    let head = Connection::to(pair.gateway.port()).await.get("/api/gw/named-hop").await.head;
    assert_eq!((head.header("between"), head.header("beyond")), (None, Some("for the client")));
    assert!(head.header("connection").is_none_or(|value| !value.contains("Between")), "{head:?}");

    let request = "GET /api/gw/sent HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Mine\r\nMine: 1\r\nYours: 2\r\n\
                   Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=9\r\nTE: trailers, deflate\r\n\r\n";
    let body = Connection::to(pair.gateway.port()).await.ask(request).await.body;
    let text = String::from_utf8_lossy(&body).to_ascii_lowercase();
    assert!(text.contains("yours"), "{text}");
    for name in ["\"mine\"", "proxy-connection", "\"keep-alive\"", "deflate"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
}

#[tokio::test]
async fn gateway_18_trailers_pass_both_ways() {
    let upload = "POST /api/bodies/upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                  5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n";
    let download =
        "GET /api/bodies/trailers HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\nConnection: close\r\n\r\n";
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        for (who, port) in [("direct", pair.node.port()), ("through", pair.gateway.port())] {
            let answer = Connection::to(port).await.ask(upload).await;
            let told: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(told["length"], 5, "{version} {who}");
            assert_eq!(
                told["trailers"].to_string().to_ascii_lowercase(),
                r#"["x-sum","42"]"#,
                "{version} {who}"
            );

            let mut connection = Connection::to(port).await;
            connection.send(download).await;
            let text = String::from_utf8_lossy(&connection.rest().await).to_ascii_lowercase();
            assert!(text.contains("\r\ntrailer: x-sum\r\n"), "{version} {who}: {text}");
            assert!(text.ends_with("\r\n0\r\nx-sum: 42\r\n\r\n"), "{version} {who}: {text}");
        }
    }
}

#[tokio::test]
async fn gateway_18_who_expects_a_word_before_sending_a_body_gets_it() {
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        for (who, port) in [("direct", pair.node.port()), ("through", pair.gateway.port())] {
            let mut connection = Connection::to(port).await;
            connection.send("POST /api/bodies/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
            let first = connection.head().await;
            assert_eq!(first.status, 100, "{version} {who}");
            connection.send("hello").await;
            let answer = connection.answer().await;
            assert_eq!(answer.head.status, 200, "{version} {who}");
            assert!(String::from_utf8_lossy(&answer.body).contains("\"length\":5"), "{version} {who}");
        }
        let other =
            "POST /api/gw/ok/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nExpect: a miracle\r\n\r\n";
        let [direct, through] = [pair.node.port(), pair.gateway.port()]
            .map(async |port| Connection::to(port).await.ask(other).await);
        assert_eq!(direct.await.head.status, through.await.head.status, "{version}");
    }
}

#[tokio::test]
async fn gateway_18_an_answer_before_the_body_reaches_who_is_still_sending() {
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        for (who, port) in [("direct", pair.node.port()), ("through", pair.gateway.port())] {
            for framing in [
                "Content-Length: 50000000",
                "Transfer-Encoding: chunked",
                "Content-Length: 50000000\r\nExpect: 100-continue",
            ] {
                let mut connection = Connection::to(port).await;
                connection
                    .send(format!("POST /api/bodies/early HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"))
                    .await;
                if framing.ends_with("continue") && who == "direct" {
                    assert_eq!(connection.head().await.status, 100, "{version}");
                }
                let answer = connection.answer().await;
                assert_eq!(answer.head.status, 401, "{version} {who} {framing}");
                assert_eq!(answer.body, br#"{"error":"not without a ticket"}"#, "{version} {who} {framing}");
            }
        }
    }
}

/// The greatest cookie that is not too much, with some other headers.
async fn greatest_cookie(port: u16) -> usize {
    let fits = async |length: usize| {
        let request = format!(
            "GET /api/gw/ok/cookie HTTP/1.1\r\nHost: localhost\r\nUser-Agent: it\r\nX-Forwarded-For: 192.0.2.1\r\nCookie: a={}\r\n\r\n",
            "c".repeat(length)
        );
        let status = Connection::to(port).await.ask(&request).await.head.status;
        assert!(matches!(status, 200 | 431), "{status} for {length} bytes");
        status == 200
    };
    let (mut fitting, mut too_much) = (14_000, 18_000);
    while too_much - fitting > 1 {
        let middle = (fitting + too_much) / 2;
        match fits(middle).await {
            true => fitting = middle,
            false => too_much = middle,
        }
    }
    fitting
}

#[tokio::test]
async fn gateway_19_a_cookie_may_be_as_long_as_without_a_gateway() {
    for version in Version::held() {
        let setup = Setup::new(version).features("healthcheck,gw").config("backend: {trustProxy: true}");
        let (direct, gateway) = tokio::join!(setup.clone().node_alone(), setup.wrapped());
        let longest = greatest_cookie(direct.port()).await;
        assert_eq!(greatest_cookie(gateway.port()).await, longest, "{version}");
    }
}
