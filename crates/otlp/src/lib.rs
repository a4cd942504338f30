//! Traces and metrics, sent to a collector by OTLP over HTTP.
//!
//! ```
//! use greenroom_config::RootConfig;
//! use greenroom_otlp::{OtelEnvironment, OtlpSettings, Signal};
//!
//! let variables = [
//!     ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
//!     ("OTEL_METRICS_EXPORTER", "prometheus"),
//! ];
//! let environment = OtelEnvironment::from_variables(variables);
//! let settings = OtlpSettings::from_config(&RootConfig::from_yaml("").unwrap(), &environment).unwrap();
//! assert_eq!(settings.target(Signal::Traces).unwrap().shown(), "collector:4318/v1/traces");
//! assert!(settings.target(Signal::Metrics).is_none());
//! ```
//!
//! [`Telemetry`] is what does it in a backend: where an endpoint is said, it opens the queue of spans (`traces.rs`), reads the metrics
//! again and again (`metrics.rs`), and sends both by a client of its own (`send.rs`), whose calls are in no trace, no metric and no line.
//! `deliver.rs` says what is sent again, when and how long; `outage.rs` what of it an operator is told. Where it all goes to is never
//! logged. [`test`](crate::probe::send_one) sends one of each and tells what became of it.

mod counts;
mod deliver;
mod encode;
mod environment;
mod metrics;
mod outage;
pub mod probe;
mod send;
mod service;
mod settings;
mod traces;

pub use environment::OtelEnvironment;
pub use service::Telemetry;
pub use settings::{OtlpSettings, Protocol, QueueSettings, Signal, Target};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
