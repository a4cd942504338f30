//! WebSockets that end badly: broken off by the client, failed by their handler, never opened by a route that is none.

use axum::{Router, routing::get};
use greenroom_core::plugin;
use greenroom_http::{RootHttpRouter, websocket::WebSocketUpgrade};
use serde_json::{Value, json};

use crate::{
    kit::{Kit, told, until},
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
    assert_eq!((&line["level"], &line["plugin"]), (&json!("debug"), &json!("ws")), "{line}");
    assert!(!lines.iter().any(|line| line["level"] == "warn"), "{lines:#?}");
}

#[tokio::test]
async fn http_45_a_handler_that_fails_closes_its_connection_without_a_byte_and_is_told_by_its_owner() {
    let up = Kit::new().with_additions().add(sockets()).start().await;
    assert_eq!(asks(up.client, "/api/ws/fails", "X-Request-Id: first\r\n").await, "");
    let line = told(&up.lines, "WebSocket upgrade failed handler boom").await;
    let owner = (json!("warn"), json!("ws"), json!("/fails"), json!("first"));
    assert_eq!(seen(&line), owner, "{line}");
    assert!(line["stack"].as_str().unwrap().contains("handler boom"), "{line}");

    assert_eq!(asks(up.client, "/api/ws/panics", "X-Request-Id: second\r\n").await, "");
    let line = told(&up.lines, "WebSocket handler panicked: handler bang").await;
    let owner = (json!("error"), json!("ws"), json!("/panics"), json!("second"));
    assert_eq!(seen(&line), owner, "{line}");
    assert!(line["stack"].as_str().unwrap().starts_with("Error: panicked: handler bang"), "{line}");
}

/// The level, and to whom it belongs.
fn seen(line: &Value) -> (Value, Value, Value, Value) {
    (line["level"].clone(), line["plugin"].clone(), line["path"].clone(), line["requestId"].clone())
}

#[tokio::test]
async fn a_root_handler_that_fails_is_told_by_the_root_router() {
    let failing = plugin("x", |env| {
        env.register_init(async |root: RootHttpRouter| {
            root.add_websocket_handler("/bang", async |_: WebSocketUpgrade| panic!("root bang"))
        });
    });
    let up = Kit::new().with_additions().add(failing).start().await;
    assert_eq!(asks(up.client, "/bang", "").await, "");
    let line = told(&up.lines, "WebSocket handler panicked: root bang").await;
    let owner = (&line["level"], &line["service"], &line["path"], line.get("plugin"));
    assert_eq!(owner, (&json!("error"), &json!("rootHttpRouter"), &json!("/bang"), None), "{line}");
}

#[tokio::test]
async fn a_route_of_a_router_cannot_leave_http() {
    let switch = get(async || axum::http::StatusCode::SWITCHING_PROTOCOLS);
    let up = Kit::new().open(Router::new().route("/switch", switch)).start().await;
    let next = "GET /api/x/switch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let seen = up.client.raw([request("/api/x/switch", ""), next.to_owned()].concat()).await;
    assert_eq!(seen.matches("HTTP/1.1 500 ").count(), 2, "what comes behind it is a request: {seen}");
}
