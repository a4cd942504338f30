//! The old backend's access line.

use axum::{Router, body::Body, extract::Request, routing::get};
use greenroom_http::old_backend::request_logging;
use greenroom_logging::{CaptureSink, RootLogger};
use tower_service::Service;

async fn line(method: &str, url: &str, headers: &[(&str, &str)]) -> String {
    let lines = CaptureSink::new();
    let logger =
        RootLogger::builder().format(greenroom_logging::Format::Node155Json).sink(lines.clone()).build();
    let routes = Router::new().route("/healthcheck", get(async || r#"{"status":"ok"}"#));
    let mut router = request_logging(routes, (*logger).clone());
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let line = lines.json().remove(0);
    assert_eq!((&line["type"], line.as_object().unwrap().len()), (&"incomingRequest".into(), 4), "{line}");
    let message = line["message"].as_str().unwrap();
    let (date, rest) = message.split_at(28);
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert!(shape.starts_with("[00/") && shape.ends_with("/0000:00:00:00 +0000]"), "{date}");
    rest.to_owned()
}

#[tokio::test]
async fn http_34_the_line_is_the_combined_log_format_with_a_dash_for_what_is_not_known() {
    assert_eq!(
        line("GET", "/healthcheck?x=1", &[("user-agent", "node"), ("referer", "http://a/")]).await,
        r#" "GET /healthcheck?x=1 HTTP/1.1" 200 15 "http://a/" "node""#
    );
    assert_eq!(line("GET", "/nope", &[]).await, r#" "GET /nope HTTP/1.1" 404 - "-" "-""#);
}
