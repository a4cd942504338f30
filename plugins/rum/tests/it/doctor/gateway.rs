//! What the doctor says of a gateway, whose pages are another server's.

use greenroom::{config::RootConfig, prelude::HttpClient};
use greenroom_plugin_rum::{Diagnosis, Examination, PlannedStart};
use serde_json::json;

use super::{Names, config};
use crate::{
    forwarded::{Node, POLICY},
    support::TEMPLATE,
};

async fn of(page: &str, policy: &'static str) -> Diagnosis {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("sdk")).unwrap();
    let config = config(dir.path(), &json!({"mode": "forward"}));
    let backend = Node::with(page, policy).behind(&dir.path().join("sdk"), config.clone()).await;
    let start = PlannedStart { gateway: true, ..PlannedStart::default() };
    let (config, client) = (RootConfig::from_json(config).unwrap(), HttpClient::new(Names::new(None)));
    let (config, start, data_dir) = (Ok(Some(&config)), &start, Some(dir.path()));
    Examination { config, start, data_dir, url: Some(&backend.url()), token: None, client: &client }
        .examine()
        .await
}

#[tokio::test]
async fn a_page_that_passes_with_the_scripts_is_fine() {
    let told = of(TEMPLATE, POLICY).await;
    assert_eq!(told.exit_code(), 0, "{}", told.text());
    assert!(told.text().contains("the backend runs with this config"), "{}", told.text());
    assert!(!told.text().contains("not seen in the config"), "the page is seen: {}", told.text());
}

#[tokio::test]
async fn a_page_that_passes_without_them_is_told_with_why() {
    let snippet = std::fs::read_to_string("tests/fixtures/pages/rt-snippet-rumcfg.html").unwrap();
    let snippet = snippet.replace("sampleRate: 100", "sampleRate: '100'");
    for (page, policy, says) in [
        (&*snippet, POLICY, "the page starts the SDK by a script of its own; the SDK refuses its rates"),
        (TEMPLATE, "script-src 'nonce-x'", "the page's Content-Security-Policy blocks them"),
        ("<p>", POLICY, "the page does not load the SDK"),
    ] {
        let text = of(page, policy).await.text();
        assert!(text.starts_with(&format!("Browser events do not arrive: {says}")), "{text}");
    }
}
