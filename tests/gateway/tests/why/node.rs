//! A Node backend alone, seen from outside and by its log.

use std::{fs, io::Write};

use greenroom_conformance::{backend::Backend, scenarios::READINESS, version::Version};
use greenroom_gateway_tests::{Setup, in_time, says};
use rustix::process::Signal;
use tempfile::NamedTempFile;

use crate::{
    cluster::Cluster,
    told::{Told, at, why},
};

fn setup(features: &str) -> Setup {
    Setup::new(Version::newest()).features(features)
}

/// What it has printed, in a file.
fn log(of: &Backend) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(of.output().as_bytes()).expect("it is written");
    file
}

async fn by_log(of: &Backend) -> Told {
    let file = log(of);
    why(&["--log", file.path().to_str().expect("a path")], None).await
}

/// Waits until it listens, ready or not.
async fn listens(node: &Backend) {
    in_time("that it listens", async {
        while tokio::net::TcpStream::connect(("127.0.0.1", node.port())).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn why_3_a_plugin_that_holds_the_start_of_node_is_named() {
    let node = setup("healthcheck,slow").env("SLOW_MS", "60000").node_alone_now();
    says(&node, "Plugin initialization in progress").await;
    listens(&node).await;
    let told = why(&[&at(node.port()), "--plugin", "slow"], None).await;
    told.names(1, "startWaits", &["has not started: the plugin 'slow' is not up", "which hits everybody"]);
    by_log(&node).await.names(1, "startWaits", &["waits for the plugin 'slow'", "since"]);
}

#[tokio::test]
async fn why_3_a_plugin_of_node_that_fails_is_named_and_its_log_says_why() {
    let may = "backend: {startup: {plugins: {unstartable: {onPluginBootFailure: continue}}}}";
    let node = setup("healthcheck,gw,unstartable").config(may).node_alone().await;
    let url = at(node.port());
    why(&[&url, "--plugin", "unstartable"], None).await.names(
        1,
        "pluginNotStarted",
        &["is ready, and the plugin 'unstartable' has not started", "/api/unstartable"],
    );
    let file = log(&node);
    let told = why(&[&url, "--log", file.path().to_str().expect("a path")], None).await;
    told.names(1, "pluginFailed", &["without plugin 'unstartable': no key of ours", "since"]);

    let node = setup("healthcheck,gw,unstartable").node_alone_now();
    says(&node, "Backend startup failed").await;
    by_log(&node).await.names(
        1,
        "startFailed",
        &["because of plugin 'unstartable': no key of ours", "onPluginBootFailure"],
    );
}

#[tokio::test]
async fn why_3_a_port_that_is_taken_is_told_by_the_log() {
    let first = setup("healthcheck").node_alone().await;
    let second = setup("healthcheck").node_at(first.port());
    says(&second, "EADDRINUSE").await;
    in_time("all lines", async {
        while fs::read_to_string(log(&second).path()).unwrap_or_default().lines().count() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    let told = by_log(&second).await;
    told.names(1, "portTaken", &["its port is taken", "EADDRINUSE"]);
}

#[tokio::test]
async fn why_4_a_node_that_is_stopped_or_shuts_down_is_told() {
    let delay = "backend: {lifecycle: {serverShutdownDelay: 30s}}";
    let node = setup("healthcheck,gw").config(delay).node_alone().await;
    node.signal(Signal::STOP).expect("it runs");
    why(&[&at(node.port())], None).await.names(
        3,
        "noAnswer",
        &["its process is stopped, or its event loop stands still"],
    );
    node.signal(Signal::CONT).expect("it runs");
    node.await_status(READINESS, 200).await.expect("it goes on");
    node.terminate().expect("it runs");
    node.await_status(READINESS, 503).await.expect("it stops");
    why(&[&at(node.port())], None).await.names(1, "shuttingDown", &["is shutting down"]);
}

#[tokio::test]
async fn why_5_a_database_that_is_down_is_told_with_its_address_behind_a_node_that_runs() {
    let cluster = Cluster::start();
    let config = format!(
        "backend: {{auth: {{pluginKeyStore: {{type: database}}}}, \
         database: {{client: pg, connection: 'postgresql://admin:secret@127.0.0.1:{}/postgres'}}}}",
        cluster.port
    );
    let node = setup("healthcheck,gw").config(&config).node_alone().await;
    let url = at(node.port());
    let keys = "/api/gw/.backstage/auth/v1/jwks.json";
    node.await_status(keys, 200).await.expect("it has a database");
    let well = why(&[&url, "--plugin", "gw"], None).await;
    assert_eq!(well.code, Some(0), "{well:?}");
    cluster.pause();
    why(&[&url, "--plugin", "gw"], None).await.names(
        1,
        "databaseHangs",
        &["The plugin 'gw' answers", "pg_stat_activity"],
    );
    cluster.resume();
    cluster.stop();
    node.await_status(keys, 500).await.expect("it has none");
    let told = why(&[&url, "--plugin", "gw"], None).await;
    told.names(1, "databaseDown", &["the plugin 'gw'", "start the database"]);
    assert!(!told.text.contains("secret"), "{}", told.text);
}
