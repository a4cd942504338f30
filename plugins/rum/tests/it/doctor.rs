//! What the doctor says of running backends, and what these tell it.

use std::{fs, path::Path, sync::Arc};

use axum::{Router, response::Html, routing::get};
use bytes::Bytes;
use greenroom::{
    config::RootConfig,
    core::Plugin,
    http_client::{BoxFuture, Call, CallError, ClientEnvironment, Fault, HttpClientService},
    prelude::*,
};
use greenroom_plugin_app::app;
use greenroom_plugin_rum::{Diagnosis, Examination, PlannedStart, rum, rum_page};
use greenroom_test::{RunningTestBackend, TestBackend, mock_credentials};
use http::{Method, Response, StatusCode, header};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{FakeIntake, ID, Recorded, TEMPLATE, TOKEN, portal};

const SESSION: &str = "_dd_s_v2=aid=1&id=0b7a4f4e-1111-4222-8333-444444444444&created=1&expire=2&c=1";

/// Calls names of a portal at a backend under test, and Datadog nowhere.
#[derive(Clone)]
struct Names {
    real: HttpClient,
    backend: Option<Arc<str>>,
    intake: Result<(), Fault>,
    /// Of preflights, what the answer lacks.
    lacks: Option<&'static str>,
    /// Hosts that were sent a token.
    trusted: Arc<Mutex<Vec<String>>>,
}

impl Names {
    fn new(backend: Option<&RunningTestBackend>) -> Self {
        let backend = backend.map(|backend| backend.url().trim_end_matches('/').into());
        let real = HttpClient::builder(ClientEnvironment::default()).build();
        Self { real, backend, intake: Ok(()), lacks: None, trusted: Arc::default() }
    }
}

impl HttpClientService for Names {
    fn send(&self, mut call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        Box::pin(async move {
            let uri = call.request().uri().clone();
            if uri.host().is_some_and(|host| host.starts_with("browser-intake")) {
                assert_eq!(call.request().method(), Method::HEAD, "nothing is sent to Datadog");
                let answer = self.intake.clone().map(|()| Response::default());
                return answer.map_err(|fault| CallError::new("browser-intake-datadoghq.eu:443", fault));
            }
            if call.request().headers().contains_key(header::AUTHORIZATION) {
                self.trusted.lock().push(uri.host().unwrap_or_default().to_owned());
            }
            let is_preflight = call.request().method() == Method::OPTIONS;
            if let (Some(backend), true) =
                (&self.backend, uri.host().is_some_and(|host| host.ends_with(".example")))
            {
                let url = format!("{backend}{}", uri.path_and_query().map_or("/", |path| path.as_str()));
                let (mut parts, body) = call.request().clone().into_parts();
                parts.uri = url.parse().unwrap();
                call = Call::from(http::Request::from_parts(parts, body));
            }
            let mut answer = self.real.send(call).await?;
            if let Some(name) = self.lacks.filter(|_| is_preflight) {
                answer.headers_mut().remove(name);
            }
            Ok(answer)
        })
    }
}

async fn told(config: &Value, dir: &Path, url: Option<&str>, token: Option<&str>, names: Names) -> Diagnosis {
    let config = RootConfig::from_json(config.clone()).unwrap();
    let client = HttpClient::new(names);
    let (config, start, data_dir) = (Ok(&config), &PlannedStart::default(), Some(dir));
    Examination { config, start, data_dir, url, token, client: &client }.examine().await
}

fn lay_out(dir: &Path) {
    let sdk = dir.join("sdk");
    fs::create_dir_all(&sdk).unwrap();
    fs::write(sdk.join("datadog-rum.js"), "main").unwrap();
}

/// With the SDK that is laid out there.
fn config(dir: &Path, rum: &Value) -> Value {
    let mut rum = rum.clone();
    rum["sdk"] = json!(dir.join("sdk"));
    json!({
        "app": {"datadogRum": {"clientToken": TOKEN, "applicationId": ID, "site": "datadoghq.eu"}},
        "greenroom": {"dataDir": dir, "rum": rum},
    })
}

fn service_token() -> String {
    mock_credentials::service().for_plugin("rum").token().to_owned()
}

#[tokio::test]
async fn rum_47_what_was_counted_is_told_to_services_alone() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let portal = portal(dir.path(), TEMPLATE, config(dir.path(), &json!({}))).await;
    let status = "/api/rum/status";
    assert_eq!(portal.get(status).without_credentials().await.status, 401);
    assert_eq!(portal.get(status).with_credentials(&mock_credentials::user()).await.status, 403);
    let counted = async || portal.get(status).with_credentials(&mock_credentials::service()).await.json();
    let before = counted().await;
    assert_eq!((&before["pages"], &before["sessions"], &before["sdk"]), (&json!(0), &json!(0), &json!(0)));
    portal.get("/catalog").header("accept", "text/html,*/*").await;
    for url in crate::support::scripts(&portal).await {
        portal.get(&url).without_credentials().header("cookie", SESSION).await;
    }
    let after = counted().await;
    for (name, count) in [("pages", 1), ("sdk", 1), ("init", 1), ("sessions", 1), ("received", 0)] {
        assert_eq!(after[name], count, "{name}: {after}");
    }
    assert!(!after.to_string().contains("0b7a4f4e"), "{after}");
}

#[tokio::test]
async fn rum_48_of_a_running_backend_that_is_well_nothing_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let config = config(dir.path(), &json!({}));
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
    let url = portal.url();
    let told = told(&config, dir.path(), Some(&url), None, Names::new(None)).await;
    let text = told.text();
    assert_eq!(told.exit_code(), 0, "{text}");
    assert!(
        text.starts_with(
            "Nothing keeps browser events from arriving, as far as the config and the page tell."
        ),
        "{text}"
    );
    for said in [
        "--token-file",
        "the backend runs with this config",
        "the page's policy lets events out",
        "pub00…000",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn rum_48_a_backend_of_another_config_and_one_without_the_sdk_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let config = config(dir.path(), &json!({}));
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
    let url = portal.url();
    let mut other = config.clone();
    other["app"]["datadogRum"]["env"] = "staging".into();
    let text = told(&other, dir.path(), Some(&url), None, Names::new(None)).await.text();
    assert!(text.contains("warning: The backend runs with another config than this one: env"), "{text}");

    let empty = tempfile::tempdir().unwrap();
    let mut lacking = config.clone();
    lacking["greenroom"]["rum"]["sdk"] = json!(empty.path());
    let without = crate::support::portal(empty.path(), TEMPLATE, lacking.clone()).await;
    let url = without.url();
    let missing = told(&lacking, empty.path(), Some(&url), None, Names::new(None)).await;
    let text = missing.text();
    assert_eq!(missing.exit_code(), 1, "{text}");
    assert!(text.starts_with("Browser events do not arrive: Datadog's SDK is not here."), "{text}");
    // Where the config that was read is fine, the page is what is wrong.
    let stale = told(&config, dir.path(), Some(&url), None, Names::new(None)).await.text();
    assert!(stale.starts_with("Browser events do not arrive: the page does not load the SDK."), "{stale}");
}

/// A portal that forwards, with an intake that answers what it is told to.
async fn forwarding(dir: &Path, config: &Value, intake: &FakeIntake) -> RunningTestBackend {
    lay_out(dir);
    let dist = dir.join("dist");
    fs::create_dir_all(&dist).unwrap();
    fs::write(dist.join("index.html.tmpl"), TEMPLATE).unwrap();
    let mut config = config.clone();
    config["greenroom"]["app"] = json!({"dist": dist});
    let backend = TestBackend::new().config(config).add(app()).add(rum()).add(rum_page());
    backend.add(intake.client()).start().await.unwrap()
}

#[tokio::test]
async fn rum_48_what_datadog_last_answered_is_the_proof_or_the_cause() {
    let (dir, intake) = (tempfile::tempdir().unwrap(), FakeIntake::default());
    let mut config = config(dir.path(), &json!({"mode": "forward"}));
    config["app"]["baseUrl"] = "http://127.0.0.1:17200".into();
    let backend = forwarding(dir.path(), &config, &intake).await;
    let url = backend.url();
    let token = service_token();
    let look = async || told(&config, dir.path(), Some(&url), Some(&token), Names::new(None)).await;
    let beacon = || Recorded::named("v7-string-proxy-010-rum").with("cookie", Some(SESSION));

    assert_eq!(beacon().send(&backend).await.status, 202);
    let well = look().await;
    assert_eq!(well.exit_code(), 0, "{}", well.text());
    assert!(
        well.text().starts_with("Browser events arrive: Datadog has taken 1 request in the last "),
        "{}",
        well.text()
    );

    intake.answers(Ok(StatusCode::FORBIDDEN));
    assert_eq!(beacon().send(&backend).await.status, 403);
    let refused = look().await;
    assert_eq!(refused.exit_code(), 1);
    assert!(
        refused.text().starts_with("Browser events do not arrive: Datadog refuses them."),
        "{}",
        refused.text()
    );

    assert!(
        !refused.text().contains("events were refused"),
        "Datadog's answer is told once: {}",
        refused.text()
    );
    let wrong = beacon().with("origin", Some("https://evil.test")).with("sec-fetch-site", Some("cross-site"));
    assert_eq!(wrong.send(&backend).await.status, 403);
    let text = look().await.text();
    assert!(
        text.contains("Once in the last") && text.contains("refused: the page is not of this portal"),
        "{text}"
    );
}

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
async fn rum_48_calls_across_origins_are_asked_for_as_browsers_ask() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let mut config = config(dir.path(), &json!({"sdk": "auto"}));
    config["app"]["baseUrl"] = "https://portal.example".into();
    config["backend"] =
        json!({"baseUrl": "https://api.example", "cors": {"origin": "https://portal.example"}});
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
    let look = async |url: &str, lacks| {
        let names = Names { lacks, ..Names::new(Some(&portal)) };
        told(&config, dir.path(), Some(url), None, names).await
    };
    let well = look("https://portal.example", None).await;
    assert_eq!(well.exit_code(), 0, "{}", well.text());
    assert!(well.text().contains("calls to the backend may carry traces"), "{}", well.text());
    let barred = look("https://portal.example", Some("access-control-allow-headers")).await;
    let text = barred.text();
    assert!(
        text.contains("the portal's calls fail, because they carry traces") && text.contains("traceparent"),
        "{text}"
    );
    let refused = look("https://portal.example", Some("access-control-allow-origin")).await;
    assert!(refused.text().contains("the backend refuses the page's calls"), "{}", refused.text());
    let other_name = look("https://other.example", None).await.text();
    assert!(other_name.contains("asked for at https://other.example"), "{other_name}");
}

#[tokio::test]
async fn rum_48_a_token_goes_to_no_backend_that_the_page_alone_names() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let mut config = config(dir.path(), &json!({"sdk": "auto"}));
    config["app"]["baseUrl"] = "https://portal.example".into();
    config["backend"] =
        json!({"baseUrl": "https://api.example", "cors": {"origin": "https://portal.example"}});
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
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
async fn rum_48_of_a_running_backend_whose_config_switches_rum_off_the_config_says_why() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let mut config = config(dir.path(), &json!({"sdk": "auto"}));
    config["app"]["datadogRum"]["site"] = "https://x".into();
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
    let url = portal.url();
    let text = told(&config, dir.path(), Some(&url), None, Names::new(None)).await.text();
    assert!(text.starts_with("Browser events do not arrive: a value of the config is wrong"), "{text}");
    assert!(text.contains("error: app.datadogRum.site is no site of Datadog"), "{text}");
    assert!(text.contains("note: The page loads neither Datadog's SDK nor the script"), "{text}");
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
    let config = Err("app-config.yaml:3:1: a colon is missing".to_owned());
    let (start, data_dir, url, token) = (&PlannedStart::default(), None, None, None);
    let told = Examination { config, start, data_dir, url, token, client: &client }.examine().await;
    assert_eq!(told.exit_code(), 1);
    assert!(told.text().contains("error: app-config.yaml:3:1"), "{}", told.text());
}
