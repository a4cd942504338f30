//! The server below the router: listeners, TLS, connections, timeouts, request bodies, the drain.
//!
//! It takes a [`Serve`] and knows neither routes nor what Express does.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_config::RootConfig;
//! use greenroom_http_server::{Answer, Arrival, Listen, RequestBody, Serve, Server, ServerSettings};
//! use greenroom_logging::Logger;
//! use http::{Request, Response};
//!
//! struct Hello;
//!
//! impl Serve for Hello {
//!     type Body = String;
//!
//!     fn serve(&self, _: Request<RequestBody>, _: Arrival) -> Answer<String> {
//!         Box::pin(async { Response::new("hello".to_owned()) })
//!     }
//! }
//!
//! let config = RootConfig::from_yaml("backend: { listen: '127.0.0.1:0' }").unwrap();
//! let listener = Listen::from_config(&config).unwrap().bind(&config).await.unwrap();
//! println!("Listening on {}", listener.local_addr().unwrap());
//! let settings = ServerSettings::from_config(&config).unwrap();
//! let server = Server::new(Hello, settings, None, Logger::noop(), Default::default());
//! server.accept_on(listener);
//! server.drain().await;
//! # }
//! ```
//!
//! A connection goes: [`Listener`] → one of the `places` → TLS, if there is a certificate → `framing`, which lets through only
//! what every parser reads alike → hyper, which parses → [`Serve`]. `activity` knows what a connection is at, and so when its
//! peer has had enough time. A [`Takeover`] ends HTTP on a connection. Every task is spawned by `greenroom_context`.

mod accept;
mod activity;
mod body;
mod connection;
mod framing;
mod limits;
mod listen;
mod listener;
mod places;
mod server;
mod socket;
mod takeover;
mod tls;
mod unix;

pub use activity::InFlight;
pub use body::{Remainder, RequestBody};
pub use limits::{ConnectionLimits, ServerSettings, Timeouts};
pub use listen::{LISTEN, Listen};
pub use listener::{Listener, LocalAddr};
pub use server::{Answer, Arrival, Peer, Serve, Server};
pub use takeover::{RawIo, RawStream, Takeover};
pub use tls::{Certificate, Https, SELF_SIGNED_FILE, Tls};
