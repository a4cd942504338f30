//! Modules without their plugin, and extension points given by the test.

use std::sync::{Arc, Mutex};

use greenroom::{core::feature_loader, prelude::*};
use greenroom_test::TestBackend;

#[derive(Clone, Default)]
struct Providers(Arc<Mutex<Vec<&'static str>>>);

impl Service for Providers {
    const ID: &'static str = "catalog.providers";
    type Scope = scope::Extension;
}

#[derive(Clone, Default)]
struct Processors(Arc<Mutex<Vec<&'static str>>>);

impl Service for Processors {
    const ID: &'static str = "catalog.processors";
    type Scope = scope::Extension;
}

#[tokio::test]
async fn plugin_113_a_module_without_its_plugin_runs() {
    let (ran, runs) = tokio::sync::oneshot::channel();
    let github = module("catalog", "github", |env| {
        env.register_init(async move |me: PluginMetadata| {
            let _ = ran.send(me.id().to_owned());
            Ok(())
        });
    });
    let backend = TestBackend::new().add(github).start().await.unwrap();
    assert_eq!(runs.await.unwrap(), "catalog");
    assert!(backend.result().orphans.is_empty());
}

#[tokio::test]
async fn plugin_113_a_module_whose_plugin_is_added_extends_that_one() {
    let catalog = plugin("catalog", |env| env.register_init(async || Ok(())));
    let github = module("catalog", "github", |env| env.register_init(async || Ok(())));
    let backend = TestBackend::new().add(github).add(catalog).start().await.unwrap();
    let modules: Vec<_> =
        backend.result().plugins[0].modules.iter().map(|module| &*module.module_id).collect();
    assert_eq!(modules, ["github"]);
}

#[tokio::test]
async fn plugin_113_a_plugin_that_a_loader_brings_is_no_orphans_placeholder() {
    let loader = feature_loader(async || {
        let module = module("search", "catalog", |env| env.register_init(async || Ok(())));
        Ok(vec![plugin("catalog", |env| env.register_init(async || Ok(()))).into(), module.into()])
    });
    let github = module("catalog", "github", |env| env.register_init(async || Ok(())));
    let backend = TestBackend::new().add(github).add(loader).start().await.unwrap();
    let mut started: Vec<_> = backend.result().plugins.iter().map(|plugin| &*plugin.plugin_id).collect();
    started.sort_unstable();
    assert_eq!(started, ["catalog", "search"]);
}

#[tokio::test]
async fn extension_points_reach_the_modules_under_test() {
    let (providers, processors) = (Providers::default(), Processors::default());
    let github = module("catalog", "github", |env| {
        env.register_init(async |providers: Providers, processors: Processors| {
            providers.0.lock().unwrap().push("github");
            processors.0.lock().unwrap().push("codeowners");
            Ok(())
        });
    });
    TestBackend::new()
        .add(github)
        .extension_point("catalog", providers.clone())
        .extension_point("catalog", processors.clone())
        .start()
        .await
        .unwrap();
    assert_eq!(*providers.0.lock().unwrap(), ["github"]);
    assert_eq!(*processors.0.lock().unwrap(), ["codeowners"]);
}

#[tokio::test]
async fn a_point_that_nobody_offers_fails_the_start_as_in_production() {
    let github = module("catalog", "github", |env| {
        env.register_init(async |_: Providers| Ok(()));
    });
    let error = TestBackend::new().add(github).start().await.unwrap_err();
    assert!(error.to_string().contains("extensionPoint{catalog.providers}"), "{error}");
}
