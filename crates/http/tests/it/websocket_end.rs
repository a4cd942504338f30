//! Connections that end without their handler: broken off by the client, or never opened by a route that is none.

use axum::{Router, routing::get};
use serde_json::json;

use crate::{
    kit::{Kit, until},
    websocket::{asks, request, sockets},
};

#[tokio::test]
async fn a_connection_that_its_client_breaks_off_is_told_at_debug_alone() {
    let up = Kit::new().add(sockets()).start().await;
    let mut connection = up.client.connect().await;
    connection.send(request("/api/ws/echo", "")).await;
    connection.answer("HEAD").await;
    // No close frame comes before the end.
    drop(connection);
    let ended = |line: &serde_json::Value| {
        line["message"].as_str().is_some_and(|message| message.starts_with("WebSocket connection ended"))
    };
    until(async || up.lines.json().iter().any(ended)).await;
    let lines = up.lines.json();
    let line = lines.iter().find(|line| ended(line)).unwrap();
    assert_eq!((&line["level"], &line["service"]), (&json!("debug"), &json!("rootHttpRouter")), "{line}");
    assert!(!lines.iter().any(|line| line["level"] == "warn"), "{lines:#?}");
}

#[tokio::test]
async fn a_route_of_a_router_cannot_leave_http() {
    let switch = get(async || axum::http::StatusCode::SWITCHING_PROTOCOLS);
    let up = Kit::new().open(Router::new().route("/switch", switch)).start().await;
    let next = "GET /api/x/switch HTTP/1.1\r\nHost: x\r\n\r\n";
    let seen = asks(up.client, "/api/x/switch", "").await;
    assert!(seen.starts_with("HTTP/1.1 101 ") && seen.ends_with("\r\n\r\n"), "its connection ends: {seen}");
    assert_eq!(seen.matches("HTTP/1.1").count(), 1, "{seen}");
    let seen = up.client.raw([request("/api/x/switch", ""), next.to_owned()].concat()).await;
    assert_eq!(seen.matches("HTTP/1.1").count(), 1, "what was sent behind it is no request: {seen}");
}
