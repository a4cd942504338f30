//! The logger as a whole. Tests named `log_<n>_…` hold the rules of `docs/contract/logging.md`.

mod bad_code;
mod bridge;
mod checks;
mod config;
mod context;
mod fixture;
mod lines;
mod macros;
mod mock;
mod overrides;
mod panics;
mod recorded;
mod redaction;
mod sinks;
mod values;
