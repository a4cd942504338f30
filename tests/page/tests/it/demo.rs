//! `greenroom.demo`: the token in a file.

use std::{fs, os::unix::fs::PermissionsExt};

use greenroom_page::{Program, Request};

fn demo() -> Program {
    Program::greenroom().config("greenroom: {demo: true, plugins: {tasks: true}}\n")
}

#[tokio::test]
async fn the_header_file_opens_the_tasks_and_is_its_owners_alone() {
    let server = demo().start().await;
    let file = server.directory().join(".greenroom/demo.header");
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let words = ["-H", "@.greenroom/demo.header", "-X", "POST", "http://localhost/api/tasks/task/1/queue"];
    let request = Request::of_curl(&words.map(str::to_owned), server.directory()).expect("a request");
    assert!((200..300).contains(&server.send(&request).await.status));
    server.line("Queueing this task.").await;
}

#[tokio::test]
async fn the_token_is_never_in_the_log() {
    let server = demo().env("LOG_LEVEL", "debug").start().await;
    let header = fs::read_to_string(server.directory().join(".greenroom/demo.header")).expect("the file");
    let token = header.trim().strip_prefix("Authorization: Bearer ").expect("a header line").to_owned();
    assert_eq!(token.len(), 64);
    server.get(&format!("/healthcheck?mistake={token}")).await;
    server.get(&format!("/nowhere/{token}")).await;
    server.line("/nowhere/***").await;
    let ended = server.stop().await;
    assert!(!ended.stdout.contains(&token) && !ended.stderr.contains(&token), "{}", ended.stdout);
}

#[tokio::test]
async fn each_start_makes_another_token() {
    let read = |directory: &std::path::Path| fs::read_to_string(directory.join(".greenroom/demo.header"));
    let (one, two) = (demo().start().await, demo().start().await);
    assert_ne!(read(one.directory()).expect("a file"), read(two.directory()).expect("a file"));
}
