//! The error envelope: what the client reads, what the log keeps.

use axum::{Router, routing::get};
use greenroom_errors::Error;
use greenroom_http::{HandlerResult, Path};
use serde_json::{Value, json};

use crate::kit::{Kit, Up};

fn made(kind: &str) -> Error {
    match kind {
        "InputError" => Error::input("m"),
        "AuthenticationError" => Error::authentication("m"),
        "NotAllowedError" => Error::not_allowed("m"),
        "NotFoundError" => Error::not_found("m"),
        "ConflictError" => Error::conflict("m"),
        "NotModifiedError" => Error::not_modified("m"),
        "NotImplementedError" => Error::not_implemented("m"),
        "ServiceUnavailableError" => Error::service_unavailable("m"),
        "Error" => Error::new("m"),
        "teapot" => Error::new("m").with("statusCode", 418),
        "wins" => Error::not_found("m").with("status", 409).with("statusCode", 418),
        "range" => Error::new("m").with("statusCode", 700),
        "informational" => Error::new("m").with("statusCode", 101),
        "details" => Error::input("m").with("details", json!({"a": 1})).with("code", "E"),
        "cause" => Error::input("outer").caused_by(Error::conflict("inner")),
        "foreigncause" => Error::service_unavailable("The queue is away")
            .caused_by(std::io::Error::other("postgres://me:hunter2@db refused")),
        "database" => Error::named("DatabaseError", "select * from secret"),
        other => Error::named(other.to_owned(), "m"),
    }
}

fn kit() -> Kit {
    let fail = async |Path(kind): Path<String>| -> HandlerResult<()> { Err(made(&kind))? };
    let foreign = async || -> HandlerResult<()> {
        "seven".parse::<u32>()?;
        Ok(())
    };
    let boom = async || -> () { panic!("secret of the panic") };
    let router = Router::new().route("/err/{kind}", get(fail)).route("/foreign", get(foreign));
    Kit::new().open(router.route("/boom", get(boom)))
}

async fn status(up: &Up, kind: &str) -> u16 {
    up.get(&format!("/api/x/err/{kind}")).await.status
}

#[tokio::test]
async fn http_20_each_name_has_its_status() {
    let up = kit().start().await;
    for (name, expected) in [
        ("InputError", 400),
        ("AuthenticationError", 401),
        ("NotAllowedError", 403),
        ("NotFoundError", 404),
        ("ConflictError", 409),
        ("NotImplementedError", 501),
        ("ServiceUnavailableError", 503),
        ("Error", 500),
        ("MyError", 500),
    ] {
        let answer = up.get(&format!("/api/x/err/{name}?q=1")).await;
        let expected_body = json!({
            "error": {"name": name, "message": "m"},
            "request": {"method": "GET", "url": format!("/err/{name}?q=1")},
            "response": {"statusCode": expected},
        });
        assert_eq!(answer.text(), expected_body.to_string());
        assert_eq!(answer.status, expected);
    }
    let same = up.get("/api/x/err/NotModifiedError").await;
    assert_eq!((same.seen(), same.header("content-type")), ((304, ""), None));
}

#[tokio::test]
async fn http_21_a_status_of_its_own_wins_if_it_is_one() {
    let up = kit().start().await;
    assert_eq!(status(&up, "teapot").await, 418);
    assert_eq!(status(&up, "wins").await, 418);
    assert_eq!(status(&up, "range").await, 500);
    assert_eq!(status(&up, "informational").await, 500, "no answer at all would come of it");
    let answer = up.get("/api/x/err/range").await;
    assert_eq!(answer.json()["error"]["statusCode"], 700, "echoed");
}

#[tokio::test]
async fn http_24_own_properties_and_causes_are_shown_and_4xx_are_not_error_lines() {
    let up = kit().start().await;
    let details = up.get("/api/x/err/details").await.json();
    assert_eq!(
        details["error"],
        json!({"name": "InputError", "message": "m", "details": {"a": 1}, "code": "E"})
    );
    let cause = up.get("/api/x/err/cause").await.json();
    assert_eq!(cause["error"]["message"], "outer; caused by ConflictError: inner");
    assert_eq!(cause["error"]["cause"], json!({"name": "ConflictError", "message": "inner"}));
    up.lines_of("incomingRequest", 2).await;
    assert!(up.lines_of("errorHandler", 0).await.is_empty());
}

#[tokio::test]
async fn a_5xx_is_one_error_line_with_its_stack() {
    let up = kit().start().await;
    up.get("/api/x/err/ServiceUnavailableError").await;
    let line = &up.lines_of("errorHandler", 1).await[0];
    assert_eq!(line["message"], "Request failed with status 503 m");
    assert_eq!((&line["level"], &line["plugin"]), (&json!("error"), &json!("x")));
    assert!(line["stack"].as_str().unwrap().starts_with("ServiceUnavailableError: m"), "{line}");
}

#[tokio::test]
async fn an_error_of_a_library_is_internal_wherever_it_stands_in_the_chain() {
    filtered("/api/x/foreign", "invalid digit found in string").await;
    let up = kit().start().await;
    let answer = up.get("/api/x/err/foreigncause").await;
    let (status, error) = (answer.status, answer.json()["error"].clone());
    assert_eq!((status, &error["name"]), (503, &json!("ServiceUnavailableError")));
    let shown = error["message"].as_str().unwrap().to_owned();
    assert!(
        shown.starts_with("The queue is away; caused by Error: An internal error occurred logId="),
        "{shown}"
    );
    assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    let lines = up.lines_of("errorHandler", 1).await;
    assert!(lines[0]["message"].as_str().unwrap().contains("hunter2"), "the log has it all: {}", lines[0]);
}

/// The id in a filtered answer, after checking all that surrounds it.
async fn filtered(target: &str, hidden: &str) {
    let up = kit().start().await;
    let answer = up.get(target).await;
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    let id = message.strip_prefix("An internal error occurred logId=").unwrap().to_owned();
    assert!(id.len() == 20 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!((answer.status, &answer.json()["error"]["name"]), (500, &json!("Error")));
    assert!(!answer.text().contains(hidden), "{}", answer.text());
    let lines = up.lines_of("errorHandler", 2).await;
    let text = |line: &Value| line["message"].as_str().unwrap().to_owned();
    let first = format!("Filtered internal error with logId={id} from response ");
    assert!(text(&lines[0]).starts_with(&first) && text(&lines[0]).ends_with(hidden), "{}", lines[0]);
    assert_eq!(lines[0]["logId"], json!(id));
    assert_eq!(text(&lines[1]), format!("Request failed with status 500 {message}"));
    assert!(lines[1].get("stack").is_none(), "{}", lines[1]);
    assert_eq!(up.get("/api/x/err/teapot").await.status, 418, "it serves on");
}

#[tokio::test]
async fn http_22_a_panic_is_filtered() {
    filtered("/api/x/boom", "secret of the panic").await;
}

#[tokio::test]
async fn a_caught_panic_is_told_once_with_its_place() {
    let lines = greenroom_logging::CaptureSink::new();
    let logger = greenroom_logging::RootLogger::builder().sink(lines.clone()).build();
    let hook = logger.log_panics();
    let up = kit().start().await;
    up.get("/api/x/boom").await;
    let line = up.lines_of("errorHandler", 2).await.remove(0);
    drop(hook);
    let stack = line["stack"].as_str().unwrap();
    assert!(
        stack.starts_with("Error: panicked: secret of the panic\n    at ") && stack.contains("errors.rs:"),
        "{line}"
    );
    assert!(lines.lines().is_empty(), "no unhandled rejection: {:?}", lines.lines());
}

#[tokio::test]
async fn http_23_a_database_error_is_filtered() {
    filtered("/api/x/err/database", "select * from secret").await;
}

#[tokio::test]
async fn http_25_development_indents_and_shows_stacks() {
    let up = kit().development().start().await;
    let answer = up.get("/api/x/err/cause").await;
    assert!(
        answer.text().starts_with("{\n  \"error\": {\n    \"name\": \"InputError\","),
        "{}",
        answer.text()
    );
    let error = &answer.json()["error"];
    assert!(error["stack"].as_str().unwrap().starts_with("InputError: outer"), "{error}");
    assert!(error["cause"]["stack"].is_string(), "{error}");
    let health = up.get("/.backstage/health/v1/readiness").await;
    assert_eq!(health.seen(), (200, "{\n  \"status\": \"ok\"\n}"));
    let keys = up.get("/api/x/.backstage/auth/v1/jwks.json").await;
    assert_eq!(keys.seen(), (200, "{\n  \"keys\": []\n}"));
    let filtered = up.get("/api/x/boom").await;
    assert!(!filtered.text().contains("secret of the panic"), "{}", filtered.text());
}

#[tokio::test]
async fn http_8_what_nobody_answers_is_an_empty_404() {
    let up = kit().start().await;
    for path in ["/", "/nope", "/api/nonexist", "/api/nonexist/a", "/api/x/nope", "/api", "/api/x/err/a/b"] {
        let answer = up.get(path).await;
        assert_eq!(
            (answer.seen(), answer.header("content-type"), answer.header("etag")),
            ((404, ""), None, None)
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(up.client.ask("POST", "/api/x/err/a", &[], b"").await.seen(), (404, ""), "a wrong method too");
}

#[tokio::test]
async fn an_informational_status_of_a_handler_is_its_plugins_failure() {
    let switch = async || axum::http::StatusCode::SWITCHING_PROTOCOLS;
    let hints = async || (axum::http::StatusCode::EARLY_HINTS, "hints");
    let goes_on = async || axum::http::StatusCode::CONTINUE;
    let router = axum::Router::new()
        .route("/101", axum::routing::get(switch))
        .route("/103", axum::routing::get(hints))
        .route("/100", axum::routing::get(goes_on));
    let up = Kit::new().open(router).start().await;
    let mut connection = up.client.connect().await;
    for (number, status) in [101, 103, 100].into_iter().enumerate() {
        let answer = connection.ask("GET", &format!("/api/x/{status}"), &[], b"").await;
        assert_eq!(
            (answer.status, answer.header("connection")),
            (500, Some("keep-alive")),
            "{}",
            answer.head
        );
        let text = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(
            text.starts_with(&format!("A handler answered by the informational status {status}")),
            "{text}"
        );
        let line = up.lines_of("errorHandler", number + 1).await.remove(number);
        assert_eq!((&line["level"], &line["plugin"]), (&json!("error"), &json!("x")), "{line}");
        let line = up.lines_of("incomingRequest", number + 1).await.remove(number);
        assert_eq!(line["status"], 500, "{line}");
    }
}
