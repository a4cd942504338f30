//! The files that a page loads.

use std::{fs, path::Path};

use greenroom::config::{DataDirectory, RootConfig};
use greenroom_plugin_rum::{page_additions, rum};
use greenroom_test::TestBackend;
use serde_json::{Value, json};

use crate::support::{ID, TOKEN};

fn lay_out(dir: &Path) {
    fs::create_dir_all(dir.join("chunks")).unwrap();
    fs::write(dir.join("datadog-rum.js"), "main").unwrap();
    fs::write(dir.join("chunks/recorder-1-datadog-rum.js"), "chunk").unwrap();
}

fn config(data_dir: &Path, sdk: &str) -> Value {
    json!({
        "app": {"datadogRum": {"clientToken": TOKEN, "applicationId": ID}},
        "greenroom": {"dataDir": data_dir, "rum": {"sdk": sdk}},
    })
}

/// The URLs of the scripts that a page gets.
fn scripts(config: &Value, data_dir: &Path) -> Option<Vec<String>> {
    let config = RootConfig::from_json(config.clone()).unwrap();
    let html = page_additions(&config, &DataDirectory::at(data_dir)).unwrap()?.html;
    Some(html.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

#[tokio::test]
async fn rum_30_what_a_page_names_is_served_to_everybody_and_for_ever() {
    let data = tempfile::tempdir().unwrap();
    lay_out(&data.path().join("rum-sdk/7.16.2"));
    let config = config(data.path(), "auto");
    let backend = TestBackend::new().config(config.clone()).add(rum()).start().await.unwrap();
    let urls = scripts(&config, data.path()).unwrap();
    assert_eq!(urls[0], "/api/rum/sdk/7.16.2/datadog-rum.js");
    let chunk = "/api/rum/sdk/7.16.2/chunks/recorder-1-datadog-rum.js".to_owned();
    for (url, text) in [(&urls[0], "main"), (&chunk, "chunk"), (&urls[1], "Starts Datadog's browser SDK")] {
        let answer = backend.get(url).without_credentials().await;
        assert_eq!(answer.status, 200, "{url}");
        assert!(answer.text().contains(text), "{url}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(answer.header("content-type"), Some("application/javascript; charset=utf-8"));
    }
    for url in [
        "/api/rum/sdk/7.16.1/datadog-rum.js",
        "/api/rum/sdk/7.16.2/",
        "/api/rum/sdk/7.16.2/chunks/..%2fdatadog-rum.js",
        "/api/rum/sdk/7.16.2/..%2f..%2f..%2fetc%2fpasswd",
        "/api/rum/sdk/7.16.2/init.js",
        "/api/rum/other",
    ] {
        let answer = backend.get(url).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, String::new()), "{url}");
    }
}

#[tokio::test]
async fn rum_28_without_the_files_pages_get_no_scripts_and_one_line_says_the_command() {
    let data = tempfile::tempdir().unwrap();
    let config = config(data.path(), "auto");
    assert_eq!(scripts(&config, data.path()), None);
    let backend = TestBackend::new().config(config).add(rum()).start().await.unwrap();
    let told = backend.await_log(|line| line["plugin"] == "rum" && line["level"] == "warn").await;
    assert!(told["message"].as_str().unwrap().contains("run `greenroom rum sdk`"), "{told}");
}

#[tokio::test]
async fn the_files_may_be_in_a_directory_of_ones_own_or_on_the_content_network() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own");
    lay_out(&own.join("bundle"));
    let config_of_own = config(data.path(), own.to_str().unwrap());
    let url = scripts(&config_of_own, data.path()).unwrap().remove(0);
    let backend = TestBackend::new().config(config_of_own).add(rum()).start().await.unwrap();
    assert_eq!(backend.get(&url).await.text(), "main");
    let cdn = scripts(&config(data.path(), "cdn"), data.path()).unwrap();
    assert_eq!(cdn[0], "https://www.datadoghq-browser-agent.com/us1/v7/datadog-rum.js");
}

#[tokio::test]
async fn another_config_has_another_script() {
    let data = tempfile::tempdir().unwrap();
    let of = |env: &str| {
        let mut config = config(data.path(), "cdn");
        config["app"]["datadogRum"]["env"] = env.into();
        scripts(&config, data.path()).unwrap().remove(1)
    };
    assert_ne!(of("staging"), of("production"));
    assert_eq!(of("staging"), of("staging"));
}
