//! The page is measured where browser events are kept, and says what is to do where the SDK is not here.

use greenroom_plugin_demo::demo;
use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{article, button, start};

/// A backend that keeps browser events, with its data directory.
async fn keeping(rum_config: Value) -> (RunningTestBackend, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let config = json!({"greenroom": {"demo": true, "dataDir": data.path(), "rum": rum_config}});
    let backend = TestBackend::new().config(config).add(demo()).add(rum());
    (backend.start().await.unwrap(), data)
}

/// A directory with something in the place of Datadog's SDK.
fn sdk() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("datadog-rum.js"), "window.DD_RUM = {};").unwrap();
    dir
}

#[tokio::test]
async fn without_rum_the_page_says_what_keeps_events_and_still_throws() {
    let shown = article(&start().await.get("/demo").await, "throw");
    assert!(shown.contains("greenroom.rum.mode: store") && shown.contains("data-throw"), "{shown}");
    assert!(!shown.contains("/api/demo/press/sdk") && !shown.contains("rum doctor"), "{shown}");
}

#[tokio::test]
async fn without_the_sdk_a_button_lays_it_out() {
    let (backend, _data) = keeping(json!({"mode": "store"})).await;
    let page = backend.get("/demo").await;
    let shown = article(&page, "throw");
    assert!(
        shown.contains("action=\"/api/demo/press/sdk#throw\"") && !page.text().contains("datadog-rum.js"),
        "{shown}"
    );
    assert!(shown.contains("greenroom rum doctor --token-file "), "{shown}");
}

#[tokio::test]
async fn with_the_sdk_the_page_loads_it_and_what_starts_it() {
    let dir = sdk();
    let (backend, _data) = keeping(json!({"mode": "store", "sdk": dir.path()})).await;
    let page = backend.get("/demo").await.text();
    let scripts: Vec<_> =
        page.split("<script src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let [sdk, init, own] = scripts[..] else { panic!("{scripts:?}") };
    assert!(
        sdk.ends_with("/datadog-rum.js") && init.ends_with("/init.js") && own == "/demo/demo.js",
        "{scripts:?}"
    );
    for script in scripts {
        assert_eq!(backend.get(script).without_credentials().await.status, 200, "{script}");
    }
    assert!(page.contains("<meta name=\"dd-trace-id\""), "{page}");
    let is_told = |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("kept here"));
    backend.await_log(|line| line["plugin"] == "rum" && is_told(line)).await;
}

#[tokio::test]
async fn only_the_page_itself_lays_the_sdk_out() {
    let (backend, data) = keeping(json!({"mode": "store"})).await;
    assert_eq!(backend.post("/api/demo/press/sdk").header("origin", "http://evil.example").await.status, 403);
    assert_eq!(button(&backend, "sdk").header("host", "evil.example").await.status, 421);
    assert!(!data.path().join("rum-sdk").exists());
}
