use greenroom_core::decorate;
use greenroom_defaults::create_backend_in;
use greenroom_http::{HttpSettings, Listen};
use greenroom_log_store::{LineQuery, LogStore};
use greenroom_logging::RootLogger;

use crate::support::{production, surroundings, written};

/// The store of a backend with this config, by its own root logger; or why it did not start.
async fn started(yaml: &str) -> Result<(LogStore, greenroom_core::Running), String> {
    let dir = tempfile::tempdir().unwrap();
    let backend = create_backend_in(surroundings(written(dir.path(), yaml, &[]), production("backstage")))
        .add(decorate(async |settings: HttpSettings| {
            let listen = Listen::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
            Ok(HttpSettings { listen, ..settings })
        }));
    let running = backend.start().await.map_err(|error| error.to_string())?;
    Ok((running.service::<LogStore>().await.unwrap(), running))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_default_logger_writes_is_kept_and_masked() {
    let yaml = "backend: {auth: {keys: [{secret: rootHttpRouter-canary}]}}\n";
    let (store, running) = started(yaml).await.unwrap();
    running.service::<RootLogger>().await.unwrap().info("The secret is rootHttpRouter-canary");
    let lines = store.lines(&LineQuery { limit: 1_000, ..LineQuery::default() }).lines;
    let said = |text: &str| lines.iter().any(|line| line.message.contains(text));
    assert!(said("Listening on 127.0.0.1:") && said("The secret is ***"), "{lines:#?}");
    assert!(!format!("{lines:?}").contains("canary"), "{lines:#?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_switched_off_by_the_config_and_a_size_that_is_none_is_pointed_at() {
    let (store, running) = started("greenroom: {logStore: {bytes: 0}}\n").await.unwrap();
    assert!(!store.is_on() && store.lines(&LineQuery::default()).lines.is_empty());
    running.stop().await;
    let refused = started("greenroom: {logStore: {bytes: 4096}}\n").await.err().unwrap();
    assert!(refused.contains("greenroom.logStore.bytes is 4096, expected at least 1048576"), "{refused}");
}
