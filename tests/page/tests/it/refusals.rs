//! Starts that are refused: exit code 1, a text that says what to do, no backend.

use std::net::TcpListener;

use greenroom_page::{Finished, Program};

#[track_caller]
fn refused(ended: &Finished, texts: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for text in texts {
        assert!(ended.stderr.contains(text), "no {text:?} in:\n{}", ended.stderr);
    }
}

#[tokio::test]
async fn the_demo_in_production() {
    let program = Program::greenroom().config("greenroom:\n  demo: true\n").env("NODE_ENV", "production");
    let ended = program.env("APP_CONFIG_backend_listen", "127.0.0.1:0").run().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""), "{ended:?}");
    let line: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON line");
    assert_eq!((&line["level"], &line["key"]), (&"error".into(), &"greenroom.demo".into()));
    let message = line["message"].as_str().expect("a message");
    assert!(message.contains("greenroom.demo is on, but NODE_ENV is 'production'"), "{message}");
    assert!(message.ends_with("(app-config.yaml:2:9)"), "{message}");
}

#[tokio::test]
async fn the_demo_off_loopback() {
    let program = Program::greenroom().config("backend: {listen: ':0'}\ngreenroom: {demo: true}\n");
    refused(&program.run().await, &["greenroom.demo is on, but backend.listen is not a loopback address"]);
}

#[tokio::test]
async fn a_taken_port() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let listen = format!("127.0.0.1:{port}");
    let program = Program::greenroom().args("--config app-config.yaml");
    let ended = program.env("APP_CONFIG_backend_listen", &listen).run().await;
    let again = "' greenroom --config app-config.yaml";
    refused(
        &ended,
        &[&format!("port {port} is taken"), "help:", "APP_CONFIG_backend_listen='127.0.0.1:", again],
    );
    let other = ended.stderr.split("listen='127.0.0.1:").nth(1).and_then(|rest| rest.split('\'').next());
    let other: u16 = other.and_then(|port| port.parse().ok()).expect("another port");
    assert_ne!(other, port);
}

#[tokio::test]
async fn a_host_that_nobody_knows() {
    let ended =
        Program::greenroom().config("backend:\n  listen: {host: nosuch.invalid, port: 0}\n").run().await;
    refused(
        &ended,
        &["getaddrinfo ENOTFOUND nosuch.invalid (app-config.yaml:2:18)", "backend.listen.host", "help:"],
    );
}

#[tokio::test]
async fn a_missing_config() {
    let ended = Program::greenroom().without("app-config.yaml").run().await;
    refused(&ended, &["app-config.yaml", "--config <file>"]);
    assert_eq!(ended.stderr.matches("help:").count(), 1, "{ended:?}");
}

#[tokio::test]
async fn a_wrong_value_is_shown_with_its_line() {
    let ended = Program::greenroom().config("backend:\n  logger:\n    level: loud\n").run().await;
    refused(&ended, &["loud", "app-config.yaml:3"]);
}

/// Starts it in production, where nothing but JSON lines is printed: the only one of level error.
async fn error_line(program: Program) -> serde_json::Value {
    let program = program.env("NODE_ENV", "production").env("APP_CONFIG_backend_listen", "127.0.0.1:0");
    let ended = program.run().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let mut errors = lines.filter(|line: &serde_json::Value| line["level"] == "error");
    let (line, more) = (errors.next(), errors.next());
    assert!(more.is_none(), "{ended:?}");
    line.unwrap_or_else(|| panic!("{ended:?}"))
}

#[tokio::test]
async fn what_a_config_reader_refuses_is_logged_with_key_and_place() {
    let line = error_line(Program::greenroom().config("backend:\n  auth:\n    externalAccess: 5\n")).await;
    assert_eq!(
        (&line["key"], &line["place"]),
        (&"backend.auth.externalAccess".into(), &"app-config.yaml:3:21".into())
    );
    assert!(line["message"].as_str().expect("a message").contains("externalAccess"), "{line}");
}

#[tokio::test]
async fn what_a_plugins_reader_refuses_is_logged_with_the_plugin() {
    let config = "greenroom: {plugins: {tasks: true}}\ntasks:\n  workers: many\n";
    let program = Program::greenroom().config(config).env("NODE_ENV", "production");
    let ended = program.env("APP_CONFIG_backend_listen", "127.0.0.1:0").run().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let errors: Vec<serde_json::Value> =
        lines.filter(|line: &serde_json::Value| line["level"] == "error").collect();
    assert!(!errors.is_empty(), "{ended:?}");
    for line in errors {
        assert_eq!(
            (&line["plugin"], &line["key"], &line["place"]),
            (&"tasks".into(), &"tasks.workers".into(), &"app-config.yaml:3:12".into()),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_misspelt_environment_is_told() {
    let server = Program::greenroom().env("BACKSTAGE_ENV", "prodution").start().await;
    let line =
        server.line("BACKSTAGE_ENV names 'prodution', and there is no app-config.prodution.yaml").await;
    assert!(line.contains("warn"), "{line}");
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn an_unknown_option_is_a_usage_error() {
    let ended = Program::greenroom().args("--confg x").run().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--config"), "{ended:?}");
}

#[tokio::test]
async fn each_fault_of_one_plugin_has_a_line_in_the_log_and_its_own_in_what_is_told() {
    let config = "\
backend: {listen: '127.0.0.1:0'}
greenroom: {plugins: {tasks: true}}
tasks:
  timeout: soon
  workers: 0
";
    let ended = Program::greenroom()
        .config(config)
        .env("LOG_FORMAT", "node")
        .env("NODE_ENV", "production")
        .run()
        .await;
    let lines = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line"));
    let lines: Vec<serde_json::Value> = lines.collect();
    let threw: Vec<_> = lines
        .iter()
        .filter_map(|line| line["message"].as_str())
        .filter(|text| text.starts_with("Plugin 'tasks' threw an error during startup"))
        .collect();
    assert!(threw.len() == 2 && threw[0].contains("workers") && threw[1].contains("timeout"), "{threw:?}");
    insta::assert_snapshot!(ended.stderr, @r"
    error: Backend startup failed due to the following errors:
      × Plugin 'tasks': Invalid number 0 in config at 'tasks.workers', expected a whole number from 1 to 256 (app-config.yaml:5:12)
       ╭─[app-config.yaml:5:12]
     5 │   workers: 0
       ·            ─
       ╰────
      × Plugin 'tasks': Invalid duration 'soon' in config at 'tasks.timeout', Error: Not a valid duration string, try a number followed by a unit such as '1d' or '2 seconds' (app-config.yaml:4:12)
       ╭─[app-config.yaml:4:12]
     4 │   timeout: soon
       ·            ────
       ╰────
    ");
}
