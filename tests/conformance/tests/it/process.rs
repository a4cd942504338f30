//! The backend as a process: exit codes, second signals, starts that fail.

use std::{net::TcpListener, process::Stdio};

use greenroom_conformance::{
    backend::{Backend, Launch},
    scenarios::{READINESS, Scenario, Stage},
    transcript::Request,
    wire::Outcome,
};
use tokio::process::Command;

const BINARY: &str = env!("CARGO_BIN_EXE_conformance-backend");

fn scenario(name: &'static str, features: &'static str, config: &'static str) -> Scenario {
    Scenario { name, stage: Stage::One, features, config, env: &[("NODE_ENV", "production")], steps: &[] }
}

/// Runs a backend that ends by itself: its exit code and all that it printed.
async fn ends(features: &str, yaml: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app-config.yaml");
    std::fs::write(&file, yaml).unwrap();
    let output = Command::new(BINARY)
        .arg("--config")
        .arg(&file)
        .env("FEATURES", features)
        .env("NODE_ENV", "production")
        .env("SLOW_MS", "200")
        .env_remove("LOG_LEVEL")
        .env_remove("LOG_FORMAT")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), output).await.unwrap().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

#[tokio::test]
async fn plugin_107_a_failed_start_exits_with_code_1() {
    let (code, printed) = ends("slow,thrower", "backend: {listen: '127.0.0.1:0'}").await;
    assert_eq!(code, Some(1), "{printed}");
    for text in [
        "Plugin 'thrower' threw an error during startup, waiting for 1 other plugins to finish before shutting down the process. init boom",
        r"Unhandled rejection Backend startup failed due to the following errors:\n  Plugin 'thrower' startup failed; caused by Error: init boom",
        r#""name":"BackendStartupError""#,
    ] {
        assert!(printed.contains(text), "{text}\n in {printed}");
    }
}

#[tokio::test]
async fn a_taken_port_fails_the_start_in_nodes_words() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let (code, printed) = ends("tasks", &format!("backend: {{listen: '127.0.0.1:{port}'}}")).await;
    assert_eq!(code, Some(1), "{printed}");
    let text = format!("Unhandled rejection listen EADDRINUSE: address already in use 127.0.0.1:{port}");
    assert!(printed.contains(&text), "{printed}");
    for field in [r#""code":"EADDRINUSE""#, r#""syscall":"listen""#, r#""errno":-98"#] {
        assert!(printed.contains(field), "{field} in {printed}");
    }
}

#[tokio::test]
async fn bad_config_fails_the_start_with_its_place() {
    for (yaml, text) in [
        (
            "backend:\n  listen: 'foo:bar:baz'",
            "Unable to parse listen address foo:bar:baz, expected <port> or <host>:<port>",
        ),
        ("backend:\n  logger:\n    level: loud", "loud"),
        (
            "backend:\n  listen: '127.0.0.1:0'\n  logger:\n    overrides:\n      - matchers: {plugin: tasks}\n        level: loud",
            "Invalid config at backend.logger.overrides[0].level, 'loud' is not a valid logging level, must be one of 'error', 'warn', 'info' or 'debug'.",
        ),
        (
            "backend:\n  listen: '127.0.0.1:0'\n  health:\n    headers: {x: ''}",
            "Invalid header value in at backend.health.headers, must be a non-empty string",
        ),
        ("backend: [1,\nb: {", "app-config.yaml"),
    ] {
        let (code, printed) = ends("tasks", yaml).await;
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains(text), "{text}\n in {printed}");
        assert!(printed.contains("app-config.yaml:"), "no place in {printed}");
    }
}

#[tokio::test]
async fn plugin_104_a_signal_stops_an_idle_backend_with_code_0() {
    let scenario = scenario("idle", "tasks,hooks", "");
    let mut backend = Backend::start(&Launch::new([BINARY]), &scenario).await.unwrap();
    backend.await_status(READINESS, 200).await.unwrap();
    backend.terminate().unwrap();
    assert_eq!(backend.exit().await.unwrap(), Some(0), "{}", backend.output());
    for line in ["HOOK root beforeShutdown end", "HOOK plugin shutdown end", "HOOK root shutdown end"] {
        assert!(backend.output().contains(line), "{line} in {}", backend.output());
    }
}

#[tokio::test]
async fn plugin_105_a_second_signal_forces_the_end() {
    let scenario = scenario("hang", "tasks,hang", "");
    let mut backend = Backend::start(&Launch::new([BINARY]), &scenario).await.unwrap();
    backend.await_status(READINESS, 200).await.unwrap();
    backend.terminate().unwrap();
    backend.await_line("HOOK hanging").await.unwrap();
    backend.await_line("Still stopping").await.unwrap();
    backend.terminate().unwrap();
    assert_eq!(backend.exit().await.unwrap(), Some(143), "{}", backend.output());
    assert!(!backend.output().contains("HOOK hang end"));
    assert!(backend.output().contains("Received SIGTERM again, ending at once"), "{}", backend.output());
}

#[tokio::test]
async fn plugin_101_a_signal_during_the_start_gives_it_up() {
    let mut scenario = scenario("slow", "slow,hooks", "");
    scenario.env = &[("NODE_ENV", "production"), ("SLOW_MS", "700")];
    let mut backend = Backend::start(&Launch::new([BINARY]), &scenario).await.unwrap();
    backend.await_line("Plugin initialization started").await.unwrap();
    backend.terminate().unwrap();
    assert_eq!(backend.exit().await.unwrap(), Some(0), "{}", backend.output());
    let output = backend.output();
    let at = |text: &str| output.find(text).unwrap_or_else(|| panic!("no {text} in {output}"));
    // Hooks print past the logger, so that each kind of line is compared with its own.
    assert!(at("Received SIGTERM, stopping") < at("Plugin shutdown hook failed"), "{output}");
    assert!(at("HOOK plugin startup") < at("HOOK root beforeShutdown begin"), "{output}");
    assert!(!output.contains("slow done") && !output.contains("HOOK root startup"), "{output}");
}

#[tokio::test]
async fn an_upgrade_that_waits_for_its_plugin_is_refused_when_the_start_is_given_up() {
    let mut scenario = scenario("starting", "ws,healthcheck", "");
    scenario.env = &[("NODE_ENV", "production"), ("WS_MS", "60000")];
    let mut backend = Backend::start(&Launch::new([BINARY]), &scenario).await.unwrap();
    backend.await_line("still initializing: 'ws'").await.unwrap();
    let waiting = backend.client().hold(&Request::upgrade("/api/ws/open")).await.unwrap();
    // It has arrived before one that was sent later is answered.
    backend.await_status(READINESS, 503).await.unwrap();
    backend.terminate().unwrap();
    let Outcome::Answered(answers) = waiting.finish().await.unwrap() else { panic!("{}", backend.output()) };
    assert_eq!(answers.iter().map(|answer| answer.head.status).collect::<Vec<_>>(), [503]);
    assert_eq!(backend.exit().await.unwrap(), Some(0), "{}", backend.output());
    assert!(!backend.output().contains("ws ready"), "{}", backend.output());
}

#[tokio::test]
async fn plugin_110_a_background_panic_is_logged_and_the_process_stays() {
    let scenario = scenario("panics", "errs", "");
    let backend = Backend::start(&Launch::new([BINARY]), &scenario).await.unwrap();
    for (path, kind, text) in [
        ("/api/errs/unhandled", "unhandledRejection", "Unhandled rejection floating rejection"),
        ("/api/errs/uncaught", "uncaughtException", "Uncaught exception uncaught in timer"),
    ] {
        backend.await_status(path, 200).await.unwrap();
        backend.await_line(text).await.unwrap();
        assert!(backend.output().contains(&format!(r#""type":"{kind}""#)), "{}", backend.output());
    }
    backend.await_status(READINESS, 200).await.unwrap();
}
