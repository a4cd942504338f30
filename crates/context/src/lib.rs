//! What the current work belongs to, and `spawn` that carries it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_context::{Context, spawn};
//!
//! Context::current().with_plugin("catalog").scope(async {
//!     let found = spawn("refresh", async { Context::current().plugin().map(str::to_owned) });
//!     assert_eq!(found.await.unwrap().flatten().as_deref(), Some("catalog"));
//! }).await;
//! # }
//! ```
//!
//! A context is a cheap handle that travels with a future: the plugin and module at work, the [`Request`] that is
//! answered, and the backend's [`Tasks`]. Log lines, spans and errors read it, so that code deep in a library is still
//! attributed to its owner.
//!
//! This crate must not know services or logging. Of HTTP it knows only the names of the headers in which a request's name
//! comes and goes on: [`Request::from_headers`], [`Request::headers`].

mod context;
mod panic;
mod request;
mod tasks;
mod trace;
mod trace_state;

pub use context::{Context, ContextField};
pub use panic::{CatchPanic, CaughtPanic, catch_panic, catch_panic_in, contain_panic, note_panic};
pub use request::Request;
pub use tasks::{TaskFault, TaskFaultKind, Tasks, spawn, spawn_blocking, spawn_thread};
pub use trace::{Hex, SpanId, TraceContext, TraceId};

/// A boxed future, as the traits behind handles return.
///
/// ```
/// use greenroom_context::BoxFuture;
///
/// trait Greets {
///     fn greet<'a>(&'a self, name: &'a str) -> BoxFuture<'a, String>;
/// }
///
/// struct Politely;
///
/// impl Greets for Politely {
///     fn greet<'a>(&'a self, name: &'a str) -> BoxFuture<'a, String> {
///         Box::pin(async move { format!("good evening, {name}") })
///     }
/// }
/// ```
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
