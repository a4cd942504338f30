use std::{fs, sync::mpsc, time::Duration};

use greenroom_config::{ConfigOptions, DataDir, RootConfig};
use greenroom_core::service;
use greenroom_defaults::{ConfigFrom, Surroundings, create_backend_in};
use greenroom_logging::{Emitted, LogEnvironment, LoggerOptions, RootLogger, Sink, info};
use serde_json::Value;

/// Sends each line to who waits for it.
struct Told(mpsc::Sender<Value>);

impl Sink for Told {
    fn emit(&self, emitted: &Emitted<'_>) {
        let _ = self.0.send(serde_json::from_slice(emitted.line()).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_31_the_log_follows_the_config_and_tells_of_a_broken_edit_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app-config.yaml");
    let text = |token: &str| format!("backend:\n  listen: 127.0.0.1:0\n  cache: {{connection: '{token}'}}\n");
    fs::write(&file, text("first-secret")).unwrap();
    let options = ConfigOptions { cwd: dir.path().to_owned(), watch: true, ..ConfigOptions::default() };
    let (tell, lines) = mpsc::channel();
    let log = LogEnvironment {
        log_format: Some("node".into()),
        node_env: Some("production".into()),
        ..Default::default()
    };
    let surroundings = Surroundings {
        config: ConfigFrom::Options(options),
        log: log.clone(),
        state: DataDir::default(),
        is_process: false,
        found: vec![],
    };
    let running = create_backend_in(surroundings)
        .add(service(async move |config: RootConfig| {
            let options = LoggerOptions::from_config(&config, &log)?;
            Ok(RootLogger::builder().options(options).sink(Told(tell.clone())).build())
        }))
        .start()
        .await
        .unwrap();
    let logger = running.service::<RootLogger>().await.unwrap();
    let until = |wanted: &str| loop {
        let line = lines.recv_timeout(Duration::from_secs(30)).unwrap();
        if line["message"].as_str().unwrap().contains(wanted) {
            return line;
        }
    };

    fs::write(&file, "backend: [1\n").unwrap();
    let broken = until("Failed to reload config");
    assert_eq!(broken["level"], "error");
    assert!(broken["message"].as_str().unwrap().contains("(app-config.yaml:2:1)"), "{broken}");

    fs::write(&file, text("second-secret")).unwrap();
    until("new secrets in config");
    // The line above is written before the secrets are in force.
    loop {
        info!(logger, "is it second-secret or first-secret");
        let line = until("is it");
        if line["message"] == "is it *** or ***" {
            break;
        }
    }
    running.stop().await;
}
