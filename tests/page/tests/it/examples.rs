//! Each program of `examples/` does what its page says.

use greenroom_page::{Program, Request};
use serde_json::{Value, json};

const READINESS: &str = "/.backstage/health/v1/readiness";

#[tokio::test]
async fn task_router() {
    let server = Program::example("task_router").env("LOG_FORMAT", "backstage").start().await;
    assert_eq!(server.send(&Request::new("POST", "/api/tasks/task/7/queue")).await.seen(), (202, ""));
    let results = server.get("/api/tasks/task/7/results").await;
    assert_eq!(results.seen(), (200, r#"{"task":"7","results":[]}"#));
    for message in ["Queueing this task.", "Getting the results of this task."] {
        let line = server.json_line(message).await;
        assert_eq!((&line["plugin"], &line["task"]), (&json!("tasks"), &json!("7")));
    }
}

#[tokio::test]
async fn root_logger_decorated_and_replaced() {
    for example in ["root_logger_decorated", "root_logger_replaced"] {
        let server = Program::example(example).env("NODE_ENV", "production").start().await;
        let line = server.json_line("Listening on").await;
        assert_eq!(line["region"], "eu-1", "{example}");
        assert_eq!(line["service"], "rootHttpRouter", "{example}");
    }
}

#[tokio::test]
async fn a_replaced_root_logger_masks_secrets_all_the_same() {
    let secret = "backend: {auth: {externalAccess: [{type: static, options: {token: page-test-secret, subject: x}}]}}\n";
    for example in ["root_logger_decorated", "root_logger_replaced"] {
        let server = Program::example(example).config(secret).start().await;
        server.get("/page-test-secret").await;
        server.line("GET /***").await;
        assert!(!server.log().join("\n").contains("page-test-secret"), "{example}");
    }
}

#[tokio::test]
async fn old_log_line() {
    let ended = Program::example("old_log_line").run().await;
    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [old, mut ours] = <[Value; 2]>::try_from(lines).expect("two lines");
    let page = json!({
        "service": "backstage",
        "type": "plugin",
        "plugin": "catalog",
        "component": "catalog-all-locations-refresh",
        "level": "info",
        "message": "Locations Refresh: Refreshing location bootstrap:bootstrap",
    });
    assert_eq!(old, page);
    let timestamp = ours.as_object_mut().and_then(|line| line.remove("timestamp"));
    assert!(timestamp.is_some_and(|time| time.is_string()));
    assert_eq!(ours, page);
}

#[tokio::test]
async fn healthcheck() {
    let server = Program::example("healthcheck").start().await;
    for (method, path) in
        [("GET", "/healthcheck"), ("POST", "/healthcheck"), ("GET", "/HealthCheck/below/it")]
    {
        let answer = server.send(&Request::new(method, path)).await;
        assert_eq!(answer.seen(), (200, r#"{"status":"ok"}"#), "{method} {path}");
    }
}

#[tokio::test]
async fn named_checks() {
    let server = Program::example("named_checks").start().await;
    server.line("Health check failed").await;
    let failed = (503, r#"{"message":"Check 'tasks.runner' failed","status":"error"}"#);
    assert_eq!(server.get(READINESS).await.seen(), failed);
    let passed = server.get(&format!("{READINESS}?exclude=tasks.runner")).await;
    assert_eq!(passed.seen(), (200, r#"{"status":"ok"}"#));
    assert_eq!(server.get("/.backstage/health/v1/liveness").await.status, 200);
}

#[tokio::test]
async fn root_health_replaced() {
    let server = Program::example("root_health_replaced").start().await;
    let answer = server.get(READINESS).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
    assert_eq!(server.get("/.backstage/health/v1/liveness").await.seen(), (200, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn old_status_check() {
    let server = Program::example("old_status_check").start().await;
    for (method, path) in
        [("GET", "/healthcheck"), ("POST", "/healthcheck"), ("GET", "/healthcheck/below/it")]
    {
        let answer = server.send(&Request::new(method, path)).await;
        assert_eq!(answer.seen(), (200, r#"{"status":"ok"}"#), "{method} {path}");
    }
    std::fs::write(server.directory().join("maintenance"), "").expect("a file");
    let down = server.get("/healthcheck").await;
    assert_eq!(down.status, 503);
    assert_eq!(
        down.json(),
        json!({
            "error": { "name": "ServiceUnavailableError", "message": "Down for maintenance" },
            "request": { "method": "GET", "url": "/healthcheck" },
            "response": { "statusCode": 503 },
        })
    );
    server.line("Request failed with status 503 Down for maintenance").await;
}

#[tokio::test]
async fn the_guides_backend_greets() {
    let server = Program::of("greetings", "greetings").start().await;
    let answer = server.get("/api/greetings/greet/loud/Ada").await;
    assert_eq!(answer.seen(), (200, r#""GOOD EVENING, ADA""#));
}

#[tokio::test]
async fn the_guides_backend_does_not_start_with_a_phrase_without_a_name() {
    let ended = Program::of("greetings", "greetings")
        .config("backend: {listen: '127.0.0.1:0'}\ngreetings:\n  phrase: Hello\ngreenroom: {plugins: {guests: false}}\n")
        .run()
        .await;
    assert_eq!(ended.code, Some(1));
    let wanted = "Plugin 'greetings' threw an error during startup. greetings.phrase must hold {name} (app-config.yaml:3:11)";
    assert!(ended.stdout.contains(wanted), "{}", ended.stdout);
    insta::assert_snapshot!(ended.stderr, @r"
    error: Backend startup failed due to the following errors:
      × Plugin 'greetings': greetings.phrase must hold {name} (app-config.yaml:3:11)
       ╭─[app-config.yaml:3:11]
     3 │   phrase: Hello
       ·           ─────
       ╰────
    ");
}

#[tokio::test]
async fn the_guides_backend_is_a_command_too() {
    let guide = || Program::of("greetings", "greetings");
    assert_eq!(guide().args("--version").run().await.stdout, "greetings 0.1.0");

    let wrong = guide().config("greetings:\n  phrase: [7]\n").args("config check").run().await;
    assert_eq!(wrong.code, Some(1));
    insta::assert_snapshot!(wrong.stderr, @r"
    warning: backend.baseUrl is not set: a Node backend on this config does not get ready
      × Config validation failed, Config must be string { type=string } at /greetings/phrase (app-config.yaml:2:3)
       ╭─[app-config.yaml:2:3]
     2 │   phrase: [7]
       ·   ──────
       ╰────
    error: 1 thing in the configuration is wrong
    ");

    let switched_off = "backend: {listen: '127.0.0.1:0'}\ngreenroom: {plugins: {greetings: false}}\n";
    let server = guide().config(switched_off).start().await;
    assert_eq!(server.get("/api/greetings/greet/loud/Ada").await.status, 404);
}
