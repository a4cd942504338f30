//! WebSocket routes, over real sockets: by a client of its own, and byte for byte.

use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use futures_util::StreamExt;
use greenroom_core::{Lifecycle, Plugin, plugin};
use greenroom_errors::Error;
use greenroom_http::{
    AuthPolicy, HttpRouter, RootHttpRouter,
    websocket::{Message, WebSocketUpgrade},
};
use serde_json::json;
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tokio_tungstenite::{client_async, tungstenite::client::IntoClientRequest};

use crate::kit::{Client, Kit, PATIENCE, TOKEN, told, until};

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const UNAUTHORIZED: &str = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
pub(crate) const UNAVAILABLE: &str =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
/// The answer to the key of RFC 6455's example.
pub(crate) const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

pub(crate) fn request(target: &str, more: &str) -> String {
    upgrade(target, &format!("Connection: Upgrade\r\nUpgrade: websocket\r\n{more}"))
}

fn upgrade(target: &str, lines: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\n{lines}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// A server's frame of a short text.
fn frame(text: &str) -> String {
    format!("\u{fffd}{}{text}", char::from(u8::try_from(text.len()).unwrap()))
}

/// What a switched connection says before it is closed.
pub(crate) fn says(text: &str) -> String {
    format!("{SWITCHED}\r\n{}", frame(text))
}

/// Says who asked, and closes.
pub(crate) async fn who(upgrade: WebSocketUpgrade) -> greenroom_errors::Result {
    let kind = upgrade.credentials().principal().kind();
    let mut socket = upgrade.accept().await?;
    Ok(socket.send(Message::text(kind)).await?)
}

/// Says back what it is told.
async fn echo(upgrade: WebSocketUpgrade) -> greenroom_errors::Result {
    let query = upgrade.uri().query().unwrap_or_default().to_owned();
    let mut socket = upgrade.protocols(["chat.v1"]).accept().await?;
    while let Some(message) = socket.recv().await {
        if let Message::Text(text) = message? {
            socket.send(Message::text(format!("{query}{text}"))).await?;
        }
    }
    Ok(())
}

fn routes(http: &HttpRouter, root: &RootHttpRouter) -> greenroom_errors::Result {
    http.mount(Router::new().route("/plain", get(async || "plain")));
    http.add_auth_policy("/plain", AuthPolicy::Unauthenticated)?;
    http.add_websocket_handler("/", who)?;
    http.add_websocket_handler("/events", who)?;
    http.add_websocket_handler_with("/open", AuthPolicy::Unauthenticated, who)?;
    http.add_websocket_handler_with("/echo", AuthPolicy::Unauthenticated, echo)?;
    http.add_websocket_handler_with("/fails", AuthPolicy::Unauthenticated, async |_: WebSocketUpgrade| {
        Err(Error::new("handler boom").into())
    })?;
    http.add_websocket_handler_with("/panics", AuthPolicy::Unauthenticated, async |_: WebSocketUpgrade| {
        panic!("handler bang")
    })?;
    root.add_websocket_handler("/rootws", who)
}

pub(crate) fn sockets() -> Plugin {
    plugin("ws", |env| env.register_init(async |http: HttpRouter, root: RootHttpRouter| routes(&http, &root)))
}

/// The same, whose init ends when told.
fn waiting() -> (Plugin, watch::Sender<bool>) {
    let (go, going) = watch::channel(false);
    let plugin = plugin("ws", move |env| {
        env.register_init(async move |http: HttpRouter, root: RootHttpRouter| {
            routes(&http, &root)?;
            going.clone().wait_for(|go| *go).await?;
            Ok(())
        });
    });
    (plugin, go)
}

pub(crate) async fn asks(client: Client, target: &str, more: &str) -> String {
    client.raw(request(target, more)).await
}

#[tokio::test]
async fn a_client_and_a_handler_exchange_messages() {
    let up = Kit::new().add(sockets()).start().await;
    let stream = TcpStream::connect(up.client.0).await.unwrap();
    let mut request = "ws://localhost/api/ws/echo?q=".into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "other, chat.v1".parse().unwrap());
    let (mut socket, answer) = client_async(request, stream).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat.v1");
    for text in ["one", "two"] {
        futures_util::SinkExt::send(&mut socket, Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(format!("q={text}")));
    }
    socket.close(None).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))));
}

#[tokio::test]
async fn what_was_sent_with_the_request_is_not_lost_nor_what_was_answered_before() {
    let up = Kit::new().add(sockets()).start().await;
    // A masked frame of "hi" whose mask is zero.
    let mut early = request("/api/ws/echo", "").into_bytes();
    early.extend(b"\x81\x82\0\0\0\0hi\x88\x80\0\0\0\0");
    let ordinary = b"GET /api/ws/plain HTTP/1.1\r\nHost: x\r\n\r\n";
    let seen = up.client.raw([&ordinary[..], &early].concat()).await;
    let (first, second) = seen.split_once("\r\n\r\nplain").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 OK"), "{seen}");
    assert!(second.starts_with(&says("hi")), "{seen}");
}

#[tokio::test]
async fn http_37_38_39_the_path_is_matched_exactly_and_every_other_upgrade_is_a_bare_404() {
    let up = Kit::new().add(sockets()).start().await;
    for target in ["/api/ws/open", "/api/ws/open?x=/", "/rootws"] {
        assert_eq!(asks(up.client, target, "").await, says("none"), "{target}");
    }
    for target in [
        "/api/ws/open/",
        "/API/ws/open",
        "/api/ws/Open",
        "/api/ws/%6Fpen",
        "/api/ws/../ws/open",
        "http://x/api/ws/open",
        "/api/ws/",
        "/api/ws/plain",
        "/.backstage/health/v1/readiness",
        "/nope",
    ] {
        assert_eq!(asks(up.client, target, "").await, NOT_FOUND, "{target}");
    }
    for (lines, seen) in [
        ("Connection: keep-alive, UPGRADE\r\nUpgrade: WebSocket\r\n", &*says("none")),
        ("Connection: Upgrade\r\nUpgrade: h2c\r\n", NOT_FOUND),
        ("Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n", NOT_FOUND),
        ("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n", NOT_FOUND),
    ] {
        assert_eq!(up.client.raw(upgrade("/api/ws/open", lines)).await, seen, "{lines}");
    }
    let ordinary = upgrade("/api/ws/plain", "Connection: close\r\nUpgrade: websocket\r\n");
    assert!(up.client.raw(ordinary).await.ends_with("\r\n\r\nplain"));
    let lines = crate::kit::lines_of(&up.lines, "incomingRequest", 1).await;
    let urls: Vec<_> = lines.iter().map(|line| line["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["/api/ws/plain"], "an upgrade has no access line");
}

#[tokio::test]
async fn http_39_an_upgrade_is_not_counted_by_a_rate_limit() {
    let limit = json!({"incomingRequestLimit": 1, "ipAllowList": []});
    let up = Kit::new().config("backend.rateLimit", limit).add(sockets()).start().await;
    for _ in 0..3 {
        assert_eq!(asks(up.client, "/api/ws/open", "").await, says("none"));
    }
    assert_eq!(up.get("/api/ws/plain").await.status, 200);
    assert_eq!(up.get("/api/ws/plain").await.status, 429);
}

#[tokio::test]
async fn http_38_without_a_route_an_upgrade_is_an_ordinary_request() {
    let up = Kit::new().open(Router::new().route("/plain", get(async || "plain"))).start().await;
    let mut connection = up.client.connect().await;
    connection.send(request("/api/x/plain", "")).await;
    let answer = connection.answer("GET").await;
    assert_eq!(answer.seen(), (200, "plain"));
    assert!(answer.header("x-frame-options").is_some() && answer.header("date").is_some());
    connection.send(request("/nope", "")).await;
    assert_eq!(connection.answer("GET").await.status, 404, "and the connection stays");
}

#[tokio::test]
async fn http_40_41_offered_protocols_and_then_the_bearer_token_are_tried() {
    let up = Kit::new().add(sockets()).start().await;
    let offers = |all: &str| format!("Sec-WebSocket-Protocol: {all}\r\n");
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let service = says("service");
    let echoed = format!("{SWITCHED}Sec-WebSocket-Protocol: {TOKEN}\r\n\r\n{}", frame("service"));
    let restricted = "elsewhere-1234";
    for (headers, seen) in [
        (bearer(TOKEN), &*service),
        (offers(TOKEN), &echoed),
        (offers(&format!("json, {TOKEN}")), &echoed),
        (offers("json") + &offers(TOKEN), &echoed),
        (offers(TOKEN) + &bearer(TOKEN), &echoed),
        (offers("json") + &bearer(TOKEN), &service),
        (offers(restricted) + &bearer(TOKEN), &service),
        (offers(&format!("a,b,c,d,{TOKEN}")), &echoed),
        (offers(&format!("a,b,c,d,e,{TOKEN}")), UNAUTHORIZED),
        (offers("a,b,c,d,e") + &bearer(TOKEN), UNAUTHORIZED),
        (bearer("nope"), UNAUTHORIZED),
        (offers("json"), UNAUTHORIZED),
        (format!("Authorization: Basic {TOKEN}\r\n"), UNAUTHORIZED),
        (format!("Cookie: backstage-auth={TOKEN}\r\n"), UNAUTHORIZED),
        (String::new(), UNAUTHORIZED),
        (bearer(restricted), FORBIDDEN),
        (offers(restricted) + &bearer("nope"), FORBIDDEN),
    ] {
        assert_eq!(asks(up.client, "/api/ws/events", &headers).await, seen, "{headers}");
    }
    assert_eq!(asks(up.client, &format!("/api/ws/events?token={TOKEN}"), "").await, UNAUTHORIZED);
    assert_eq!(asks(up.client, "/api/ws", &bearer(TOKEN)).await, service, "the plugin's own path");
    assert_eq!(asks(up.client, "/api/ws/open", &bearer("nope")).await, says("none"));
}

#[tokio::test]
async fn http_42_a_refusal_is_told_with_its_candidates_but_no_token() {
    let up = Kit::new().add(sockets()).start().await;
    let headers = "Sec-WebSocket-Protocol: guess-1\r\nAuthorization: Bearer guess-2\r\n";
    assert_eq!(asks(up.client, "/api/ws/events", headers).await, UNAUTHORIZED);
    let mut refusal = told(&up.lines, "WebSocket upgrade rejected").await;
    refusal.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(
        refusal,
        json!({
            "level": "warn", "message": "WebSocket upgrade rejected", "service": "backstage", "plugin": "ws",
            "pluginId": "ws", "path": "/events", "remoteAddress": "127.0.0.1",
            "errorType": "AuthenticationError", "status": "401 Unauthorized",
        })
    );
    let lines = up.lines.json();
    let tried = lines.iter().filter(|line| line["message"] == "WebSocket authentication candidate failed");
    let tried: Vec<_> = tried
        .map(|line| (line["level"].clone(), line["source"].clone(), line["candidateIndex"].clone()))
        .collect();
    let debug = json!("debug");
    assert_eq!(
        tried,
        [(debug.clone(), json!("protocol"), json!(0)), (debug, json!("authorization"), json!(1))]
    );
    assert!(!format!("{lines:?}").contains("guess-"));
}

#[tokio::test]
async fn with_the_default_policy_disabled_whoever_has_no_credentials_is_nobody() {
    let kit = Kit::new().config("backend.auth.dangerouslyDisableDefaultAuthPolicy", json!(true));
    let up = kit.add(sockets()).start().await;
    assert_eq!(asks(up.client, "/api/ws/events", "").await, says("none"));
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(asks(up.client, "/api/ws/events", &bearer).await, says("service"));
}

#[tokio::test]
async fn http_43_an_upgrade_waits_for_its_plugin_and_not_for_root_routes() {
    let (slow, go) = waiting();
    let rising = Kit::new().add(slow).launch().await;
    until(async || asks(rising.client, "/rootws", "").await == says("none")).await;
    let mut held = rising.client.connect().await;
    held.send(request("/api/ws/open", "")).await;
    assert_eq!(asks(rising.client, "/api/ws/nope", "").await, NOT_FOUND);
    go.send_replace(true);
    assert_eq!(held.rest().await, says("none"));
}

#[tokio::test]
async fn http_43_an_upgrade_waits_as_long_as_configured_then_503_before_its_token_is_looked_at() {
    let (slow, _go) = waiting();
    let pause = json!({"milliseconds": 300});
    let rising =
        Kit::new().config("backend.lifecycle.startupRequestPauseTimeout", pause).add(slow).launch().await;
    until(async || asks(rising.client, "/rootws", "").await == says("none")).await;
    let begun = Instant::now();
    assert_eq!(asks(rising.client, "/api/ws/events", "").await, UNAVAILABLE);
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    assert_eq!(
        told(&rising.lines, "WebSocket upgrade rejected").await["errorType"],
        "ServiceUnavailableError"
    );
}

#[tokio::test]
async fn http_44_while_hooks_run_plugins_refuse_then_open_sockets_end_without_a_close_frame() {
    let (release, released) = watch::channel(false);
    let stopping = plugin("ws", move |env| {
        env.register_init(async move |http: HttpRouter, root: RootHttpRouter, lifecycle: Lifecycle| {
            let mut released = released.clone();
            lifecycle.add_shutdown_hook("hold", async move || {
                released.wait_for(|done| *done).await?;
                Ok(())
            })?;
            routes(&http, &root)
        });
    });
    let up = Kit::new().add(stopping).start().await;
    let client = up.client;
    let stream = TcpStream::connect(client.0).await.unwrap();
    let (mut open, _) = client_async("ws://localhost/api/ws/echo", stream).await.unwrap();
    let stopped = up.stop();
    until(async || asks(client, "/api/ws/open", "").await == UNAVAILABLE).await;
    assert_eq!(asks(client, "/rootws", "").await, says("none"));
    futures_util::SinkExt::send(&mut open, Message::text("still")).await.unwrap();
    assert_eq!(open.next().await.unwrap().unwrap(), Message::text("still"));
    let begun = Instant::now();
    release.send_replace(true);
    let end = timeout(PATIENCE, open.next()).await.unwrap();
    assert!(matches!(end, Some(Err(_))), "no close frame: {end:?}");
    stopped.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn http_46_a_fault_in_a_path_fails_the_plugin() {
    let no_path = "WebSocket path must be an absolute pathname without a query or fragment";
    for (paths, text) in [
        (&["events"][..], "WebSocket path must start with /"),
        (&["/a?b"], no_path),
        (&["/a#b"], no_path),
        (&["/a\\b"], no_path),
        (&["/a b"], no_path),
        (&["/a/../b"], no_path),
        (&["/a/%2E"], no_path),
        (&["/é"], no_path),
        (&["/events", "/events"], "WebSocket handler already registered for /api/ws/events"),
    ] {
        let faulty = plugin("ws", move |env| {
            env.register_init(async move |http: HttpRouter| {
                paths.iter().try_for_each(|path| http.add_websocket_handler(path, who))
            });
        });
        let error = Kit::new().add(faulty).refused().await.to_string();
        assert!(error.contains(&format!("Plugin 'ws' startup failed; caused by Error: {text}")), "{error}");
    }
    let encoded = plugin("ws", |env| {
        env.register_init(async |http: HttpRouter| {
            http.add_websocket_handler_with("/a%20b", AuthPolicy::Unauthenticated, who)
        });
    });
    let up = Kit::new().add(encoded).start().await;
    assert_eq!(asks(up.client, "/api/ws/a%20b", "").await, says("none"));
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let up = Kit::new().add(sockets()).start().await;
    let mut long = request("/api/ws/echo", "").into_bytes();
    // The header of a masked frame of 2 MiB.
    long.extend(b"\x81\xff\0\0\0\0\0\x20\0\0\0\0\0\0");
    let seen = up.client.raw(long).await;
    assert_eq!(seen, format!("{SWITCHED}\r\n"));
}
