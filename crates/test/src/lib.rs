//! A backend in a test, for whoever writes a plugin.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use axum::{Router, routing::get};
//! use greenroom::prelude::*;
//! use greenroom_test::TestBackend;
//!
//! let hello = plugin("hello", |env| {
//!     env.register_init(async |logger: Logger, http: HttpRouter| {
//!         http.mount(Router::new().route("/greet/{name}", get(async move |Path(name): Path<String>| {
//!             logger.child(fields! { name: &name }).info("Greeting.");
//!             Json(format!("good evening, {name}"))
//!         })));
//!         Ok(())
//!     });
//! });
//!
//! let backend = TestBackend::new().add(hello).start().await.unwrap();
//! let response = backend.get("/api/hello/greet/anna").await;
//! assert_eq!(response.status, 200);
//! assert_eq!(response.json(), "good evening, anna");
//! let line = backend.await_log(|line| line["message"] == "Greeting.").await;
//! assert_eq!(line["name"], "anna");
//!
//! assert_eq!(backend.get("/api/hello/greet/anna").without_credentials().await.status, 401);
//! backend.stop().await;
//! # }
//! ```
//!
//! The wiring is production's; what differs is what a test needs: a free port of the loopback interface, no config, a
//! log that is kept instead of printed, and mock authentication ([`mock_credentials`]), under which a request without
//! credentials comes from a mock user. A factory that is [added](TestBackend::add) replaces any of that; [`mock`] has
//! ready ones. A module needs no plugin: it gets an empty one.
//!
//! A plugin that asks for a database needs the feature `database`: it gets SQLite in memory, unless the test's config says
//! otherwise, and so does `mock::database_of` without a backend.
//!
//! Where a test cannot go on (no answer, a body that is not JSON, a line that never comes) the kit panics and says
//! what it saw; `start` alone returns its error, because a failing start is worth a test.
//!
//! Crates that this one is built upon cannot use it in unit tests.

mod backend;
mod captured;
mod client;
mod config;
pub mod mock;
mod mock_auth;
pub mod mock_credentials;
#[cfg(feature = "database")]
mod mock_database;
mod running;

pub use backend::TestBackend;
pub use captured::Captured;
pub use client::{TestClient, TestRequest, TestResponse};
pub use config::IntoConfig;
pub use running::RunningTestBackend;
