//! When a WebSocket is refused though its route and its token are right.

use std::sync::Arc;

use axum::{Router, body::Body, response::Response, routing::get};
use futures_util::future::BoxFuture;
use greenroom_auth::{Auth, AuthService, AuthenticateOptions, Credentials};
use greenroom_core::{Lifecycle, decorate, plugin};
use greenroom_http::{AuthPolicy, HttpRouter};
use serde_json::json;
use tokio::{
    io::AsyncReadExt,
    sync::{Notify, watch},
};

use crate::{
    kit::{Kit, TOKEN, pause, until},
    websocket::{SWITCHED, UNAVAILABLE, asks, request, says, sockets, who},
};

#[tokio::test]
async fn beyond_the_limit_of_connections_a_web_socket_is_503() {
    let up = Kit::new().config("greenroom.server.maxConnections", json!(1)).add(sockets()).start().await;
    let mut kept = up.client.connect().await;
    assert_eq!(kept.ask("GET", "/nope", &[], b"").await.status, 404);
    for target in ["/api/ws/open", "/api/ws/events", "/rootws"] {
        assert_eq!(asks(up.client, target, "").await, UNAVAILABLE, "{target}");
    }
    drop(kept);
    until(async || asks(up.client, "/rootws", "").await == says("none")).await;
}

#[tokio::test]
async fn an_open_web_socket_keeps_the_place_of_its_connection() {
    let up = Kit::new().config("greenroom.server.maxConnections", json!(1)).add(sockets()).start().await;
    let mut open = up.client.connect().await;
    open.send(request("/api/ws/echo", "")).await;
    assert_eq!(open.answer("HEAD").await.status, 101);
    assert_eq!(up.get("/nope").await.status, 503);
    drop(open);
    until(async || up.get("/nope").await.status == 404).await;
}

const PIECE: usize = 64 << 10;

/// Knows everybody, once it is told to.
struct Slow {
    inner: Auth,
    asked: Arc<Notify>,
    go: Arc<Notify>,
}

impl AuthService for Slow {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, greenroom_errors::Result<Credentials>> {
        Box::pin(async move {
            self.asked.notify_one();
            self.go.notified().await;
            self.inner.authenticate_with(token, options).await
        })
    }
}

#[tokio::test]
async fn a_plugin_that_stops_while_a_token_is_looked_at_opens_no_web_socket() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (slow_asked, slow_go) = (asked.clone(), go.clone());
    let slow = decorate(async move |inner: Auth| {
        Ok(Auth::new(Slow { inner, asked: slow_asked.clone(), go: slow_go.clone() }))
    });
    let (stopping, mut stops) = watch::channel(false);
    let (release, released) = watch::channel(false);
    let sockets = plugin("ws", move |env| {
        env.register_init(async move |http: HttpRouter, lifecycle: Lifecycle| {
            let mut released = released.clone();
            lifecycle.add_shutdown_hook("hold", async move || {
                stopping.send_replace(true);
                released.wait_for(|done| *done).await?;
                Ok(())
            })?;
            http.add_websocket_handler("/events", who)
        });
    });
    let up = Kit::new().add(slow).add(sockets).start().await;
    let mut asking = up.client.connect().await;
    asking.send(request("/api/ws/events", &format!("Authorization: Bearer {TOKEN}\r\n"))).await;
    asked.notified().await;
    let stopped = up.stop();
    stops.wait_for(|stops| *stops).await.unwrap();
    go.notify_one();
    assert_eq!(asking.rest().await, UNAVAILABLE);
    release.send_replace(true);
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_web_socket_opens_behind_the_last_byte_of_the_answer_before_it() {
    const WHOLE: usize = 8 << 20;
    let big = get(async || {
        let pieces = (0..WHOLE / PIECE).map(|_| Ok::<_, std::io::Error>(vec![b'x'; PIECE]));
        let answer = Response::builder().header("content-length", WHOLE);
        answer.body(Body::from_stream(futures_util::stream::iter(pieces))).unwrap()
    });
    let sockets = plugin("ws", move |env| {
        env.register_init(async move |http: HttpRouter| {
            http.mount(Router::new().route("/big", big));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)?;
            http.add_websocket_handler_with("/open", AuthPolicy::Unauthenticated, who)
        });
    });
    let up = Kit::new().add(sockets).start().await;
    let mut connection = up.client.connect().await;
    let big = "GET /api/ws/big HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    connection.send(big + &request("/api/ws/open", "")).await;
    let (mut seen, mut piece) = (vec![], [0; PIECE]);
    // The client is slow, so that the last pieces wait for it when all of them are made.
    while up.lines_of("incomingRequest", 0).await.is_empty() {
        let count = connection.stream.read(&mut piece).await.unwrap();
        seen.extend_from_slice(&piece[..count]);
        tokio::task::yield_now().await;
    }
    // The server goes on with the next request as far as it can.
    pause().await;
    connection.stream.read_to_end(&mut seen).await.unwrap();
    let body = seen.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let rest = String::from_utf8_lossy(seen.get(body + WHOLE..).expect("the whole answer"));
    assert!(rest.starts_with(SWITCHED), "{rest}");
}
