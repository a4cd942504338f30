//! WebSocket routes: each says in one frame what its handler was given.

use std::time::Duration;

use axum::{Router, routing::get};
use greenroom::{
    http::websocket::{CloseCode, CloseFrame, Message, WebSocket, WebSocketUpgrade},
    prelude::*,
};
use serde_json::{Value, json};

/// Opens the WebSocket and tells of the request, with something more.
async fn tell(upgrade: WebSocketUpgrade, more: Value) -> Result<WebSocket> {
    let mut told = json!({ "url": upgrade.uri().to_string(), "method": "GET", "head": 0 });
    let all = told.as_object_mut().into_iter().zip(more.as_object());
    all.for_each(|(told, more)| told.extend(more.clone()));
    if let Some(protocol) = upgrade.auth_protocol() {
        told["authProtocol"] = json!(protocol);
    }
    let mut socket = upgrade.accept().await?;
    socket.send(Message::text(told.to_string())).await?;
    Ok(socket)
}

async fn tell_and_close(upgrade: WebSocketUpgrade, more: Value) -> Result {
    let mut socket = tell(upgrade, more).await?;
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await?;
    Ok(())
}

fn principal(upgrade: &WebSocketUpgrade) -> Value {
    let principal = upgrade.credentials().principal();
    let mut told = json!({ "type": principal.kind() });
    if let Some(subject) = principal.as_service() {
        told["subject"] = json!(subject);
    }
    json!({ "principal": told })
}

async fn who(upgrade: WebSocketUpgrade) -> Result {
    let principal = principal(&upgrade);
    tell_and_close(upgrade, principal).await
}

async fn stay(upgrade: WebSocketUpgrade) -> Result {
    let principal = principal(&upgrade);
    let mut socket = tell(upgrade, principal).await?;
    while socket.recv().await.is_some() {}
    Ok(())
}

async fn throws(_: WebSocketUpgrade) -> Result {
    Err(Error::new("handler boom").into())
}

pub(crate) fn ws() -> Plugin {
    plugin("ws", |env| {
        env.register_init(async |http: HttpRouter, root: RootHttpRouter, logger: Logger| {
            for path in ["/events", "/", "/slash/"] {
                http.add_websocket_handler(path, who)?;
            }
            http.add_websocket_handler_with("/open", AuthPolicy::Unauthenticated, who)?;
            http.add_websocket_handler_with("/stay", AuthPolicy::Unauthenticated, stay)?;
            http.add_websocket_handler_with("/throws", AuthPolicy::Unauthenticated, throws)?;
            root.add_websocket_handler("/rootws", async |upgrade: WebSocketUpgrade| {
                tell_and_close(upgrade, json!({ "root": true })).await
            })?;
            if let Ok(bad) = std::env::var("WS_BAD") {
                http.add_websocket_handler(&bad, who)?;
            }
            http.mount(Router::new().route("/both", get(async || "an ordinary route")));
            http.add_auth_policy("/both", AuthPolicy::Unauthenticated)?;
            let millis = std::env::var("WS_MS").ok().and_then(|millis| millis.parse().ok());
            tokio::time::sleep(Duration::from_millis(millis.unwrap_or_default())).await;
            logger.info("ws ready");
            Ok(())
        });
    })
}
