//! Spans: what plugins and the backend itself tell of how long work took, and what it was part of.
//!
//! ```
//! use greenroom_core::plugin;
//! use greenroom_traces::{SpanKind, Tracing};
//!
//! # async fn ask(_: u32) -> greenroom_errors::Result<usize> { Ok(3) }
//! plugin("tasks", |env| {
//!     env.register_init(async |tracing: Tracing| {
//!         let found = tracing
//!             .span("tasks read")
//!             .kind(SpanKind::Client)
//!             .attribute("tasks.page", 7)
//!             .run(async |span| {
//!                 let found = ask(7).await?;
//!                 span.set_attribute("tasks.found", found as i64);
//!                 Ok(found)
//!             })
//!             .await?;
//!         assert_eq!(found, 3);
//!         Ok(())
//!     });
//! });
//! ```
//!
//! [`Tracing`] is Backstage's `alpha.core.tracing`: the tracer is called `backstage-plugin-<id>`. A span is part of what is at work
//! already, a request or another span, and becomes the parent of what is called within it: lines that are logged there tell its
//! `span_id`, and calls that go out from there carry it in `traceparent`. An error that the function returns is noted and goes on to
//! whoever called.
//!
//! The backend's own spans are made by a [`Tracer`]; that of a request is made from its exchange once it has ended. They wait in a
//! queue of the [`TracerProvider`] for whoever has [opened](TracerProvider::open) it. As long as nobody has, nothing is recorded, and a
//! span costs next to nothing. The queue has a bound, and nobody waits for it: what finds no room is counted and gone.
//!
//! This crate knows no HTTP and no wire format: who sends spans is above it.

mod data;
mod provider;
mod queue;
mod sampler;
mod service;
mod span;

pub use data::{Event, Scope, SpanData, SpanKind, Status};
pub use opentelemetry::{Array, Key, KeyValue, StringValue, Value};
pub use provider::{Tracer, TracerProvider};
pub use queue::{SpanCounts, Spans};
pub use sampler::{Sampler, SamplerError};
pub use service::{Caller, Tracing, TracingSettings};
pub use span::{Span, SpanBuilder, StartedSpan};

/// How many spans wait to be sent at most, unless it is said: OpenTelemetry's own default.
pub const MOST_WAITING: usize = 2_048;

/// How many attributes a span and an event have at most, how many events a span: what is said beyond them is counted. A list has no
/// more elements.
pub const MOST_PARTS: usize = 128;

/// How many bytes of a text are told; a few more are kept, so that a secret that is cut can be seen.
pub const LONGEST_TEXT: usize = 1_024;

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
