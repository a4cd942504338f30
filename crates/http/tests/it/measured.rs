//! The metrics of requests.

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use futures_util::{
    future::{BoxFuture, FutureExt},
    stream,
};
use greenroom_core::{Plugin, plugin, service};
use greenroom_errors::Error;
use greenroom_http::{Forward, Forwarded, Forwarding, HttpError, Passage, Reach};
use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;
use http::StatusCode;

use crate::kit::{Kit, until};

/// A registry that a kit takes, and that the test reads.
fn registry() -> (MetricsRegistry, greenroom_core::ServiceFactory) {
    let registry = MetricsRegistry::new(&Logger::noop());
    let installed = registry.clone();
    (registry, service(async move || Ok(installed.clone())))
}

/// The series of one metric, without the label that all of them have and without what takes time.
fn series(registry: &MetricsRegistry, of: &str) -> Vec<String> {
    let text = registry.text();
    let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(of));
    lines.map(|line| line.replace(r#",otel_scope_name="greenroom""#, "")).collect()
}

async fn comes_to(registry: &MetricsRegistry, of: &str, series_of: &[&str]) {
    until(async || series(registry, of).len() >= series_of.len()).await;
    assert_eq!(series(registry, of), series_of);
}

fn routes() -> Router {
    let fails = async || -> HttpError { Error::service_unavailable("away").into() };
    Router::new()
        .route("/{what}", any(async || "fine").delete(fails))
        .route("/other/all", get(async || StatusCode::NO_CONTENT))
}

const COUNT: &str = "http_server_request_duration_count";

#[tokio::test]
async fn a_request_is_counted_by_its_method_its_status_its_plugin_and_the_template_of_its_route() {
    let (registry, factory) = registry();
    let up = Kit::new().add(factory).open(routes()).start().await;
    for (method, url) in [
        ("GET", "/api/x/a?token=1"),
        ("GET", "/api/x/b"),
        ("DELETE", "/api/x/b"),
        ("BREW", "/api/x/b"),
        ("GET", "/api/x/no/such/route"),
        ("GET", "/api/nobody"),
        ("GET", "/.backstage/health/v1/readiness"),
        ("GET", "/.BACKSTAGE/health/v1/LIVENESS/"),
    ] {
        up.client.ask(method, url, &[], b"").await;
    }
    comes_to(
        &registry,
        COUNT,
        &[
            r#"http_server_request_duration_count{backstage_plugin_id="x",error_type="503",http_request_method="DELETE",http_response_status_code="503",http_route="/api/x/{what}",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{backstage_plugin_id="x",http_request_method="GET",http_response_status_code="200",http_route="/api/x/{what}",url_scheme="http"} 2"#,
            r#"http_server_request_duration_count{backstage_plugin_id="x",http_request_method="GET",http_response_status_code="404",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{backstage_plugin_id="x",http_request_method="_OTHER",http_response_status_code="200",http_route="/api/x/{what}",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{http_request_method="GET",http_response_status_code="200",http_route="/.backstage/health/v1/liveness",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{http_request_method="GET",http_response_status_code="200",http_route="/.backstage/health/v1/readiness",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{http_request_method="GET",http_response_status_code="404",url_scheme="http"} 1"#,
        ],
    )
    .await;
    let text = registry.text();
    let bounds = text.lines().filter(|line| line.contains("_duration_bucket") && line.contains("_OTHER"));
    let bounds: Vec<_> =
        bounds.map(|line| line.split("le=\"").nth(1).unwrap().split('"').next().unwrap()).collect();
    let seconds = [
        "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10",
    ];
    assert_eq!(bounds, [&seconds[..], &["+Inf"]].concat());
}

#[tokio::test]
async fn bodies_are_counted_by_their_bytes_and_a_method_stays_a_series() {
    let (registry, factory) = registry();
    let up = Kit::new().add(factory).open(routes()).start().await;
    up.client.ask("POST", "/api/x/a", &[], b"twelve bytes").await;
    up.client.ask("GET", "/api/x/other/all", &[], b"").await;
    let labels = |method, status, route| {
        format!(
            r#"{{backstage_plugin_id="x",http_request_method="{method}",http_response_status_code="{status}",http_route="/api/x/{route}",url_scheme="http"}}"#
        )
    };
    let (post, get) = (labels("POST", 200, "{what}"), labels("GET", 204, "other/all"));
    comes_to(
        &registry,
        "http_server_response_body_size_sum",
        &[
            &format!("http_server_response_body_size_sum{get} 0"),
            &format!("http_server_response_body_size_sum{post} 4"),
        ],
    )
    .await;
    // A method that somebody has asked by stays a series when nobody does.
    let active = |method| {
        format!(r#"http_server_active_requests{{http_request_method="{method}",url_scheme="http"}} 0"#)
    };
    comes_to(&registry, "http_server_active_requests", &[&active("GET"), &active("POST")]).await;
    // Who has sent none is not among them.
    let received = format!("http_server_request_body_size_sum{post} 12");
    comes_to(&registry, "http_server_request_body_size_sum", &[&received]).await;
}

#[tokio::test]
async fn a_request_is_active_until_its_last_byte_and_one_that_is_given_up_says_so() {
    let (registry, factory) = registry();
    let endless = async || {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 8192]))))
    };
    let up = Kit::new().add(factory).open(Router::new().route("/endless", get(endless))).start().await;
    let active = |count| {
        [format!(r#"http_server_active_requests{{http_request_method="GET",url_scheme="http"}} {count}"#)]
    };
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(async || series(&registry, "http_server_active_requests") == active(1)).await;
    drop(connection);
    until(async || series(&registry, "http_server_active_requests") == active(0)).await;
    let given_up = r#"http_server_request_duration_count{backstage_plugin_id="x",error_type="aborted",http_request_method="GET",http_response_status_code="200",http_route="/api/x/endless",url_scheme="http"} 1"#;
    comes_to(&registry, COUNT, &[given_up]).await;
}

#[tokio::test]
async fn a_stream_of_events_is_no_request_that_takes_long() {
    let (registry, factory) = registry();
    let events = async || {
        let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"data: 1\n\n")) });
        let body = Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()));
        ([("content-type", "text/event-stream")], body).into_response()
    };
    let up = Kit::new().add(factory).open(Router::new().route("/events", get(events))).start().await;
    let open = |count| format!(r#"greenroom_http_streams{{kind="events"}} {count}"#);
    let mut connection = up.client.connect().await;
    connection.send("GET /api/x/events HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(async || series(&registry, "greenroom_http_streams").contains(&open(1))).await;
    let active = series(&registry, "http_server_active_requests");
    assert_eq!(active, [r#"http_server_active_requests{http_request_method="GET",url_scheme="http"} 0"#]);
    drop(connection);
    until(async || series(&registry, "greenroom_http_streams").contains(&open(0))).await;
    let streamed = r#"greenroom_http_stream_duration_count{kind="events"} 1"#;
    comes_to(&registry, "greenroom_http_stream_duration_count", &[streamed]).await;
    assert_eq!(series(&registry, COUNT), Vec::<String>::new());
}

/// A server behind, that has the plugin `catalog` and answers anything else, too.
struct Behind;

impl Forward for Behind {
    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn forward(&self, request: Request, passage: Passage) -> BoxFuture<'static, Forwarded> {
        let path = request.uri().path().to_owned();
        async move {
            if path.starts_with("/api/catalog/") {
                passage.told.set_plugin_known();
            }
            if path.ends_with("/away") {
                passage.told.set_gateway_error("upstream_down");
                return Forwarded::Answer(StatusCode::BAD_GATEWAY.into_response());
            }
            let mut response = Response::new(Body::from("theirs"));
            if path.ends_with("/fails") {
                *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
            }
            Forwarded::Answer(response)
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_plugin_behind_a_gateway_has_its_name_if_who_forwards_knows_it_whatever_it_answers() {
    let (registry, factory) = registry();
    let forwarding = Forwarding::new(Behind);
    let up = Kit::new().add(factory).add(service(async move || Ok(forwarding.clone()))).start().await;
    let asked = ["/entities", "/fails", "/away"]
        .map(|path| ["catalog", "made-up"].map(|id| format!("/api/{id}{path}")));
    for path in asked.iter().flatten() {
        up.get(path).await;
    }
    up.get("/").await;
    comes_to(
        &registry,
        COUNT,
        &[
            r#"http_server_request_duration_count{backstage_plugin_id="catalog",error_type="501",http_request_method="GET",http_response_status_code="501",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{backstage_plugin_id="catalog",error_type="upstream_down",http_request_method="GET",http_response_status_code="502",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{backstage_plugin_id="catalog",http_request_method="GET",http_response_status_code="200",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{error_type="501",http_request_method="GET",http_response_status_code="501",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{error_type="upstream_down",http_request_method="GET",http_response_status_code="502",url_scheme="http"} 1"#,
            r#"http_server_request_duration_count{http_request_method="GET",http_response_status_code="200",url_scheme="http"} 2"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_thousand_names_that_clients_make_up_are_one_series() {
    let (registry, factory) = registry();
    let forwarding = Forwarding::new(Behind);
    let up = Kit::new().add(factory).add(service(async move || Ok(forwarding.clone()))).start().await;
    let mut connection = up.client.connect().await;
    for batch in 0..20 {
        let mut requests = String::new();
        for at in 0..50 {
            requests += &format!("GET /api/p{batch}-{at}/{at} HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        connection.send(&requests).await;
        for _ in 0..50 {
            assert_eq!(connection.answer("GET").await.status, 200);
        }
    }
    until(async || series(&registry, COUNT).iter().any(|line| line.ends_with(" 1000"))).await;
    assert_eq!(series(&registry, COUNT).len(), 1);
}

/// What a handler of a plugin says of its status makes series, too.
#[tokio::test]
async fn beyond_the_limit_all_are_one_series() {
    let (registry, factory) = registry();
    let statuses =
        async |axum::extract::Path(status): axum::extract::Path<u16>| StatusCode::from_u16(status).unwrap();
    let routed = |id| -> Plugin {
        plugin(id, move |env| {
            env.register_init(async move |http: greenroom_http::HttpRouter| {
                http.mount(Router::new().route("/{status}", get(statuses)));
                http.add_auth_policy("/", greenroom_http::AuthPolicy::Unauthenticated)
            });
        })
    };
    let kit = Kit::new().add(factory).add(routed("a")).add(routed("b")).add(routed("c"));
    let up = kit.start().await;
    let mut connection = up.client.connect().await;
    for id in ["a", "b", "c"] {
        for status in 200..999_u16 {
            if [204, 205, 304].contains(&status) {
                continue;
            }
            connection.send(&format!("GET /api/{id}/{status} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
            assert_eq!(connection.answer("GET").await.status, status);
        }
    }
    // The last one is counted a moment after its answer.
    let rest =
        format!("{COUNT}{{otel_metric_overflow=\"true\"}} {}", 3 * 796 - greenroom_metrics::MOST_SERIES);
    until(async || series(&registry, COUNT).contains(&rest)).await;
    assert_eq!(series(&registry, COUNT).len(), greenroom_metrics::MOST_SERIES + 1);
}
