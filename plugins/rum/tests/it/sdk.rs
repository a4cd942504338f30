//! The files that a page loads.

use std::{fs, path::Path};

use greenroom_plugin_rum::rum;
use greenroom_test::mock;
use serde_json::{Value, json};

use crate::support::{ID, TEMPLATE, TOKEN, portal, scripts};

fn lay_out(dir: &Path) {
    fs::create_dir_all(dir.join("chunks")).unwrap();
    fs::write(dir.join("datadog-rum.js"), "main").unwrap();
    fs::write(dir.join("chunks/recorder-1-datadog-rum.js"), "chunk").unwrap();
}

fn config(sdk: &str) -> Value {
    json!({
        "app": {"datadogRum": {"clientToken": TOKEN, "applicationId": ID}},
        "greenroom": {"rum": {"sdk": sdk}},
    })
}

#[tokio::test]
async fn rum_30_what_a_page_names_is_served_to_everybody_and_for_ever() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own");
    lay_out(&own);
    let backend = portal(data.path(), TEMPLATE, config(own.to_str().unwrap())).await;
    let urls = scripts(&backend).await;
    let below = urls[0].strip_suffix("/datadog-rum.js").unwrap();
    let chunk = format!("{below}/chunks/recorder-1-datadog-rum.js");
    for (url, text) in [(&urls[0], "main"), (&chunk, "chunk"), (&urls[1], "Starts Datadog's browser SDK")] {
        let answer = backend.get(url).without_credentials().await;
        assert_eq!(answer.status, 200, "{url}");
        assert!(answer.text().contains(text), "{url}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(answer.header("content-type"), Some("application/javascript; charset=utf-8"));
    }
    for url in [
        "/api/rum/sdk/7.16.1/datadog-rum.js".to_owned(),
        format!("{below}/"),
        format!("{below}/chunks/..%2fdatadog-rum.js"),
        format!("{below}/..%2f..%2f..%2fetc%2fpasswd"),
        format!("{below}/init.js"),
        "/api/rum/other".to_owned(),
    ] {
        let answer = backend.get(&url).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, String::new()), "{url}");
    }
}

#[tokio::test]
async fn the_script_of_another_replica_is_this_ones_for_now() {
    let data = tempfile::tempdir().unwrap();
    let backend = portal(data.path(), TEMPLATE, config("cdn")).await;
    let answer = backend.get("/api/rum/sdk/00112233445566778899/init.js").without_credentials().await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")));
    assert!(answer.text().contains("Starts Datadog's browser SDK"));
    for none in ["00112233445566778899/datadog-rum.js", "0011223344556677889X/init.js"] {
        assert_eq!(backend.get(&format!("/api/rum/sdk/{none}")).await.status, 404, "{none}");
    }
}

#[tokio::test]
async fn rum_28_without_the_files_pages_get_no_scripts_and_one_line_says_the_command() {
    let data = tempfile::tempdir().unwrap();
    let backend = portal(data.path(), TEMPLATE, config("auto")).await;
    assert!(scripts(&backend).await.is_empty());
    let lines = backend.stop().await;
    let about = |line: &&Value| line["message"].as_str().is_some_and(|text| text.contains("Datadog's SDK"));
    let told: Vec<_> = lines.iter().filter(about).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["level"], "warn");
    assert!(told[0]["message"].as_str().unwrap().contains("by `greenroom rum sdk`"), "{told:?}");
    let is_summary =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with("Browsers send"));
    assert!(!lines.iter().any(is_summary), "none is sent");
}

#[tokio::test]
async fn rum_28_files_that_are_not_those_that_were_published_are_not_served() {
    let data = tempfile::tempdir().unwrap();
    lay_out(&data.path().join("rum-sdk/7.16.2"));
    let backend = portal(data.path(), TEMPLATE, config("auto")).await;
    assert!(scripts(&backend).await.is_empty());
    let is_told = |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("is damaged"));
    let told = backend.await_log(is_told).await;
    assert!(told["message"].as_str().unwrap().contains("datadog-rum.js is not as Datadog has published it"));
}

/// `config check` asks for the forecast.
#[tokio::test]
async fn rum_28_what_a_start_says_of_the_files_is_foretold() {
    use greenroom::{
        config::{Forecast, ReadContext, RootConfig},
        core::Backend,
        data_dir::{DataDirEnvironment, DataDirectory},
    };

    let backend = Backend::new([DataDirectory::factory(DataDirEnvironment::default())]).add(rum());
    let context = ReadContext { declarations: backend.declarations(), ..ReadContext::default() };
    let data = tempfile::tempdir().unwrap();
    let foretold = |sdk: &str| {
        let mut config = config(sdk);
        config["greenroom"]["dataDir"] = json!(data.path());
        Forecast::all(&RootConfig::from_json(config).unwrap(), &context)
    };
    let told = foretold("auto");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("Pages are served without browser monitoring, because Datadog's SDK is not in"),
        "{told:?}"
    );
    assert_eq!(foretold("cdn"), [""; 0]);
}

#[tokio::test]
async fn rum_28_an_sdk_that_is_laid_out_while_the_backend_runs_is_taken_up_by_itself() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own");
    let backend = portal(data.path(), TEMPLATE, config(own.to_str().unwrap())).await;
    let missing = |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("SDK is not in"));
    backend.await_log(missing).await;
    assert!(scripts(&backend).await.is_empty());
    lay_out(&own);
    let told =
        backend.await_log(|line| line["message"] == "Datadog's SDK is here now, and pages load it").await;
    assert_eq!((&told["plugin"], &told["level"]), (&json!("rum"), &json!("info")));
    let urls = scripts(&backend).await;
    assert_eq!(backend.get(&urls[0]).without_credentials().await.text(), "main");
    assert!(backend.get("/").await.text().contains("dd-trace-id"));
    let summary =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with("Browsers send"));
    backend.await_log(summary).await;
}

/// What the page of an operator says is here, pages have.
#[tokio::test]
async fn rum_109_what_the_empty_page_finds_is_what_runs() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own");
    let mut config = config(own.to_str().unwrap());
    config["greenroom"]["rum"]["mode"] = "store".into();
    config["backend"] = json!({"database": {"client": "better-sqlite3", "connection": ":memory:"}});
    let backend = portal(data.path(), TEMPLATE, config).await;
    let page = async || backend.get("/.greenroom/browser").with_token(mock::OPS_TOKEN).await.text();
    assert!(page().await.contains("SDK is not here"));
    lay_out(&own);
    assert!(page().await.contains("nothing is in their way"));
    assert_eq!(scripts(&backend).await.len(), 2, "with no restart");
}

#[tokio::test]
async fn the_files_may_be_in_a_directory_of_ones_own_or_on_the_content_network() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own");
    lay_out(&own.join("bundle"));
    let backend = portal(data.path(), TEMPLATE, config(own.to_str().unwrap())).await;
    let url = scripts(&backend).await.remove(0);
    assert_eq!(backend.get(&url).await.text(), "main");
    let backend = portal(data.path(), TEMPLATE, config("cdn")).await;
    assert_eq!(scripts(&backend).await[0], "https://www.datadoghq-browser-agent.com/us1/v7/datadog-rum.js");
}

#[tokio::test]
async fn another_config_has_another_script() {
    let data = tempfile::tempdir().unwrap();
    let of = async |env: &str| {
        let mut config = config("cdn");
        config["app"]["datadogRum"]["env"] = env.into();
        scripts(&portal(data.path(), TEMPLATE, config).await).await.remove(1)
    };
    let staging = of("staging").await;
    assert_ne!(staging, of("production").await);
    assert_eq!(staging, of("staging").await);
}
