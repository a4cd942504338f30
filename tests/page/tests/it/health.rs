//! Probes and the health check route.

use std::time::Duration;

use greenroom_page::{Program, Request};

const READINESS: &str = "/.backstage/health/v1/readiness";
const LIVENESS: &str = "/.backstage/health/v1/liveness";
const OK: (u16, &str) = (200, r#"{"status":"ok"}"#);

#[tokio::test]
async fn a_running_backend_is_ready_and_alive() {
    let server = Program::greenroom().start().await;
    assert_eq!(server.get(READINESS).await.seen(), OK);
    assert_eq!(server.get(LIVENESS).await.seen(), OK);
}

#[tokio::test]
async fn a_starting_backend_is_alive_and_not_ready() {
    let slow = Program::of("greenroom-conformance", "conformance-backend").env("FEATURES", "slow");
    let server = slow.env("SLOW_MS", "60000").listen().await;
    let starting = (503, r#"{"message":"Backend has not started yet","status":"error"}"#);
    assert_eq!(server.get(READINESS).await.seen(), starting);
    assert_eq!(server.get(LIVENESS).await.seen(), OK);
}

#[tokio::test]
async fn while_the_shutdown_delay_lasts_it_is_alive_and_not_ready() {
    let config = "backend: {lifecycle: {serverShutdownDelay: {milliseconds: 1500}}}\n";
    let server = Program::greenroom().config(config).start().await;
    server.terminate();
    let stopping = (503, r#"{"message":"Backend is shutting down","status":"error"}"#);
    let mut seen = server.get(READINESS).await;
    // The signal is on its way.
    while seen.status == 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        seen = server.get(READINESS).await;
    }
    assert_eq!(seen.seen(), stopping);
    assert_eq!(server.get(LIVENESS).await.seen(), OK);
    assert_eq!(server.get("/healthcheck").await.seen(), OK);
    assert_eq!(server.finished().await.code, Some(0));
}

#[tokio::test]
async fn the_health_check_route_answers_unless_switched_off() {
    let on = Program::greenroom().start().await;
    assert_eq!(on.get("/healthcheck").await.seen(), OK);
    let off = Program::greenroom().config("greenroom: {plugins: {healthcheck: false}}\n").start().await;
    assert_eq!(off.get("/healthcheck").await.seen(), (404, ""));
}

#[tokio::test]
async fn probes_need_no_credentials_and_plugins_do() {
    let server = Program::greenroom().config("greenroom: {plugins: {tasks: true}}\n").start().await;
    let queue = server.send(&Request::new("POST", "/api/tasks/task/1/queue")).await;
    assert_eq!(queue.status, 401);
    assert_eq!(queue.json()["error"]["message"], "Missing credentials");
    assert_eq!(server.get(READINESS).await.status, 200);
}

#[tokio::test]
async fn configured_headers_are_on_both_probes() {
    let config = "backend: {health: {headers: {x-probe: greenroom}}}\n";
    let server = Program::greenroom().config(config).start().await;
    for path in [READINESS, LIVENESS] {
        let headers = server.get(path).await.headers;
        assert!(headers.iter().any(|(name, value)| name == "x-probe" && value == "greenroom"), "{headers:?}");
    }
}
