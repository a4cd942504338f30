//! Cross-origin requests.

use axum::{Router, http::StatusCode, routing::get};
use greenroom_config::RootConfig;
use greenroom_errors::Error;
use greenroom_http::{HandlerResult, HttpSettings};
use serde_json::{Value, json};

use crate::kit::{Answer, Kit, Up};

const A: (&str, &str) = ("Origin", "https://a.example.com");

async fn up(cors: Value) -> Up {
    let router = Router::new()
        .route("/", get(async || "fine"))
        .route("/error", get(async || -> HandlerResult<()> { Err(Error::input("bad"))? }))
        .route("/vary", get(async || ([("Vary", "Cookie")], "fine")))
        .route("/empty", get(async || StatusCode::NO_CONTENT));
    Kit::new().config("backend.cors", cors).open(router).start().await
}

/// The headers of CORS, and `Vary`.
fn cors(answer: &Answer) -> Vec<(&str, &str)> {
    let ours = |name: &str| name.starts_with("access-control") || name == "vary";
    let mut headers: Vec<_> =
        answer.headers.iter().filter(|(n, _)| ours(n)).map(|(n, v)| (n.as_str(), v.as_str())).collect();
    headers.sort_unstable();
    headers
}

#[tokio::test]
async fn without_origins_everybody_is_allowed_as_in_the_cors_package() {
    let up = up(json!({})).await;
    let answer = up.client.ask("GET", "/api/x/empty", &[A], b"").await;
    assert_eq!(cors(&answer), [("access-control-allow-origin", "*")]);
    let answer = up.client.ask("OPTIONS", "/nowhere", &[], b"").await;
    let expected = [
        ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
        ("access-control-allow-origin", "*"),
        ("vary", "Access-Control-Request-Headers"),
    ];
    assert_eq!((answer.status, cors(&answer)), (204, expected.to_vec()));
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(answer.header("keep-alive"), None);
    assert_eq!(answer.header("etag"), None);
}

#[tokio::test]
async fn a_preflight_is_answered_before_any_route_and_any_line() {
    let up = up(json!({
        "origin": ["https://*.example.com"], "credentials": true, "maxAge": 600.5,
        "exposedHeaders": ["X-A", "X-B"], "methods": ["GET", "POST"],
    }))
    .await;
    let asks = [A, ("Access-Control-Request-Headers", "x-foo")];
    for target in ["/api/x/", "/healthcheck", "/.backstage/health/v1/readiness"] {
        let answer = up.client.ask("OPTIONS", target, &asks, b"").await;
        let expected = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "x-foo"),
            ("access-control-allow-methods", "GET,POST"),
            ("access-control-allow-origin", "https://a.example.com"),
            ("access-control-expose-headers", "X-A,X-B"),
            ("access-control-max-age", "600.5"),
            ("vary", "Origin, Access-Control-Request-Headers"),
        ];
        assert_eq!((answer.status, cors(&answer)), (204, expected.to_vec()));
    }
    up.get("/api/x/").await;
    assert_eq!(up.lines_of("incomingRequest", 1).await.len(), 1);
}

#[tokio::test]
async fn answers_and_errors_carry_the_same_headers() {
    let up = up(json!({"origin": "https://*.example.com", "allowedHeaders": ["a", "b"]})).await;
    let allowed = ("access-control-allow-origin", "https://a.example.com");
    for (target, vary) in [
        ("/api/x/", "Origin, Accept-Encoding"),
        ("/api/x/error", "Origin, Accept-Encoding"),
        ("/.backstage/health/v1/readiness", "Origin, Accept-Encoding"),
        ("/api/x/empty", "Origin"),
        ("/nowhere", "Origin"),
        ("/api/x/vary", "Cookie, Origin, Accept-Encoding"),
    ] {
        let answer = up.client.ask("GET", target, &[A], b"").await;
        assert_eq!(cors(&answer), [allowed, ("vary", vary)], "{target}");
    }
    let preflight = up.client.ask("OPTIONS", "/", &[A], b"").await;
    let methods = ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
    let headers = ("access-control-allow-headers", "a,b");
    assert_eq!(cors(&preflight), [headers, methods, allowed, ("vary", "Origin")]);
    let stranger = [("Origin", "https://evil.example")];
    assert_eq!(cors(&up.client.ask("GET", "/nowhere", &stranger, b"").await), []);
    assert_eq!(cors(&up.client.ask("GET", "/nowhere", &[], b"").await), []);
    let preflight = up.client.ask("OPTIONS", "/api/x/", &stranger, b"").await;
    assert_eq!((preflight.seen(), cors(&preflight).len()), ((200, "GET,HEAD"), 1));
}

#[tokio::test]
async fn a_preflight_may_go_on_to_the_routes() {
    let up = up(json!({"origin": ["https://*.example.com"], "preflightContinue": true})).await;
    let answer = up.client.ask("OPTIONS", "/api/x/", &[A], b"").await;
    assert_eq!(answer.seen(), (200, "GET,HEAD"));
    let vary = "Origin, Access-Control-Request-Headers, Accept-Encoding";
    assert_eq!(answer.header("vary"), Some(vary));
}

#[tokio::test]
async fn a_preflight_says_nothing_of_a_length_when_there_cannot_be_one() {
    let length = async |cors: Value| {
        let up = up(cors).await;
        let answer = up.client.ask("OPTIONS", "/", &[A], b"").await;
        (answer.status, answer.header("content-length").map(str::to_owned))
    };
    assert_eq!(length(json!({})).await, (204, None));
    assert_eq!(length(json!({"optionsSuccessStatus": 200})).await, (200, Some("0".to_owned())));
}

#[test]
fn a_bad_cors_value_is_a_start_error_with_its_place() {
    for bad in [
        "origin: 'https://+(a|b).example'",
        "origin: 7",
        "optionsSuccessStatus: 20",
        "optionsSuccessStatus: 204.5",
        "methods: [\"GET\\n\"]",
        "credentials: maybe",
    ] {
        let config = RootConfig::from_yaml(&format!("backend:\n  cors:\n    {bad}\n")).unwrap();
        let error = HttpSettings::from_config(&config, None).unwrap_err();
        assert!(format!("{error:?}").contains("mock-config:3"), "{bad}: {error:?}");
    }
}

#[tokio::test]
async fn a_star_that_matches_no_origin_is_warned_of() {
    for (origin, expected) in [("*", true), ("**", true), ("https://*", false)] {
        let config = RootConfig::from_json(json!({"backend": {"cors": {"origin": origin}}})).unwrap();
        let warnings = HttpSettings::from_config(&config, None).unwrap().warnings();
        assert_eq!(warnings.iter().any(|text| text.starts_with("backend.cors.origin")), expected, "{origin}");
        let up = up(json!({"origin": origin})).await;
        let granted = up.client.ask("GET", "/api/x/", &[A], b"").await;
        assert_eq!(granted.header("access-control-allow-origin").is_none(), expected, "{origin}");
    }
}
