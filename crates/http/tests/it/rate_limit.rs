//! How many requests a client may send.

use axum::{Router, http::StatusCode, routing::get};
use greenroom_config::RootConfig;
use greenroom_http::HttpSettings;
use serde_json::{Value, json};

use crate::kit::{Answer, Kit, Up};

fn kit(limits: Value) -> Kit {
    let router = Router::new()
        .route("/", get(async || "fine"))
        .route("/panic", get(async || -> StatusCode { panic!("no") }))
        .route("/own", get(async || ([("X-RateLimit-Limit", "own")], "fine")))
        .route("/bad", get(async || StatusCode::IM_A_TEAPOT))
        .route("/hang", get(async || std::future::pending::<()>().await));
    Kit::new().config("backend.rateLimit", limits).open(router)
}

async fn up(limits: Value) -> Up {
    kit(limits).start().await
}

/// Limit and what remains of it.
fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn http_35_one_request_too_many_is_a_429_with_nodes_headers_and_body() {
    let up = up(json!({"window": "50s", "incomingRequestLimit": 2, "ipAllowList": []})).await;
    assert_eq!(told(&up.get("/api/x/").await), (200, Some("2"), Some("1")));
    assert_eq!(told(&up.get("/.backstage/health/v1/readiness").await), (200, Some("2"), Some("0")));
    let body = r#"{"error":{"name":"Error","message":"Too many requests, please try again later"},"response":{"statusCode":429}}"#;
    for target in ["/api/x/", "/nowhere", "/.backstage/health/v1/liveness"] {
        let answer = up.get(target).await;
        assert_eq!((told(&answer), answer.text()), ((429, Some("2"), Some("0")), body), "{target}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        let reset: u64 = answer.header("x-ratelimit-reset").unwrap().parse().unwrap();
        assert!((48..=50).contains(&wait) && (48..=51).contains(&(reset - now())), "{wait} {reset}");
        assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    }
    let statuses: Vec<_> =
        up.lines_of("incomingRequest", 5).await.iter().map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [200, 200, 429, 429, 429]);
}

#[tokio::test]
async fn a_window_ends() {
    let up = up(json!({"window": {"milliseconds": 300}, "incomingRequestLimit": 1, "ipAllowList": []})).await;
    assert_eq!([up.get("/").await.status, up.get("/").await.status], [404, 429]);
    tokio::time::sleep(std::time::Duration::from_millis(310)).await;
    assert_eq!(up.get("/").await.status, 404);
}

#[tokio::test]
async fn loopback_is_not_counted_whatever_family_the_socket_has() {
    for listen in [json!({"host": "127.0.0.1", "port": 0}), json!({"port": 0})] {
        let up = kit(json!(true)).config("backend.listen", listen).start().await;
        assert_eq!(told(&up.get("/api/x/").await), (200, None, None));
    }
}

#[tokio::test]
async fn the_client_is_counted_and_not_the_proxy_before_it() {
    let limits = json!({"incomingRequestLimit": 1, "ipAllowList": ["10.0.0.0/8", "loopback"]});
    let count = async |trust: Value, forwarded: &[&str]| {
        let up = kit(limits.clone()).config("backend.trustProxy", trust).start().await;
        let mut statuses = vec![];
        for one in forwarded {
            let answer = up.client.ask("GET", "/api/x/", &[("X-Forwarded-For", one)], b"").await;
            statuses.push((answer.status, answer.header("x-ratelimit-limit").is_some()));
        }
        statuses
    };
    let (counted, over, free) = ((200, true), (429, true), (200, false));
    assert_eq!(
        count(json!(1), &["1.1.1.1", "2.2.2.2", "9, 1.1.1.1", "10.1.1.1"]).await,
        [counted, counted, over, free]
    );
    assert_eq!(count(json!("loopback"), &["::ffff:1.1.1.1", "1.1.1.1"]).await, [counted, over]);
    // Anyone can say the first address: the last is what the nearest proxy saw.
    assert_eq!(count(json!(true), &["1.1.1.1, 3.3.3.3", "2.2.2.2, 3.3.3.3"]).await, [counted, over]);
    // What is no address is no client: who said it is.
    assert_eq!(count(json!(2), &["a, 1.1.1.1", "b, 1.1.1.1"]).await, [counted, over]);
    assert_eq!(
        count(json!(1), &["1.1.1.1:80", "1.1.1.1:81", "[::2]:80", "::2"]).await,
        [counted, over, counted, over]
    );
    // One site has 56 bits of an IPv6 address, and all addresses behind them.
    assert_eq!(
        count(json!(1), &["2001:db8::1", "2001:db8:0:ff::1", "2001:db8:0:100::1"]).await,
        [counted, over, counted]
    );
    assert_eq!(count(json!(false), &["1.1.1.1", "1.1.1.1"]).await, [free, free]);
}

#[tokio::test]
async fn an_answer_counts_by_its_status() {
    let ask = async |skip: &str, target: &str| {
        let limits = json!({"incomingRequestLimit": 1, "ipAllowList": [], skip: true});
        let up = up(limits).await;
        up.get(target).await;
        up.get(target).await.status
    };
    assert_eq!(ask("skipSuccessfulRequests", "/api/x/").await, 200);
    assert_eq!(ask("skipSuccessfulRequests", "/api/x/bad").await, 429);
    assert_eq!(ask("skipFailedRequests", "/api/x/").await, 429);
    assert_eq!(ask("skipFailedRequests", "/api/x/bad").await, 418);
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_has_failed() {
    let up = up(json!({"incomingRequestLimit": 1, "ipAllowList": [], "skipFailedRequests": true})).await;
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/hang HTTP/1.1\r\nHost: x\r\n\r\n").await;
    crate::kit::until(async || up.get("/api/x/bad").await.status == 429).await;
    drop(connection);
    crate::kit::until(async || up.get("/api/x/bad").await.status == 418).await;
}

#[tokio::test]
async fn plugins_have_limits_of_their_own() {
    let plugin =
        json!({"x": {"incomingRequestLimit": 1, "ipAllowList": []}, "other": {"incomingRequestLimit": 0}});
    let up1 = up(json!({"global": false, "plugin": plugin})).await;
    assert_eq!(told(&up1.get("/api/x/panic").await), (500, Some("1"), Some("0")));
    assert_eq!(told(&up1.get("/api/x/.backstage/auth/v1/jwks.json").await), (429, Some("1"), Some("0")));
    assert_eq!(told(&up1.get("/nowhere").await), (404, None, None));
    let both = up(json!({"incomingRequestLimit": 9, "ipAllowList": [], "plugin": plugin})).await;
    assert_eq!(told(&both.get("/api/x/").await), (200, Some("1"), Some("0")));
    assert_eq!(told(&both.get("/api/x/").await), (429, Some("1"), Some("0")));
    assert_eq!(told(&both.get("/nowhere").await), (404, Some("9"), Some("6")));
}

#[tokio::test]
async fn a_route_that_limits_itself_says_so() {
    let up = up(json!({"ipAllowList": []})).await;
    assert_eq!(told(&up.get("/api/x/own").await), (200, Some("own"), Some("4")));
}

#[tokio::test]
async fn redis_is_memory_with_a_warning_until_it_comes() {
    let store = json!({"type": "redis", "connection": "redis://localhost"});
    let config = RootConfig::from_json(json!({"backend": {"rateLimit": {"store": store}}})).unwrap();
    let warnings = HttpSettings::from_config(&config, None).unwrap().warnings();
    assert!(warnings.iter().any(|text| text.starts_with("backend.rateLimit.store: redis")), "{warnings:?}");
    let up = up(json!({"ipAllowList": [], "store": store})).await;
    assert_eq!(told(&up.get("/api/x/").await), (200, Some("5"), Some("4")));
}

#[test]
fn a_bad_limit_is_a_start_error_with_its_place() {
    for bad in [
        "window: soon",
        "window: 0s",
        "incomingRequestLimit: -1",
        "incomingRequestLimit: 1.5",
        "ipAllowList: [localhost]",
        "ipAllowList: all",
        "skipFailedRequests: maybe",
        "store: {type: disk}",
        "plugin: {x: {window: 0s}}",
        "plugin: {x: 7}",
    ] {
        let config = RootConfig::from_yaml(&format!("backend:\n  rateLimit:\n    {bad}\n")).unwrap();
        let error = HttpSettings::from_config(&config, None).unwrap_err();
        assert!(format!("{error:?}").contains("mock-config:3"), "{bad}: {error:?}");
    }
    let config = RootConfig::from_yaml("backend: {rateLimit: 7}").unwrap();
    assert!(HttpSettings::from_config(&config, None).is_err());
}
