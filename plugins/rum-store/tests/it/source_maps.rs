//! Sources of the app that this backend serves.

use std::fs;

use greenroom::prelude::Logger;
use greenroom_plugin_app::app;
use greenroom_plugin_app_node::SourceMaps;
use greenroom_plugin_rum_store::{route::Routes, source_maps::Symbolicator, stack::Stack};
use greenroom_test::TestBackend;
use serde_json::json;

const SCRIPT: &str = include_str!("../fixtures/source-map/app.min.js");
const MAP: &str = include_str!("../fixtures/source-map/app.min.js.map");

#[tokio::test]
async fn rum_72_the_maps_beside_the_scripts_of_the_app_are_used_and_served_to_nobody() {
    let dist = tempfile::tempdir().unwrap();
    fs::create_dir(dist.path().join("static")).unwrap();
    for (name, text) in [
        ("index.html.tmpl", "<html><head></head></html>"),
        ("static/app.min.js", SCRIPT),
        ("static/app.min.js.map", MAP),
    ] {
        fs::write(dist.path().join(name), text).unwrap();
    }
    let config = json!({
        "app": {"baseUrl": "https://portal.example.com/portal"},
        "greenroom": {"app": {"dist": dist.path()}},
    });
    let backend = TestBackend::new().config(config).add(app()).start().await.unwrap();
    assert_eq!(backend.get("/static/app.min.js").await.status, 200);
    assert_eq!(backend.get("/static/app.min.js.map").await.status, 404);
    let maps: SourceMaps = backend.service().await.unwrap();
    let symbolicator =
        Symbolicator::new(maps, Routes::new(["https://portal.example.com/portal"]), Logger::noop());
    let text =
        "CatalogError: x\n  at <anonymous> @ https://portal.example.com/portal/static/app.min.js:1:509";
    let resolved = symbolicator.resolve(&Stack::parse(text)).await;
    let original = resolved[0].original.as_ref().unwrap();
    assert_eq!((original.source.as_str(), original.line, original.column), ("app.src.js", 5, 39));
}
