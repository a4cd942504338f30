//! What the page of the portal gets, and what is taken out of it.

use greenroom_plugin_app::app;
use greenroom_plugin_rum::{rum, rum_page};
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};

use crate::support::{ID, TEMPLATE, TOKEN, portal, scripts};

fn config() -> Value {
    json!({
        "app": {"datadogRum": {"clientToken": TOKEN, "applicationId": ID}},
        "greenroom": {"rum": {"sdk": "cdn"}},
    })
}

/// The content of a `<meta>` of the page.
fn meta(page: &str, name: &str) -> u64 {
    let content = page.split(&format!("<meta name=\"{name}\" content=\"")).nth(1).unwrap();
    content.split('"').next().unwrap().parse().unwrap()
}

async fn warnings(backend: RunningTestBackend) -> Vec<String> {
    let lines = backend.stop().await;
    let of_us = lines.iter().filter(|line| line["level"] == "warn" && line["plugin"] == "app");
    of_us.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rum_39_a_page_is_tied_to_the_request_that_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    let backend = portal(dir.path(), TEMPLATE, config()).await;
    let mut tags = vec![];
    for (path, trace) in
        [("/", "0af7651916cd43dd8448eb211c80319c"), ("/catalog", "0af7651916cd43dd000000000000002a")]
    {
        let traceparent = format!("00-{trace}-b7ad6b7169203331-01");
        let answer = backend.get(path).without_credentials().header("traceparent", &traceparent).await;
        let page = answer.text();
        assert_eq!(meta(&page, "dd-trace-id"), u64::from_str_radix(&trace[16..], 16).unwrap());
        let seconds = meta(&page, "dd-trace-time") / 1000;
        assert!(seconds.abs_diff(seconds_now()) < 60);
        assert!(page.find("dd-trace-id") < page.find("<script"), "the SDK reads what stands before it");
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    assert_eq!(tags[0], tags[1]);
    let fresh = backend.get("/").without_credentials().header("if-none-match", &tags[0]).await;
    assert_eq!(fresh.status, 304);
}

fn seconds_now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn rum_26_the_page_alone_may_load_what_it_needs() {
    let dir = tempfile::tempdir().unwrap();
    let backend = portal(dir.path(), TEMPLATE, config()).await;
    let policy =
        |answer: &greenroom_test::TestResponse| answer.header("content-security-policy").unwrap().to_owned();
    let page = policy(&backend.get("/").await);
    for part in ["https://www.datadoghq-browser-agent.com", "https://browser-intake-datadoghq.com"] {
        assert!(page.contains(part), "{page}");
        assert!(!policy(&backend.get("/api/rum/nothing").await).contains(part));
    }
}

#[tokio::test]
async fn rum_31_the_documented_script_gives_way_to_ours_and_any_other_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let documented = std::fs::read_to_string("tests/fixtures/pages/build-rumB.index.html.tmpl").unwrap();
    let backend = portal(dir.path(), &documented, config()).await;
    let page = backend.get("/").await.text();
    assert!(!page.contains("datadog-rum-v3") && !page.contains("DD_RUM"), "{page}");
    assert_eq!(scripts(&backend).await.len(), 2);
    let told = warnings(backend).await;
    assert!(told.len() == 1 && told[0].contains("which is taken out"), "{told:?}");

    let own = TEMPLATE.replace("<title>", "<script>DD_RUM.init({beforeSend: f})</script><title>");
    let backend = portal(dir.path(), &own, config()).await;
    assert!(backend.get("/").await.text().contains("beforeSend: f"));
    let told = warnings(backend).await;
    assert!(told.len() == 1 && told[0].contains("by a script of its own"), "{told:?}");
}

#[tokio::test]
async fn a_page_that_is_served_as_it_was_built_gets_nothing_and_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dist = dir.path().join("dist");
    std::fs::create_dir_all(&dist).unwrap();
    std::fs::write(dist.join("index.html"), TEMPLATE).unwrap();
    let mut config = config();
    config["app"]["disableConfigInjection"] = true.into();
    config["greenroom"]["app"] = json!({"dist": dist});
    let backend =
        TestBackend::new().config(config).add(app()).add(rum()).add(rum_page()).start().await.unwrap();
    assert_eq!(backend.get("/").await.text(), TEMPLATE);
    let told = warnings(backend).await;
    assert!(told.len() == 1 && told[0].contains("app.disableConfigInjection"), "{told:?}");
}

#[tokio::test]
async fn rum_1_the_page_is_the_bundles_where_nobody_asks_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let backend = portal(dir.path(), TEMPLATE, json!({})).await;
    let page = backend.get("/").await.text();
    assert!(!page.contains("dd-trace") && scripts(&backend).await.is_empty(), "{page}");
}
