//! Which bundle is served, and what is said of it.

use std::{fs, os::unix::fs::symlink, path::Path};

use greenroom::{config::ConfigOptions, prelude::RootConfig};
use greenroom_plugin_app::app;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

use crate::support::{Dist, is_page};

/// A directory with this text as its `app-config.yaml`.
fn config(dir: &Path, text: &str) -> RootConfig {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("app-config.yaml"), text).unwrap();
    let args = ["--config", "app-config.yaml"].map(str::to_owned).to_vec();
    RootConfig::load(&ConfigOptions { args, cwd: dir.to_owned(), ..Default::default() }).unwrap()
}

async fn started(config: RootConfig) -> RunningTestBackend {
    TestBackend::new().config(config).add(app()).start().await.unwrap()
}

async fn refused(config: RootConfig) -> String {
    TestBackend::new().config(config).add(app()).start().await.err().unwrap().to_string()
}

/// The messages of the plugin's own lines.
fn told(backend: &RunningTestBackend) -> Vec<String> {
    let lines = backend.logs();
    let own = lines.iter().filter(|line| line["plugin"] == "app" && line["level"] != "debug");
    own.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}

fn package(dir: &Path, name: &str) {
    fs::create_dir_all(dir.join("dist")).unwrap();
    fs::write(dir.join("package.json"), json!({"name": name}).to_string()).unwrap();
    fs::write(dir.join("dist/index.html.tmpl"), format!("<head></head>{name}")).unwrap();
}

#[tokio::test]
async fn app_20_the_package_is_found_as_node_finds_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("repo");
    let backend_dir = root.join("packages/backend");
    package(&root.join("packages/app"), "app");
    package(&root.join("node_modules/@ours/portal"), "@ours/portal");
    symlink("../packages/app", root.join("node_modules/app")).unwrap();
    let served = async |config| started(config).await.get("/catalog").await.text();
    assert!(served(config(&root, "app: {title: x}")).await.ends_with("</head>app"));
    assert!(served(config(&backend_dir, "app: {title: x}")).await.ends_with("</head>app"));
    assert!(
        served(config(&root, "app: {packageName: '@ours/portal'}")).await.ends_with("</head>@ours/portal")
    );
    // A workspace that is not installed yet.
    fs::remove_dir_all(root.join("node_modules")).unwrap();
    fs::write(root.join("package.json"), r#"{"workspaces": ["packages/*"]}"#).unwrap();
    assert!(served(config(&backend_dir, "app: {title: x}")).await.ends_with("</head>app"));
}

#[tokio::test]
async fn a_directory_that_is_named_goes_before_the_package() {
    let dist = Dist::new();
    package(&dist.beside().join("node_modules/app"), "app");
    let backend =
        started(config(dist.beside(), "greenroom: {app: {dist: ./dist}, logger: {format: backstage}}")).await;
    assert!(is_page(&backend.get("/").await) && !backend.get("/").await.text().ends_with("app"));
    assert_eq!(
        told(&backend),
        [format!("Serving static app content from {}", dist.path().canonicalize().unwrap().display())]
    );
    let line = backend.await_log(|line| line["files"] == 4).await;
    assert!(line["bytes"].as_u64() > Some(6300) && line["ms"].is_u64(), "{line}");
}

#[tokio::test]
async fn without_a_bundle_the_backend_starts_and_says_where_it_looked() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let place = root.display().to_string();
    let backend = started(config(&root, "app: {baseUrl: 'http://localhost:3000'}")).await;
    for path in ["/", "/catalog", "/api/app/static/main.js"] {
        let nothing = backend.get(path).without_credentials().await;
        assert_eq!((nothing.status.as_u16(), nothing.body.len()), (404, 0), "{path}");
    }
    let looked = format!("there is no package 'app' in the node_modules or workspaces of {place}");
    assert_eq!(told(&backend), [format!("No front end is served: {looked}")]);

    package(&root.join("node_modules/app"), "app");
    fs::remove_dir_all(root.join("node_modules/app/dist")).unwrap();
    let backend = started(config(&root, "app: {baseUrl: 'http://localhost:3000'}")).await;
    assert_eq!(
        told(&backend),
        [format!("No front end is served: there is no {place}/node_modules/app/dist")]
    );
}

#[tokio::test]
async fn a_bundle_that_is_asked_for_and_missing_fails_the_start_at_its_place() {
    let dir = tempfile::tempdir().unwrap();
    for (text, why, place) in [
        (
            "greenroom:\n  app: {dist: nowhere}\n",
            "nowhere: No such file or directory",
            "app-config.yaml:2:15",
        ),
        (
            "greenroom:\n  app: {dist: app-config.yaml}\n",
            "app-config.yaml is no directory",
            "app-config.yaml:2:15",
        ),
        ("greenroom:\n  plugins:\n    app: true\n", "there is no package 'app'", "app-config.yaml:3:10"),
    ] {
        let refused = refused(config(dir.path(), text)).await;
        assert!(refused.contains("There is no front end to serve: ") && refused.contains(why), "{refused}");
        assert!(refused.contains(place) && refused.contains("yarn workspace app build"), "{refused}");
    }
}

/// As containers name it.
#[tokio::test]
async fn a_bundle_that_a_variable_names_and_that_is_missing_is_told_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app-config.yaml"), "app: {title: x}\n").unwrap();
    let (named, env) = (dir.path().join("Portal_v2/dist"), "APP_CONFIG_greenroom_app_dist".to_owned());
    let options = ConfigOptions {
        cwd: dir.path().to_owned(),
        env: [(env, named.display().to_string())].into_iter().collect(),
        ..ConfigOptions::default()
    };
    let refused = refused(RootConfig::load(&options).unwrap()).await;
    assert!(refused.contains(&format!("{}: No such file", named.display())), "{refused}");
}

#[tokio::test]
async fn a_public_entry_point_is_told_and_not_used() {
    let dist = Dist::new();
    dist.write("public/index.html.tmpl", "<head></head>").write("public/index.html", "public");
    let backend = dist.start().await;
    assert!(is_page(&backend.get("/").await));
    let said = "The app has a public entry point, which is not used: everybody gets the main one, as with \
                app.disablePublicEntryPoint: true";
    backend.await_log(|line| line["level"] == "info" && line["message"] == said).await;
    let silent = dist.backend(&json!({"app": {"disablePublicEntryPoint": true}})).start().await.unwrap();
    assert!(silent.stop().await.iter().all(|line| line["message"] != said));
}
