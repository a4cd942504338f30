//! The one way in which the backend calls out over HTTP.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # use std::io::{Read, Write};
//! # let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! # let address = server.local_addr().unwrap();
//! # let serving = greenroom_context::spawn_blocking("server", move || {
//! #     let (mut stream, _) = server.accept().unwrap();
//! #     let _ = stream.read(&mut [0; 4096]).unwrap();
//! #     stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}").unwrap();
//! # });
//! use greenroom_core::plugin;
//! use greenroom_http_client::{Call, ClientEnvironment, HttpClient};
//!
//! // In a backend one asks for it.
//! plugin("keys", |env| env.register_init(async |client: HttpClient| Ok(())));
//!
//! // Elsewhere one makes it.
//! let client = HttpClient::builder(ClientEnvironment::from_process()).build();
//! let call = Call::get(&format!("http://{address}/jwks.json")).unwrap().at_most(64 * 1024);
//! let answer = client.send(call).await.unwrap();
//! assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"{\"keys\":[]}"[..]));
//! # serving.await.unwrap();
//! # }
//! ```
//!
//! A call ends: with a whole answer, or with a [`CallError`] that says what was in the way. It has a deadline and its answer
//! a size. It follows no redirection, keeps no cookies, decodes no body and sends nothing twice. On its way a call
//!
//! 1. waits for its turn, if many to that host are under way (`turns.rs`);
//! 2. gets the headers that name the request which is answered here (`headers.rs`);
//! 3. takes a connection from the pool, or has one made (`connect.rs`): by a proxy, if the environment names one
//!    (`proxies.rs`), to an address that calls may reach (`addresses.rs`), encrypted for `https` (`tls.rs`).
//!
//! How long each took is told as a metric, by plugin and host (`measured.rs`), and each is a span of what it is part of (`traced.rs`).
//!
//! The address that was checked is the one that is connected to. Where names are looked up by a proxy, only an address that
//! stands in the URL is checked.
//!
//! This crate knows no plugin and nothing of what is sent. It speaks HTTP/1.1.

mod addresses;
mod builder;
mod call;
mod client;
mod connect;
mod environment;
mod error;
mod headers;
mod measured;
mod no_proxy;
mod proxies;
mod resolve;
mod service;
mod settings;
mod stream;
mod target;
mod tls;
mod traced;
mod tunnel;
mod turns;

pub use builder::HttpClientBuilder;
pub use call::Call;
pub use environment::ClientEnvironment;
pub use error::{CallError, Fault, Part, Stage};
pub use greenroom_context::BoxFuture;
pub use resolve::Resolve;
pub use service::{HttpClient, HttpClientService};
pub use settings::ClientSettings;
pub use tls::TlsFault;
pub use turns::CALLS_AT_ONCE;

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
