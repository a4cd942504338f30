//! Errors of scripts whose source maps are there.

use greenroom::prelude::Logger;
use greenroom_plugin_app_node::{SourceMapFile, SourceMaps};
use greenroom_plugin_rum_store::{route::Routes, source_maps::Symbolicator};

use crate::rules::support::{TestStore, visit};

const MAP: &[u8] = include_bytes!("../fixtures/source-map/app.min.js.map");

#[tokio::test]
async fn rum_87_an_error_is_of_the_group_of_its_place_in_the_sources() {
    let maps = SourceMaps::default();
    let file = SourceMapFile::new("static/app.min.js.map", || Ok(MAP.to_vec()));
    maps.provide(move |path| (path == "/app.min.js").then(|| file.clone()));
    let sources = Symbolicator::new(maps, Routes::new(["http://127.0.0.1:17200"]), Logger::noop());
    let groups = "select type, culprit, fingerprint from rum_error_group where type = 'CatalogError'";
    let (built, written) = (TestStore::open().await, TestStore::open().await);
    for sent in visit("v7-string-proxy") {
        built.keep(&sent).await;
        written.store.keep(sent.batch().located(&sources).await).await.unwrap();
    }
    let [built, written] = [built.rows(groups).await, written.rows::<(String, String, String)>(groups).await];
    assert!(built.len() == 1 && written.len() == 1 && built[0].2 != written[0].2, "{built:?} {written:?}");
    assert!(
        built[0].1.starts_with("app.min.js") && written[0].1.starts_with("app.src.js"),
        "{built:?} {written:?}"
    );
}
