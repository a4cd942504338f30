//! The stock front end of Backstage, as `cargo xtask app` builds it.

use std::path::{Path, PathBuf};

use greenroom_plugin_app::app;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

fn dist() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    target.join("app/dist")
}

async fn backend(base_url: &str) -> RunningTestBackend {
    let app_config = json!({"title": "Ours & <others>", "baseUrl": base_url});
    let greenroom = json!({"app": {"dist": dist()}, "logger": {"format": "backstage"}});
    let config = json!({"app": app_config, "backend": {"baseUrl": base_url}, "greenroom": greenroom});
    TestBackend::new().config(config).add(app()).start().await.unwrap()
}

/// What the page loads.
fn loaded(page: &str) -> Vec<String> {
    let quoted = |start: &str| {
        let parts = page.split(start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        parts.collect::<Vec<_>>()
    };
    [quoted("src=\""), quoted("href=\"")].concat()
}

#[tokio::test]
async fn the_stock_page_and_all_that_it_loads_are_served() {
    let backend = backend("http://localhost:7007").await;
    let page = backend.get("/catalog").without_credentials().await.text();
    assert!(page.contains("<title>Ours &amp; &lt;others&gt;</title>"), "{page}");
    assert!(page.contains("\"title\": \"Ours & \\u003cothers>\""), "{page}");
    let all = loaded(&page);
    assert!(all.len() > 10 && all.iter().any(|url| url.starts_with("/static/main.")), "{all:?}");
    for url in &all {
        let response = backend.get(url).header("accept-encoding", "br, gzip").await;
        assert_eq!(response.status, 200, "{url}");
        assert!(!response.header("content-type").unwrap().starts_with("text/html"), "{url}");
    }
    let lines = backend.stop().await;
    let told = lines.iter().find(|line| line["files"].is_u64()).unwrap();
    assert!(told["files"].as_u64() > Some(400) && told["bytes"].as_u64() > Some(10_000_000), "{told}");
    assert!(lines.iter().all(|line| line["level"] != "warn" && line["level"] != "error"), "{lines:#?}");
}

#[tokio::test]
async fn below_a_path_every_url_of_the_page_has_it() {
    let backend = backend("https://example.com/portal/").await;
    let page = backend.get("/").await.text();
    let all = loaded(&page);
    assert!(all.iter().all(|url| url.starts_with("/portal/")), "{all:?}");
    assert!(page.contains("<meta name=\"backstage-public-path\" content=\"/portal/\">"), "{page}");
}
