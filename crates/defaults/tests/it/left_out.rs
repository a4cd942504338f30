use std::fs;

use greenroom_config::{ConfigOptions, DataDir, RootConfig};
use greenroom_core::{decorate, service};
use greenroom_defaults::{ConfigFrom, Surroundings, create_backend_in};
use greenroom_http::{HttpSettings, Listen};
use greenroom_http_client::ClientEnvironment;
use greenroom_logging::{CaptureSink, LogEnvironment, LoggerOptions, RootLogger};

/// What a start warns of, in a log of that format.
async fn warned(format: &str, yaml: &str, env: &[(&str, &str)]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app-config.yaml"), yaml).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options =
        ConfigOptions { cwd: dir.path().to_owned(), env: env.collect(), ..ConfigOptions::default() };
    let log = LogEnvironment {
        log_format: Some(format.to_owned()),
        node_env: Some("production".to_owned()),
        ..LogEnvironment::default()
    };
    let surroundings = Surroundings {
        config: ConfigFrom::Options(options),
        log: log.clone(),
        state: DataDir::default(),
        calls: ClientEnvironment::default(),
        is_process: false,
        found: vec![],
    };
    let lines = CaptureSink::new();
    let captured = lines.clone();
    let running = create_backend_in(surroundings)
        .add(service(async move |config: RootConfig| {
            let options = LoggerOptions::from_config(&config, &log)?;
            Ok(RootLogger::builder().options(options).sink(captured.clone()).build())
        }))
        .add(decorate(async |settings: HttpSettings| {
            let listen = Listen::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
            Ok(HttpSettings { listen, ..settings })
        }))
        .start()
        .await
        .unwrap();
    running.stop().await;
    let lines = lines.json();
    let warned = lines.iter().filter(|line| line["level"] == "warn");
    warned.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_warns_in_any_format_where_a_variable_without_a_value_opens_it_to_all_addresses() {
    let told = "is not set (app-config.yaml:1:";
    for format in ["node", "backstage"] {
        let port = warned(format, "backend: {listen: '127.0.0.1:${PORT}'}\n", &[]).await;
        assert_eq!(
            port,
            [
                "'backend.listen' is left out, because PORT is not set (app-config.yaml:1:19): the backend listens on all \
              addresses"
            ]
        );
        let host = warned(format, "backend: {listen: {host: '${HOST_ADDR}', port: 7007}}\n", &[]).await;
        assert_eq!(host.len(), 1, "{host:?}");
        assert!(host[0].contains(told) && host[0].ends_with("listens on all addresses"), "{host:?}");
        let set = warned(format, "backend: {listen: '127.0.0.1:${PORT}'}\n", &[("PORT", "7007")]).await;
        assert_eq!(set, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_tells_every_value_that_a_variable_without_a_value_leaves_out() {
    let config = "greenroom: {plugins: {tasks: '${TASKS}'}}\nbackend: {listen: '127.0.0.1:0'}\n";
    assert_eq!(
        warned("backstage", config, &[]).await,
        ["'greenroom.plugins.tasks' is left out, because TASKS is not set (app-config.yaml:1:30)"]
    );
    assert_eq!(warned("node", config, &[]).await, [""; 0]);
}
