//! Signals before there is a backend.

use std::{process::Command, time::Duration};

use greenroom_page::Program;
use tokio::{fs::OpenOptions, io::AsyncWriteExt, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_start_that_is_told_to_stop_while_it_reads_its_config_ends_in_order() {
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("config");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let server = Program::greenroom().arg("--config").arg(&pipe).spawn();
    // Open once the program reads it.
    let opened = async { OpenOptions::new().write(true).open(&pipe).await.unwrap() };
    let mut writer = timeout(PATIENCE, opened).await.expect("the program reads it");
    server.terminate();
    writer.write_all(b"backend: {listen: '127.0.0.1:0'}\n").await.unwrap();
    writer.shutdown().await.unwrap();
    drop(writer);
    let ended = server.finished().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains("Listening on"), "{ended:?}");
}
