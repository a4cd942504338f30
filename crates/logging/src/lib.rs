//! Root, plugin and child loggers: records, level rules, formats, redaction, sinks.
//!
//! ```
//! use greenroom_logging::{CaptureSink, Format, RootLogger, fields, info};
//!
//! let lines = CaptureSink::new();
//! let root = RootLogger::builder().format(Format::Pretty).sink(lines.clone()).build();
//! let log = root.plugin("catalog").child(fields! { task: "refresh" });
//! info!(log, entities = 12, "Refreshed");
//! assert!(lines.lines()[0].ends_with(r#"catalog info Refreshed task="refresh" entities=12"#));
//! ```
//!
//! A [`Record`] borrows everything from the call. A logger asks the level rules first, which it has settled by its own
//! fields, so that a dropped call costs a comparison. A kept record is encoded once per [`Format`], by merging the
//! logger's fields, encoded once, with those of the call; secrets are masked before text is escaped. The bytes go to
//! [`Sink`]s, which never block. What libraries say through `tracing` comes the same way ([`TracingBridge`]).
//!
//! This crate knows nothing of HTTP, of plugins' life, or of where telemetry is exported to.

mod bridge;
mod builder;
mod cached;
mod child;
mod compatibility;
mod config;
mod encode;
mod engine;
mod error;
mod field;
mod format;
mod level;
mod macros;
mod matcher;
mod panics;
mod record;
mod root;
mod rules;
mod secrets;
mod service;
mod services;
mod sink;
mod value;

pub use bridge::{BridgeOptions, Carried, TracingBridge, TracingListener, carrying};
pub use builder::{LoggerOptions, RootLoggerBuilder};
pub use compatibility::Compatibility;
pub use config::LogEnvironment;
#[doc(hidden)]
pub use encode::Clock;
pub use encode::{visible, visible_json};
pub use field::{Field, Fields};
pub use format::{Format, FormatInputs, choose_format};
pub use level::{Chosen, Level, UnknownLevel, choose_level};
pub use panics::PanicHook;
pub use record::Record;
pub use rules::Overrides;
pub use secrets::{doubtful_secrets, unused_redact_allowlist};
pub use service::{Logger, LoggerService, RootLogger, RootLoggerService};
pub use services::{logger, root_logger};
pub use sink::{BufferedSink, CaptureSink, DEFAULT_CAPACITY, Emitted, Redactor, Sink, SinkState, Wants};
pub use value::{FieldValue, ToField};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

#[doc(hidden)]
pub mod __private {
    pub use crate::macros::{
        AsError, AsErrorRef, LogValue, ViaDisplay, ViaError, ViaErrorRef, ViaField, ViaSerialize, Wrap,
    };
    pub use crate::value::AsJson;
}
