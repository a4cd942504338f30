//! What metrics tell of calls.

use std::time::Duration;

use greenroom_context::Context;
use greenroom_http_client::{Call, HttpClient};
use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;
use http::{Method, Request};

use crate::kit::{Names, Reply, Server, builder, keep, ok};

fn measured() -> (MetricsRegistry, HttpClient) {
    let registry = MetricsRegistry::new(&Logger::noop());
    let names = Names::of(&[("git.example", &["127.0.0.1"]), ("away.example", &[])]);
    let client = builder().resolver(names).metrics(&registry).build();
    (registry, client)
}

/// The labels of all series, without the meter, and how often each was recorded.
fn series(registry: &MetricsRegistry, port: u16) -> Vec<String> {
    let text = registry.text();
    let counts = text.lines().filter_map(|line| line.strip_prefix("http_client_request_duration_count"));
    let port = port.to_string();
    let mut all: Vec<_> = counts
        .map(|line| line.replace(&port, "PORT").replace(",otel_scope_name=\"greenroom\"", ""))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_call_is_told_by_plugin_method_host_and_status() {
    let server = Server::start(|seen| match seen.line() {
        "GET /missing HTTP/1.1" => keep("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        _ => ok("{}"),
    })
    .await;
    let (registry, client) = measured();
    let send = async |call: Call| client.send(call).await;
    let url = |path| server.url_as("http", "git.example", path);
    Context::current()
        .with_plugin("catalog")
        .scope(async {
            send(Call::get(&url("/repos/secret?token=secret")).unwrap()).await.unwrap();
            send(Call::get(&url("/others")).unwrap()).await.unwrap();
            send(Call::get(&url("/missing")).unwrap()).await.unwrap();
        })
        .await;
    let odd = Request::builder().method("BREW").uri(url("/")).body(Default::default()).unwrap();
    send(Call::from(odd)).await.unwrap();
    send(Call::get("http://away.example/").unwrap()).await.unwrap_err();

    assert_eq!(
        series(&registry, server.address.port()),
        [
            r#"{backstage_plugin_id="catalog",error_type="404",http_request_method="GET",http_response_status_code="404",server_address="git.example",server_port="PORT"} 1"#,
            r#"{backstage_plugin_id="catalog",http_request_method="GET",http_response_status_code="200",server_address="git.example",server_port="PORT"} 2"#,
            r#"{error_type="name",http_request_method="GET",server_address="away.example",server_port="80"} 1"#,
            r#"{http_request_method="_OTHER",http_response_status_code="200",server_address="git.example",server_port="PORT"} 1"#,
        ]
    );
    assert!(!registry.text().contains("secret"));
}

#[tokio::test]
async fn hosts_that_others_have_chosen_make_no_series_and_those_beyond_the_200th_are_one() {
    let (registry, client) = measured();
    let fails = async |host: usize, is_public: bool| {
        let call = Call::get(&format!("http://host-{host}.example/")).unwrap();
        let call = if is_public { call.public_only() } else { call };
        client.send(call).await.unwrap_err();
    };
    for host in 0..5 {
        fails(host, true).await;
    }
    let others = r#"{error_type="name",http_request_method="GET",server_address="_OTHER"}"#;
    assert_eq!(series(&registry, 0), [format!("{others} 5")]);
    for host in 0..203 {
        fails(host, false).await;
    }
    let all = series(&registry, 0);
    assert_eq!(all.len(), 201);
    assert!(all.contains(&format!("{others} 8")), "{all:?}");
}

#[tokio::test]
async fn a_call_that_is_given_up_is_told() {
    let server = Server::start(|_| Reply::Hang(vec![])).await;
    let (registry, client) = measured();
    let call = Call::get(&server.url("/")).unwrap();
    let given_up = async {
        tokio::select! {
            answer = client.send(call) => panic!("{answer:?}"),
            _ = server.seen() => {}
        }
    };
    given_up.await;
    assert_eq!(
        series(&registry, server.address.port()),
        [
            r#"{error_type="aborted",http_request_method="GET",server_address="127.0.0.1",server_port="PORT"} 1"#
        ]
    );
}

#[tokio::test]
async fn a_deadline_is_an_error_of_its_own() {
    let server = Server::start(|_| Reply::Hang(vec![])).await;
    let (registry, client) = measured();
    let mut request = Request::new(Default::default());
    (*request.method_mut(), *request.uri_mut()) = (Method::PUT, server.url("/").parse().unwrap());
    client.send(Call::from(request).deadline(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!(
        series(&registry, server.address.port()),
        [
            r#"{error_type="deadline",http_request_method="PUT",server_address="127.0.0.1",server_port="PORT"} 1"#
        ]
    );
}
