//! Pages of another server that pass this backend as a gateway.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response};
use greenroom::{core::ServiceFactory, http::Forwarding, prelude::*};
use greenroom_plugin_rum::rum;
use greenroom_proxy::{Documents, Proxy, Upstream};
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse};
use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{TEMPLATE, config};

/// Backstage's own, as far as it says something of scripts and connections.
pub(crate) const POLICY: &str = "default-src 'self';object-src 'none';script-src 'self' 'unsafe-eval'";

/// A server with one page, which remembers how it was asked.
#[derive(Clone)]
pub(crate) struct Node {
    page: String,
    policy: &'static str,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Node {
    pub(crate) fn with(page: &str, policy: &'static str) -> Self {
        Self { page: page.to_owned(), policy, asked: Arc::default() }
    }

    fn answer(&self, request: Request) -> Response {
        if !request.uri().path().starts_with("/.backstage/") {
            self.asked.lock().push(request.headers().clone());
        }
        let page = Response::builder()
            .header("content-type", "text/html; charset=utf-8")
            .header("content-security-policy", self.policy)
            .header("etag", "W/\"893-abc\"")
            .body(Body::from(self.page.clone()));
        page.unwrap()
    }

    /// A backend in front of it, whose SDK lies in `dir`.
    pub(crate) async fn behind(&self, dir: &Path, mut config: Value) -> RunningTestBackend {
        std::fs::write(dir.join("datadog-rum.js"), "main").unwrap();
        if config["greenroom"]["rum"].get("sdk").is_none() {
            config["greenroom"]["rum"]["sdk"] = json!(dir);
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let node = self.clone();
        let answers = Router::new().fallback(move |request: Request| async move { node.answer(request) });
        drop(spawn("the other server", async move { axum::serve(listener, answers).await }));
        let (connect_timeout, pause) = (Duration::from_secs(5), Duration::from_secs(5));
        let upstream = Upstream { address, source: None, connect_timeout, pause, headers: 100 };
        TestBackend::new().config(config).add(forwarding(upstream)).add(rum()).start().await.unwrap()
    }
}

fn forwarding(upstream: Upstream) -> ServiceFactory {
    service(async move |documents: Documents, logger: RootLogger| -> Result<Forwarding> {
        let proxy = Proxy::builder(upstream.clone(), logger.plugin("gateway")).documents(documents);
        Ok(proxy.build().forwarding())
    })
}

async fn visit(backend: &RunningTestBackend) -> TestResponse {
    let request = backend.get("/catalog").without_credentials().header("sec-fetch-dest", "document");
    request.header("traceparent", "00-0af7651916cd43dd000000000000002a-b7ad6b7169203331-01").await
}

/// The plugin's own lines, as level and message.
async fn told(backend: RunningTestBackend) -> Vec<(String, String)> {
    let lines = backend.stop().await;
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let own = lines.iter().filter(|line| line["plugin"] == "rum");
    let own = own.map(|line| (text(line, "level"), text(line, "message")));
    own.filter(|(_, message)| !message.starts_with("Plugin ")).collect()
}

#[tokio::test]
async fn a_page_that_passes_gets_what_measures_it_and_no_other_byte_changes() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::with(TEMPLATE, POLICY);
    let backend = node.behind(dir.path(), config(&json!({}))).await;
    let answer = visit(&backend).await;
    let page = answer.text();
    let start = page.find("<head>").unwrap() + "<head>".len();
    let (added, behind) = page[start..].split_at(page.len() - TEMPLATE.len());
    assert_eq!(format!("<html><head>{behind}"), TEMPLATE);
    assert!(
        added.starts_with("<meta name=\"dd-trace-id\" content=\"42\"><meta name=\"dd-trace-time\""),
        "{added}"
    );
    assert_eq!(answer.header("content-security-policy"), Some(POLICY));
    assert_eq!(
        (answer.header("etag"), answer.header("content-length")),
        (None, Some(&*page.len().to_string()))
    );
    let urls: Vec<_> =
        added.split("<script src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(urls.len(), 2, "{added}");
    for url in urls {
        assert!(url.starts_with("/api/rum/sdk/"), "of the page's own origin: {url}");
        assert_eq!(backend.get(url).without_credentials().await.status, 200, "{url}");
    }
    assert_eq!(node.asked.lock().len(), 1, "what is of this backend does not go on");
    let told = told(backend).await;
    assert!(
        told.len() == 1
            && told[0]
                .1
                .ends_with("The pages are those of the server behind: they get the scripts as they pass"),
        "{told:?}"
    );
}

#[tokio::test]
async fn below_a_path_the_scripts_are_below_it_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(&json!({}));
    config["app"]["baseUrl"] = "https://p.example/portal".into();
    let backend = Node::with(TEMPLATE, POLICY).behind(dir.path(), config).await;
    let page = visit(&backend).await.text();
    assert_eq!(page.matches("<script src=\"/portal/api/rum/sdk/").count(), 2, "{page}");
}

#[tokio::test]
async fn with_replays_the_policy_gets_the_worker_that_compresses_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(&json!({}));
    config["app"]["datadogRum"]["sessionReplaySampleRate"] = 10.into();
    let backend = Node::with(TEMPLATE, POLICY).behind(dir.path(), config).await;
    let policy = format!("{POLICY};worker-src 'self' blob:");
    assert_eq!(visit(&backend).await.header("content-security-policy"), Some(&*policy));
}

#[tokio::test]
async fn a_page_that_starts_the_sdk_already_stays_as_it_is_and_that_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let snippet = std::fs::read_to_string("tests/fixtures/pages/rt-snippet-rumcfg.html").unwrap();
    let snippet = snippet.replace("sampleRate: 100", "sampleRate: '100'");
    let backend = Node::with(&snippet, POLICY).behind(dir.path(), config(&json!({}))).await;
    for _ in 0..2 {
        let answer = visit(&backend).await;
        assert_eq!((answer.text(), answer.header("etag")), (snippet.clone(), Some("W/\"893-abc\"")));
    }
    let warnings: Vec<_> = told(backend).await.into_iter().filter(|(level, _)| level == "warn").collect();
    assert!(
        warnings.len() == 1 && warnings[0].1.contains("sampleRate in it stands in quotes"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn where_the_policy_would_refuse_it_nothing_is_added_and_the_source_to_add_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let strict = "script-src 'nonce-x' 'strict-dynamic'";
    let backend = Node::with(TEMPLATE, strict).behind(dir.path(), config(&json!({}))).await;
    for _ in 0..2 {
        let answer = visit(&backend).await;
        assert_eq!(
            (answer.text(), answer.header("content-security-policy")),
            (TEMPLATE.to_owned(), Some(strict))
        );
    }
    let warnings: Vec<_> = told(backend).await.into_iter().filter(|(level, _)| level == "warn").collect();
    assert!(warnings.len() == 1 && warnings[0].1.contains("add 'self' to script-src"), "{warnings:?}");
}

#[tokio::test]
async fn without_injection_or_with_rum_off_pages_pass_as_if_there_were_no_rum() {
    for (rum, is_told) in [(json!({"inject": false}), true), (json!({"mode": "off"}), false)] {
        let dir = tempfile::tempdir().unwrap();
        let node = Node::with(TEMPLATE, POLICY);
        let mut config = config(&rum);
        config["backend"] = json!({"baseUrl": "https://b.example"});
        let backend = node.behind(dir.path(), config).await;
        let asked = [("accept-encoding", "gzip"), ("if-none-match", "W/\"893-abd\"")];
        let request = backend.get("/").without_credentials().header("sec-fetch-dest", "document");
        let answer = asked.iter().fold(request, |request, (name, value)| request.header(name, value)).await;
        assert_eq!((answer.text(), answer.header("etag")), (TEMPLATE.to_owned(), Some("W/\"893-abc\"")));
        assert!(asked.iter().all(|(name, value)| node.asked.lock()[0][*name] == *value));
        let told = told(backend).await;
        assert_eq!(told.len(), usize::from(is_told), "{told:?}");
        let pasted = |(level, text): &(String, String)| {
            level == "info"
                && text.contains("No page is changed (greenroom.rum.inject: false)")
                // A front end that is served elsewhere finds the backend by its own URL.
                && text.matches("<script src=\"https://b.example/api/rum/").count() == 2
        };
        assert!(told.iter().all(pasted), "{told:?}");
    }
}

#[tokio::test]
async fn until_the_sdk_is_there_pages_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(&json!({"sdk": dir.path().join("not-there")}));
    let backend = Node::with(TEMPLATE, POLICY).behind(dir.path(), config).await;
    assert_eq!(visit(&backend).await.text(), TEMPLATE);
    let told = told(backend).await;
    assert!(told.len() == 1 && told[0].0 == "warn" && told[0].1.contains("Datadog's SDK"), "{told:?}");
}
