//! `greenroom.demo`: the token in a file.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use greenroom_page::{Program, Request, Server};
use tokio::time::{sleep, timeout};

fn demo() -> Program {
    Program::greenroom().config("greenroom: {demo: true, plugins: {tasks: true}}\n")
}

/// The file, which is there once the start is told: readiness may be a moment earlier.
async fn header_file(server: &Server) -> PathBuf {
    let file = server.directory().join(".greenroom/demo.header");
    let is_there = async {
        while !file.exists() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), is_there).await.expect("the file");
    file
}

#[tokio::test]
async fn the_header_file_opens_the_tasks_and_is_its_owners_alone() {
    let server = demo().start().await;
    let file = header_file(&server).await;
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let words = ["-H", "@.greenroom/demo.header", "-X", "POST", "http://localhost/api/tasks/task/1/queue"];
    let request = Request::of_curl(&words.map(str::to_owned), server.directory()).expect("a request");
    assert!((200..300).contains(&server.send(&request).await.status));
    server.line("Queueing this task.").await;
}

#[tokio::test]
async fn the_token_is_never_in_the_log() {
    let server = demo().env("LOG_LEVEL", "debug").start().await;
    let header = fs::read_to_string(header_file(&server).await).expect("the file");
    let token = header.trim().strip_prefix("Authorization: Bearer ").expect("a header line").to_owned();
    assert_eq!(token.len(), 64);
    server.get(&format!("/healthcheck?mistake={token}")).await;
    server.get(&format!("/nowhere/{token}")).await;
    server.line("/nowhere/***").await;
    let ended = server.stop().await;
    assert!(!ended.stdout.contains(&token) && !ended.stderr.contains(&token), "{}", ended.stdout);
}

#[tokio::test]
async fn backends_of_different_directories_have_different_tokens() {
    let read = |directory: &std::path::Path| fs::read_to_string(directory.join(".greenroom/demo.header"));
    let (one, two) = (demo().start().await, demo().start().await);
    assert_ne!(read(one.directory()).expect("a file"), read(two.directory()).expect("a file"));
}

#[tokio::test]
async fn a_second_start_that_finds_the_port_taken_leaves_the_first_ones_header() {
    let first = demo().start().await;
    let file = first.directory().join(".greenroom/demo.header");
    // As a start would not write it.
    let header = "the first one's";
    fs::write(&file, header).expect("the file");
    let config =
        format!("greenroom: {{demo: true, dataDir: {}}}\n", first.directory().join(".greenroom").display());
    let second = Program::greenroom().config(&config);
    let listen = format!("127.0.0.1:{}", first.port());
    let ended = second.env("APP_CONFIG_backend_listen", &listen).run().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is taken"), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).expect("the file"), header);
    let names = fs::read_dir(file.parent().expect("a directory")).expect("a directory");
    let left: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("demo.header.")), "{left:?}");
}
