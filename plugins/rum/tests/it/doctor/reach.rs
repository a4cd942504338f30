//! What the doctor says of other backends than a Greenroom that is well, and whom it calls.

use std::fs;

use axum::{Router, response::Html, routing::get};
use bytes::Bytes;
use greenroom::{
    core::Plugin,
    http_client::{BoxFuture, Call, CallError, ClientEnvironment, Fault, HttpClientService},
    prelude::*,
};
use greenroom_plugin_rum::{Examination, PlannedStart};
use greenroom_test::TestBackend;
use http::{Response, header};
use serde_json::{Value, json};

use super::{Names, config, lay_out, of_two_origins, service_token, told};
use crate::support::{TEMPLATE, portal};

#[tokio::test]
async fn rum_49_an_intake_that_is_not_reached_is_a_cause_with_what_it_needs() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let config = config(dir.path(), &json!({"mode": "forward"}));
    let reached = told(&config, dir.path(), None, None, Names::new(None)).await;
    assert_eq!(reached.exit_code(), 0, "{}", reached.text());
    assert!(reached.text().contains("https://browser-intake-datadoghq.eu is reached from here"));
    let names = Names { intake: Err(Fault::Connect("timed out".to_owned())), ..Names::new(None) };
    let held = told(&config, dir.path(), None, None, names).await;
    assert_eq!(held.exit_code(), 1);
    let text = held.text();
    assert!(text.starts_with("Browser events do not arrive: the intake is not reached from here."), "{text}");
    assert!(text.contains("HTTPS_PROXY") && text.contains("greenroom.rum.intakeUrl"), "{text}");
}

#[tokio::test]
async fn rum_48_a_token_goes_to_no_backend_that_the_page_alone_names() {
    let dir = tempfile::tempdir().unwrap();
    let (mut config, portal) = of_two_origins(dir.path()).await;
    let look = async |config: &Value| {
        let names = Names::new(Some(&portal));
        let trusted = names.trusted.clone();
        let token = service_token();
        let text = told(config, dir.path(), Some("https://portal.example"), Some(&token), names).await.text();
        (text, trusted.lock().clone())
    };
    let (text, trusted) = look(&config).await;
    assert!(text.contains(" pages, "), "{text}");
    assert_eq!(trusted, ["api.example"]);
    config["backend"]["baseUrl"] = "https://another.example".into();
    let (text, trusted) = look(&config).await;
    assert!(text.contains("The token was not sent to https://api.example"), "{text}");
    assert_eq!(trusted, [""; 0]);
}

#[tokio::test]
async fn rum_41_a_server_that_does_not_answer_is_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/");
    let unseen = told(&config(dir.path(), &json!({})), dir.path(), Some(&url), None, Names::new(None)).await;
    assert_eq!(unseen.exit_code(), 3, "{}", unseen.text());
    assert!(
        unseen.text().starts_with("It cannot be told whether browser events arrive: http://127."),
        "{}",
        unseen.text()
    );
}

#[tokio::test]
async fn rum_48_without_a_config_the_page_alone_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let portal = portal(dir.path(), TEMPLATE, config(dir.path(), &json!({}))).await;
    let url = portal.url();
    let client = HttpClient::builder(ClientEnvironment::default()).build();
    let look = async |url| {
        let (config, start, data_dir, token) = (Ok(None), &PlannedStart::default(), None, None);
        Examination { config, start, data_dir, url, token, client: &client }.examine().await
    };
    let page = look(Some(&*url)).await;
    assert_eq!(page.exit_code(), 0, "{}", page.text());
    assert!(page.text().starts_with("Nothing keeps browser events from arriving, as far as the page tells."));
    assert!(page.text().contains("note: No config was read"), "{}", page.text());
    let nothing = look(None).await;
    assert_eq!(nothing.exit_code(), 1);
    assert!(
        nothing.text().contains("error: There is no config file here, and no --url"),
        "{}",
        nothing.text()
    );
}

#[tokio::test]
async fn rum_48_no_page_sends_the_doctor_into_the_network_that_it_runs_in() {
    let inner = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}/api/rum/sdk/1", inner.local_addr().unwrap());
    let html = format!(
        "<head><script src=\"{at}/datadog-rum.js\"></script><script src=\"{at}/init.js\"></script></head>"
    );
    let backend = TestBackend::new().add(node(html)).start().await.unwrap();
    let url = backend.url();
    let dir = tempfile::tempdir().unwrap();
    let (nothing, names) = (json!({}), Names::new(None));
    let told = tokio::select! {
        called = inner.accept() => panic!("it was called: {called:?}"),
        told = told(&nothing, dir.path(), Some(&url), None, names) => told,
    };
    let text = told.text();
    assert!(text.contains("they may go to the internet only, because only the page names it"), "{text}");
}

/// What a Node backend answers for a page, as it was recorded; the policy is Backstage's default in both.
fn node(page: String) -> Plugin {
    plugin("node", move |env| {
        env.register_init(async move |root: RootHttpRouter| {
            root.fallback(Router::new().fallback(get(async move || Html(page.clone()))))
        });
    })
}

#[tokio::test]
async fn rum_45_a_running_node_backstage_is_known_by_its_page() {
    let dir = tempfile::tempdir().unwrap();
    let page = fs::read_to_string("tests/fixtures/pages/rt-snippet-rumcfg.html").unwrap();
    let backend = TestBackend::new().add(node(page)).start().await.unwrap();
    let url = backend.url();
    let seen = told(&json!({}), dir.path(), Some(&url), None, Names::new(None)).await;
    assert_eq!(seen.exit_code(), 1);
    let text = seen.text();
    assert!(
        text.starts_with("Browser events do not arrive: the page's Content-Security-Policy blocks them."),
        "{text}"
    );
    assert!(text.contains("let Greenroom serve the page"), "{text}");
    assert!(text.contains("served by Greenroom, this is in the way"), "{text}");
}

#[tokio::test]
async fn a_config_without_keys_of_greenroom_is_read_as_node_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path(), &json!({}));
    config.as_object_mut().unwrap().remove("greenroom");
    let text = told(&config, dir.path(), None, None, Names::new(None)).await.text();
    assert!(
        text.starts_with(
            "From a Node Backstage with this config, browser events do not arrive: the plugin app does"
        ),
        "{text}"
    );
    assert!(text.contains("served by Greenroom, this is in the way: Pages are served without"), "{text}");
}

#[tokio::test]
async fn a_config_that_cannot_be_read_is_a_finding() {
    let client = HttpClient::new(Names::new(None));
    let config = Err(Error::new("app-config.yaml:3:1: a colon is missing"));
    let (start, data_dir, url, token) = (&PlannedStart::default(), None, None, None);
    let told = Examination { config, start, data_dir, url, token, client: &client }.examine().await;
    assert_eq!(told.exit_code(), 1);
    assert!(told.text().contains("error: app-config.yaml:3:1"), "{}", told.text());
}

/// A server that repeats what it is sent, and talks without end.
struct Parrot;

impl HttpClientService for Parrot {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        let sent = call.request().headers().get(header::AUTHORIZATION);
        let (kind, body) = match sent.map(|sent| sent.to_str().unwrap()) {
            None => ("text/html", "<head></head>".to_owned()),
            Some(sent) => {
                let refused = format!("{sent} {}", "x".repeat(300_000));
                let status = json!({
                    "forSeconds": u64::MAX, "pages": 1, "sdk": 1, "init": 1, "sessions": 1, "received": 1, "events": 1,
                    "rejected": 0, "refused": {refused: 1}, "taken": 0, "failed": 1,
                    "lastAnswer": {"secondsAgo": 1, "failure": sent},
                });
                ("application/json", status.to_string())
            }
        };
        let answer = Response::builder().header(header::CONTENT_TYPE, kind).body(body.into()).unwrap();
        Box::pin(async { Ok(answer) })
    }
}

#[tokio::test]
async fn rum_48_of_a_server_that_repeats_the_token_and_talks_without_end_little_is_told() {
    let client = HttpClient::new(Parrot);
    let (start, url, token) =
        (&PlannedStart::default(), Some("http://x.example"), Some("a-token-of-the-operator"));
    let told =
        Examination { config: Ok(None), start, data_dir: None, url, token, client: &client }.examine().await;
    for shown in [told.text(), told.json()] {
        assert!(shown.contains("Bearer ***") && !shown.contains("a-token-of"), "{shown}");
        assert!(shown.len() < 5_000, "{}", shown.len());
    }
}
