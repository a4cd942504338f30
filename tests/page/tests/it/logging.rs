//! Log lines: plugin and child fields, formats, metadata.

use std::collections::BTreeSet;

use greenroom_page::{Program, Request, Server};
use serde_json::Value;

const TASKS: &str = "backend: {auth: {externalAccess: [{type: static, options: {token: page-test-token, subject: tests}}]}}\n\
                     greenroom:\n  plugins: {tasks: true}\n";

fn greenroom() -> Program {
    Program::greenroom().config(TASKS)
}

async fn queue(server: &Server, task: &str) {
    let request = Request::new("POST", &format!("/api/tasks/task/{task}/queue"));
    let answer = server.send(&request.header("Authorization: Bearer page-test-token")).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
}

fn keys(line: &Value) -> BTreeSet<&str> {
    line.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

#[tokio::test]
async fn a_plugins_lines_carry_its_id_and_a_childs_lines_the_task() {
    let server = greenroom().env("NODE_ENV", "production").start().await;
    queue(&server, "7").await;
    let line = server.json_line("Queueing this task.").await;
    assert_eq!(line["plugin"], "tasks");
    assert_eq!(line["task"], "7");
    assert_eq!(line["level"], "info");
}

#[tokio::test]
async fn both_messages_of_the_page_are_logged_in_order() {
    let server = greenroom().env("NODE_ENV", "production").start().await;
    queue(&server, "7").await;
    let results = Request::new("GET", "/api/tasks/task/7/results");
    let answer = server.send(&results.header("Authorization: Bearer page-test-token")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server.line("Getting the results of this task.").await;
    let log = server.log().join("\n");
    assert!(log.find("Queueing this task.") < log.find("Getting the results of this task."), "{log}");
}

#[tokio::test]
async fn production_prints_json_with_the_service_on_stdout_and_nothing_else() {
    let server = greenroom().env("NODE_ENV", "production").start().await;
    queue(&server, "7").await;
    server.line("Queueing this task.").await;
    let ended = server.stop().await;
    for line in ended.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["timestamp"].is_string(), "{line}");
        assert!(
            ["backstage", "rootHttpRouter", "ops"].contains(&line["service"].as_str().unwrap_or("none")),
            "{line}"
        );
    }
    assert!(ended.stdout.contains(r#""service":"backstage""#));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn the_format_node_has_nodes_fields_and_no_more() {
    let server = greenroom().env("NODE_ENV", "production").env("LOG_FORMAT", "node").start().await;
    queue(&server, "7").await;
    let line = server.json_line("Queueing this task.").await;
    assert_eq!(keys(&line), BTreeSet::from(["level", "message", "plugin", "service", "task", "timestamp"]));
}

#[tokio::test]
async fn without_node_env_a_pipe_gets_the_development_line_without_colours() {
    let server = greenroom().start().await;
    queue(&server, "7").await;
    let line = server.line("Queueing this task.").await;
    let (time, rest) = line.split_once(' ').expect("a time");
    assert!(time.ends_with('Z'), "{line}");
    assert!(rest.starts_with("tasks info Queueing this task. "), "{line}");
    assert!(rest.contains(r#"task="7""#), "{line}");
    assert!(!server.log().join("").contains('\u{1b}'));
}

#[tokio::test]
async fn config_chooses_the_format_and_the_variable_wins() {
    let config = format!("{TASKS}  logger: {{format: backstage}}\n");
    let json = Program::greenroom().config(&config).start().await;
    assert!(json.json_line("Listening on").await["timestamp"].is_string());
    let pretty = Program::greenroom().config(&config).env("LOG_FORMAT", "pretty").start().await;
    assert!(pretty.line("Listening on").await.contains(" rootHttpRouter info Listening on "));
}

#[tokio::test]
async fn metadata_of_the_config_is_on_every_line() {
    let server = Program::greenroom()
        .config("backend: {logger: {meta: {region: eu-1}}}\n")
        .env("NODE_ENV", "production")
        .start()
        .await;
    let ended = server.stop().await;
    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() > 3 && lines.iter().all(|line| line["region"] == "eu-1"), "{}", ended.stdout);
}

#[tokio::test]
async fn the_level_comes_from_config_and_the_variable_wins() {
    let config = "backend: {logger: {level: warn}}\n";
    let debug = Program::greenroom().config(config).env("LOG_LEVEL", "debug").start().await;
    debug.line("Backend is ready").await;
    let refused = Program::greenroom().config(config).env("APP_CONFIG_backend_listen", "host:x").run().await;
    assert_eq!(refused.code, Some(1));
    assert!(!refused.stdout.contains(" info "), "{refused:?}");
}
