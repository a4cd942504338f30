//! Where the page is.

use axum::{Router, routing::get};
use greenroom::prelude::*;
use greenroom_plugin_app::app;
use greenroom_plugin_demo::demo;
use greenroom_plugin_observatory_node::Sections;
use greenroom_test::TestBackend;
use serde_json::json;

use crate::support::start;

const MARK: &str = "Press a button";

#[tokio::test]
async fn without_an_app_it_is_at_the_root_and_nothing_below_is() {
    let backend = start().await;
    for path in ["/", "/demo", "/demo/", "/DEMO"] {
        assert!(backend.get(path).await.text().contains(MARK), "{path}");
    }
    let nothing = backend.get("/nothing").await;
    assert_eq!((nothing.status.as_u16(), nothing.text().as_str()), (404, ""));
}

#[tokio::test]
async fn with_an_app_the_root_is_the_apps() {
    let dist = tempfile::tempdir().unwrap();
    std::fs::write(dist.path().join("index.html.tmpl"), "<html><head><title>Portal</title></head></html>")
        .unwrap();
    let config = json!({"greenroom": {"demo": true, "app": {"dist": dist.path()}}});
    let backend = TestBackend::new().config(config).add(app()).add(demo()).start().await.unwrap();
    assert!(backend.get("/").await.text().contains("Portal"));
    assert!(backend.get("/demo").await.text().contains(MARK));
}

#[tokio::test]
async fn an_app_of_which_there_is_no_bundle_has_no_root() {
    let config = json!({"greenroom": {"demo": true}});
    let backend = TestBackend::new().config(config).add(app()).add(demo()).start().await.unwrap();
    assert!(backend.get("/").await.text().contains(MARK));
}

#[tokio::test]
async fn who_has_the_root_keeps_it() {
    let other = plugin("other", |env| {
        env.register_init(async |http: RootHttpRouter| {
            http.fallback(Router::new().route("/", get(async || "the other's")))
        });
    });
    let backend = crate::support::backend().add(other).start().await.unwrap();
    assert_eq!(backend.get("/").await.text(), "the other's");
    assert!(backend.get("/demo").await.text().contains(MARK));
    let told = |line: &serde_json::Value| line["plugin"] == "demo" && line["level"] == "info";
    assert!(backend.await_log(told).await["message"].as_str().unwrap().contains("/demo alone"));
}

#[tokio::test]
async fn where_the_demo_is_off_there_is_none_of_it() {
    for config in [json!({}), json!({"greenroom": {"demo": false}})] {
        let backend = TestBackend::new().config(config).add(demo()).start().await.unwrap();
        for path in ["/", "/demo", "/api/demo/fail"] {
            assert_eq!(backend.get(path).await.status, 404, "{path}");
        }
        assert!(!backend.get("/.backstage/health/v1/readiness?verbose").await.text().contains("demo"));
        assert!(backend.service::<Sections>().await.unwrap().list().is_empty());
    }
}

#[tokio::test]
async fn the_pages_for_operators_lead_to_it_where_they_are_beside_it() {
    for (ops, places) in [(json!({}), &["/demo"][..]), (json!({"listen": "127.0.0.1:0"}), &[])] {
        let config = json!({"greenroom": {"demo": true, "ops": ops}});
        let backend = TestBackend::new().config(config).add(demo()).start().await.unwrap();
        let sections = backend.service::<Sections>().await.unwrap().list();
        assert_eq!(sections.iter().map(|section| section.href).collect::<Vec<_>>(), places);
    }
}
