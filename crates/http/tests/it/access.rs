//! The access line.

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use crate::kit::{Kit, Up};

async fn up() -> Up {
    kit().start().await
}

fn kit() -> Kit {
    let streamed = async || {
        let parts = stream::iter(["a", "b"].map(|part| Ok::<_, std::io::Error>(Bytes::from(part))));
        Body::from_stream(parts)
    };
    let endless = async || {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 8192]))))
    };
    let broken =
        async || Body::from_stream(stream::iter([Ok(Bytes::from("a")), Err(std::io::Error::other("x"))]));
    let router = Router::new()
        .route("/text", get(async || "fine"))
        .route("/big", get(async || "x".repeat(4096)))
        .route("/streamed", get(streamed))
        .route("/endless", get(endless))
        .route("/broken", get(broken))
        .route("/nothing", get(async || axum::http::StatusCode::NO_CONTENT));
    Kit::new().open(router)
}

/// The line of one request, with the fields that Node has.
async fn line(up: &Up, method: &str, target: &str, headers: &[(&str, &str)]) -> Value {
    let before = up.lines_of("incomingRequest", 0).await.len();
    up.client.ask(method, target, headers, b"").await;
    let mut line = up.lines_of("incomingRequest", before + 1).await.remove(before);
    line.as_object_mut().unwrap().remove("timestamp").expect("every line has a time");
    line
}

#[tokio::test]
async fn http_31_the_line_has_nodes_fields_and_text() {
    let up = up().await;
    let headers = [("User-Agent", "curl/7.88.1"), ("Referer", "http://a/b")];
    let expected = json!({
        "contentLength": 4,
        "httpVersion": "1.1",
        "level": "info",
        "message": "\"GET /api/x/text?q=1 HTTP/1.1\" 200 4 \"http://a/b\" \"curl/7.88.1\"",
        "method": "GET",
        "referrer": "http://a/b",
        "service": "rootHttpRouter",
        "status": 200,
        "type": "incomingRequest",
        "url": "/api/x/text?q=1",
        "userAgent": "curl/7.88.1",
    });
    assert_eq!(line(&up, "GET", "/api/x/text?q=1", &headers).await, expected);
}

#[tokio::test]
async fn the_length_is_that_of_the_header_if_there_is_one() {
    let up = up().await;
    let tag = up.get("/api/x/text").await.header("etag").unwrap().to_owned();
    up.lines_of("incomingRequest", 1).await;
    for (method, target, headers, status, length) in [
        ("HEAD", "/api/x/text", vec![], 200, Some(4)),
        ("GET", "/api/x/text", vec![("If-None-Match", tag.as_str())], 304, None),
        ("GET", "/api/x/streamed", vec![], 200, None),
        ("HEAD", "/api/x/streamed", vec![], 200, None),
        ("GET", "/api/x/big", vec![("Accept-Encoding", "gzip")], 200, None),
        ("GET", "/api/x/nothing", vec![], 204, None),
        ("GET", "/api/x/unknown", vec![], 404, None),
        ("GET", "/unknown", vec![], 404, None),
        ("OPTIONS", "/api/x/text", vec![], 200, Some(8)),
    ] {
        let line = line(&up, method, target, &headers).await;
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line.get("contentLength").and_then(Value::as_u64), length, "{line}");
        let told = format!("\"{method} {target} HTTP/1.1\" {status} {} \"-\" \"-\"", length.unwrap_or(0));
        assert_eq!(line["message"], told);
        assert!(line.get("userAgent").is_none() && line.get("referrer").is_none(), "{line}");
    }
}

#[tokio::test]
async fn an_answer_that_did_not_end_has_a_line_that_says_so() {
    let up = kit().with_additions().start().await;
    for (at, target) in ["/api/x/endless", "/api/x/broken"].into_iter().enumerate() {
        let mut connection = up.client.connect().await;
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let mut some = [0; 512];
        tokio::io::AsyncReadExt::read(&mut connection.stream, &mut some).await.unwrap();
        drop(connection);
        let line = up.lines_of("incomingRequest", at + 1).await.remove(at);
        assert_eq!(
            (&line["url"], &line["status"], &line["aborted"]),
            (&target.into(), &200.into(), &true.into())
        );
        assert!(line["contentLength"].as_u64().is_some_and(|sent| sent > 0), "{line}");
    }
    let whole = up.get("/api/x/text").await;
    assert_eq!(whole.status, 200);
    assert!(up.lines_of("incomingRequest", 3).await[2].get("aborted").is_none());
}

#[tokio::test]
async fn the_line_says_how_long_it_took_which_route_answered_and_for_whom() {
    let up = kit().with_additions().start().await;
    up.client.ask("GET", "/api/x/text/?q=1", &[], b"").await;
    let line = up.lines_of("incomingRequest", 1).await.remove(0);
    assert_eq!((&line["route"], &line["targetPlugin"]), (&"/api/x/text".into(), &"x".into()));
    assert!(line["durationMs"].as_f64().is_some_and(|took| took > 0.0 && took < 20_000.0), "{line}");
    up.get("/unknown").await;
    let line = up.lines_of("incomingRequest", 2).await.remove(1);
    assert!(line.get("route").is_none() && line.get("targetPlugin").is_none(), "{line}");
}

#[tokio::test]
async fn a_body_that_breaks_is_told_once() {
    let up = up().await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/broken HTTP/1.1\r\nHost: x\r\n\r\n").await;
    connection.rest().await;
    let all = up.lines_of("errorHandler", 1).await;
    let [told] = &all[..] else { panic!("{all:#?}") };
    assert_eq!((&told["level"], &told["plugin"]), (&json!("error"), &json!("x")), "{told}");
    assert_eq!(told["message"], "Request failed with status 500 x");
}

#[tokio::test]
async fn credentials_in_urls_are_masked() {
    let up = up().await;
    let headers = [
        ("Referer", "http://a/cb?state=s3cret"),
        ("User-Agent", "Bot/1.0 (+https://me:s3cret@bot.example/?token=s3cret)"),
    ];
    let line = line(&up, "GET", "/api/x/text?code=s3cret&x=1", &headers).await;
    assert_eq!(line["url"], "/api/x/text?code=***&x=1");
    assert_eq!(line["referrer"], "http://a/cb?state=***");
    assert_eq!(line["userAgent"], "Bot/1.0 (+https://***@bot.example/?token=***)");
    assert!(!line.to_string().contains("s3cret"), "{line}");
}

/// Whatever a referrer holds, its line is written.
#[tokio::test]
async fn a_referrer_that_is_hard_to_read_has_its_line() {
    let up = up().await;
    let line = line(&up, "GET", "/api/x/text", &[("Referer", "http:;token=s3cret@host")]).await;
    assert_eq!(line["referrer"], "http:***@host");
}

#[tokio::test]
async fn no_kind_of_line_tells_credentials_in_urls() {
    let ends = |how: &'static str| {
        let parts = futures_util::stream::iter((0..3).map_while(move |part| match (part, how) {
            (0, _) => Some(Ok("partial")),
            (_, "breaks") => Some(Err(std::io::Error::other("gone"))),
            (_, "panics") => panic!("half-way"),
            _ => None,
        }));
        let answer = axum::response::Response::builder();
        let answer = if how == "short" { answer.header("content-length", "100") } else { answer };
        answer.body(axum::body::Body::from_stream(parts)).unwrap()
    };
    let router = Router::new()
        .route("/breaks", get(async move || ends("breaks")))
        .route("/panics", get(async move || ends("panics")))
        .route("/short", get(async move || ends("short")))
        .route("/fails", get(async || greenroom_http::HttpError::from(greenroom_errors::Error::new("x"))))
        .route("/refuses", get(async || greenroom_http::HttpError::from(greenroom_errors::Error::input("x"))))
        .route("/bang", get(async || -> &'static str { panic!("x") }))
        .route("/switches", get(async || axum::http::StatusCode::SWITCHING_PROTOCOLS))
        .route("/json", axum::routing::post(async |_: greenroom_http::Json<serde_json::Value>| ()));
    let sockets = greenroom_core::plugin("ws", |env| {
        env.register_init(async |http: greenroom_http::HttpRouter| {
            http.add_websocket_handler("/closed", async |_| Ok(()))?;
            let open = greenroom_http::AuthPolicy::Unauthenticated;
            http.add_websocket_handler_with("/fails", open, async |_| {
                Err(greenroom_errors::Error::new("x").into())
            })?;
            http.add_websocket_handler_with("/bang", open, async |_| panic!("x"))?;
            http.add_websocket_handler_with(
                "/accepts",
                open,
                async |upgrade: greenroom_http::websocket::WebSocketUpgrade| {
                    upgrade.accept().await.map(drop).map_err(Into::into)
                },
            )
        });
    });
    let up = Kit::new().with_additions().open(router).add(sockets).start().await;
    let secret = "token=s3cret&password=s3cret&code=s3cret";
    for path in ["breaks", "panics", "short", "fails", "refuses", "bang", "switches", "json", "nope"] {
        for (method, host) in [("GET", ""), ("POST", ""), ("GET", "http://ada:s3cret@x")] {
            let request = format!(
                "{method} {host}/api/x/{path}?{secret} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            );
            up.client.raw(request).await;
        }
    }
    for path in ["/api/ws/closed", "/api/ws/fails", "/api/ws/bang", "/api/ws/accepts", "/nope"] {
        let request = format!(
            "GET {path}?{secret} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        );
        up.client.raw(request).await;
    }
    up.lines_of("incomingRequest", 27).await;
    let broken = up.lines_of("errorHandler", 1).await;
    let broken: Vec<_> = broken.iter().filter_map(|line| line["url"].as_str()).collect();
    let url = "/api/x/breaks?token=***&password=***&code=***";
    assert!(broken.contains(&url), "a broken answer has the URL: {broken:?}");
    let lines = up.lines.lines();
    let leaks: Vec<_> = lines.iter().filter(|line| line.contains("s3cret")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[tokio::test]
async fn texts_are_told_as_they_came() {
    let up = up().await;
    let line_of = line(&up, "GET", "/api/x/text", &[("User-Agent", "a \"quoted\" b")]).await;
    assert_eq!(line_of["message"], "\"GET /api/x/text HTTP/1.1\" 200 4 \"-\" \"a \"quoted\" b\"");
    assert_eq!(line_of["userAgent"], "a \"quoted\" b");
    let absolute = line(&up, "GET", "http://localhost/api/x/text", &[]).await;
    assert_eq!((&absolute["url"], &absolute["status"]), (&json!("http://localhost/api/x/text"), &json!(200)));
    let star = line(&up, "OPTIONS", "*", &[]).await;
    assert_eq!((&star["url"], &star["status"]), (&json!("*"), &json!(404)));
}

#[tokio::test]
async fn until_backstage_1_55_the_line_had_a_date() {
    let up = kit().config("greenroom.compatibility", json!("1.55")).start().await;
    let line = line(&up, "GET", "/api/x/text", &[]).await;
    let date = line["date"].as_str().unwrap();
    assert_eq!((date.len(), &date[10..11], &date[23..]), (24, "T", "Z"), "{date}");
    assert_eq!(line["message"], format!("[{date}] \"GET /api/x/text HTTP/1.1\" 200 4 \"-\" \"-\""));
}
