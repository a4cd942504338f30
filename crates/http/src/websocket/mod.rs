//! WebSocket routes: `HttpRouter::add_websocket_handler`, `RootHttpRouter::add_websocket_handler`.
//!
//! ```
//! use greenroom_core::plugin;
//! use greenroom_http::{HttpRouter, websocket::{Message, WebSocketUpgrade}};
//!
//! plugin("echo", |env| {
//!     env.register_init(async |http: HttpRouter| {
//!         http.add_websocket_handler("/events", async |upgrade: WebSocketUpgrade| {
//!             let caller = upgrade.credentials().principal().kind();
//!             let mut socket = upgrade.accept().await?;
//!             socket.send(Message::text(format!("hello, {caller}"))).await?;
//!             while let Some(message) = socket.recv().await {
//!                 if let Message::Text(text) = message? {
//!                     socket.send(Message::Text(text)).await?;
//!                 }
//!             }
//!             Ok(())
//!         })
//!     });
//! });
//! ```
//!
//! A path is matched exactly: case and a slash at its end count, the query does not. As soon as there is one route,
//! every request of the server that asks to leave HTTP (`Connection: Upgrade`) is answered here: by its route, or by a
//! bare 404. None of the steps of an ordinary request apply: no security headers, no access line, no rate limit, no
//! CORS. A handler that believes cookies must look at `Origin` itself.
//!
//! A route of a `Router` cannot leave HTTP, as axum's own `WebSocketUpgrade` does: its answer of 101 becomes a 500.
//!
//! The future of a handler lives as long as its connection may: when the server drains, it is dropped where it stands and
//! the connection closed without a close frame.

mod admission;
mod routes;
mod socket;
mod upgrade;

pub use tokio_tungstenite::tungstenite::{
    Error as WebSocketError, Message, protocol::CloseFrame, protocol::frame::coding::CloseCode,
};

pub(crate) use self::{
    admission::Admission,
    routes::{Handler, WebSocketRoutes, asks_for_web_socket, boxed},
};
pub use self::{socket::WebSocket, upgrade::WebSocketUpgrade};
