//! What the doctor says of a running Greenroom, and what that tells it.

use std::{fs, path::Path};

use greenroom_plugin_app::app;
use greenroom_plugin_rum::{rum, rum_page};
use greenroom_test::{RunningTestBackend, TestBackend, mock_credentials};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Names, config, lay_out, of_two_origins, service_token, told};
use crate::support::{FakeIntake, Recorded, TEMPLATE, TOKEN, portal};

const SESSION: &str = "_dd_s_v2=aid=1&id=0b7a4f4e-1111-4222-8333-444444444444&created=1&expire=2&c=1";

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
    assert!(
        text.contains("warning: The backend runs with another config than this one: app.datadogRum.env ("),
        "{text}"
    );

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
async fn rum_48_calls_across_origins_are_asked_for_as_browsers_ask() {
    let dir = tempfile::tempdir().unwrap();
    let (config, portal) = of_two_origins(dir.path()).await;
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
async fn rum_48_of_a_running_backend_whose_config_switches_rum_off_the_config_says_why() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let mut config = config(dir.path(), &json!({}));
    config["app"]["datadogRum"]["site"] = "https://x".into();
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
    let url = portal.url();
    let text = told(&config, dir.path(), Some(&url), None, Names::new(None)).await.text();
    assert!(text.starts_with("Browser events do not arrive: a value of the config is wrong"), "{text}");
    assert!(text.contains("error: app.datadogRum.site is no site of Datadog"), "{text}");
    assert!(text.contains("note: The page loads neither Datadog's SDK nor the script"), "{text}");
}

#[tokio::test]
async fn rum_48_what_runs_and_what_the_file_says_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let config = config(dir.path(), &json!({}));
    let portal = portal(dir.path(), TEMPLATE, config.clone()).await;
    let url = portal.url();
    let after = async |edit: &dyn Fn(&mut Value)| {
        let mut config = config.clone();
        edit(&mut config);
        told(&config, dir.path(), Some(&url), None, Names::new(None)).await
    };
    let off = after(&|config| config["greenroom"]["rum"]["mode"] = "off".into()).await;
    let text = off.text();
    assert_eq!(off.exit_code(), 0, "{text}");
    for said in [
        "warning: From the next start on: RUM is off, because greenroom.rum.mode says so",
        "note: RUM is on in the running backend: browsers send events to browser-intake-datadoghq.eu directly, of 100 of a \
         hundred sessions",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let wrong = after(&|config| config["app"]["datadogRum"]["site"] = "https://x".into()).await.text();
    assert!(wrong.contains("warning: From the next start on: app.datadogRum.site is no site"), "{wrong}");
}
