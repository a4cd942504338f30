//! What a start says of it, and what it never does: fail because of RUM.

use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};

use crate::support::{ID, TEMPLATE, TOKEN, config, portal};

/// The lines of the plugin's own, as level and message.
async fn told(config: Value) -> Vec<(String, String)> {
    told_by(TestBackend::new().config(config).add(rum()).start().await.unwrap()).await
}

async fn told_by(backend: RunningTestBackend) -> Vec<(String, String)> {
    let lines = backend.stop().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let is_of_report =
        |line: &&Value| line["message"].as_str().is_some_and(|text| text.contains("leaves RUM off"));
    let own = lines.iter().filter(|line| line["plugin"] == "rum" || is_of_report(line));
    let own = own.filter(|line| line["message"].as_str().is_some_and(|text| !text.starts_with("Plugin ")));
    own.map(|line| (text(&line["level"]), text(&line["message"]))).collect()
}

#[tokio::test]
async fn rum_1_where_nobody_asks_for_it_nothing_is_said_and_nothing_served() {
    let told = told(json!({})).await;
    assert_eq!(told, []);
    let backend = TestBackend::new().add(rum()).start().await.unwrap();
    assert_eq!(backend.get("/api/rum/sdk/7.16.2/datadog-rum.js").await.status, 404);
}

#[tokio::test]
async fn rum_6_a_wrong_value_is_one_error_line_and_the_backend_runs() {
    let wrong =
        json!({"app": {"datadogRum": {"clientToken": TOKEN, "applicationId": ID, "site": "https://x"}}});
    let told = told(wrong).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "error");
    assert!(
        told[0].1.starts_with("A start with this config leaves RUM off: app.datadogRum.site is no site"),
        "{told:?}"
    );
}

#[tokio::test]
async fn one_line_says_where_events_go() {
    let dir = tempfile::tempdir().unwrap();
    let told = async |config: Value| told_by(portal(dir.path(), TEMPLATE, config).await).await;
    let mut direct = config(&json!({"mode": "auto", "sdk": "cdn"}));
    let one = told(direct.clone()).await;
    assert_eq!(one.len(), 1, "{one:?}");
    assert!(one[0].1.starts_with("Browsers send events to browser-intake-datadoghq.eu directly"), "{one:?}");

    direct["greenroom"]["rum"]["mode"] = "forward".into();
    let one = told(direct).await;
    assert_eq!(one.len(), 1, "{one:?}");
    assert!(one[0].1.contains(" through this backend: "), "{one:?}");
}

#[tokio::test]
async fn where_no_page_has_the_scripts_that_alone_is_said_whether_the_sdk_is_there_or_not() {
    for sdk in ["cdn", "./not-there"] {
        let none = told(config(&json!({"sdk": sdk}))).await;
        assert_eq!(none.len(), 1, "{none:?}");
        assert_eq!(none[0].0, "warn");
        assert_eq!(
            none[0].1,
            "No browser sends events, because no page of this backend has the scripts for it: it serves no front end"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let mut as_built = config(&json!({"sdk": "cdn"}));
    as_built["app"]["disableConfigInjection"] = true.into();
    std::fs::create_dir_all(dir.path().join("dist")).unwrap();
    std::fs::write(dir.path().join("dist/index.html"), TEMPLATE).unwrap();
    let one = told_by(portal(dir.path(), TEMPLATE, as_built).await).await;
    assert_eq!(one.len(), 1, "{one:?}");
    assert!(
        one[0].1.contains("served as it was built (app.disableConfigInjection: true) (mock-config"),
        "{one:?}"
    );
}
