use greenroom_core::decorate;
use greenroom_defaults::create_backend_in;
use greenroom_http::{HttpSettings, Listen};
use greenroom_logging::CaptureSink;

use crate::support::{logger_to, production, surroundings, written};

/// What a start warns of, in a log of that format.
async fn warned(format: &str, yaml: &str, env: &[(&str, &str)]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let (log, lines) = (production(format), CaptureSink::new());
    let running = create_backend_in(surroundings(written(dir.path(), yaml, env), log.clone()))
        .add(logger_to(lines.clone(), log))
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
async fn a_start_warns_in_any_format_of_a_key_that_nobody_reads_in_place_of_an_address() {
    for format in ["node", "backstage"] {
        let misspelt = warned(format, "backend: {listen: {adress: 127.0.0.1, port: 7007}}\n", &[]).await;
        assert_eq!(
            misspelt,
            ["nobody reads 'backend.listen.adress', known there are 'host', 'port' \
              (app-config.yaml:1:28): the backend listens on all addresses"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_warns_of_more_connections_than_there_are_descriptors() {
    let yaml = "greenroom: {server: {maxConnections: 4000000000}}\nbackend: {listen: '127.0.0.1:0'}\n";
    let [told] = warned("node", yaml, &[]).await.try_into().unwrap();
    let begin = "greenroom.server.maxConnections is 4000000000, but there are ";
    assert!(told.starts_with(begin) && told.ends_with(" (app-config.yaml:1:38)"), "{told}");
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

/// Words of sentences and keys, one that somebody has quoted, and a longer one that is never told.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_are_words_make_no_sentence_about_a_key_unreadable() {
    let yaml = "
backend:
  listen: 127.0.0.1:0
  auth: {keys: [{secret: secret}, {secret: ordinary}]}
  startup: {default: {onPluginBootFailure: ignore}}
";
    let told = warned("backstage", yaml, &[]).await;
    let short = "the secret 'backend.auth.keys[0].secret' is shorter than 8 characters: ordinary text that holds it is masked \
                 too (app-config.yaml:4:26)";
    assert!(told.contains(&short.replace("ordinary", "***")), "{told:#?}");
    let policy = "backend.startup.default.onPluginBootFailure is 'ignore'";
    assert!(told.iter().any(|line| line.starts_with(policy)), "{told:#?}");
}
