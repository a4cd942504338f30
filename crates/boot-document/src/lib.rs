//! How a start went, ours or a Node backend's, in one form: it is told as JSON, kept in the data directory, and read back.
//!
//! ```
//! use std::time::{Duration, Instant, SystemTime};
//! use greenroom_boot_document::{BootDocument, Outcome};
//! use greenroom_node_log::{Reader, Stream, facts::NodeBoot};
//!
//! let mut boot = NodeBoot::new(SystemTime::UNIX_EPOCH);
//! for id in ["app", "catalog"] {
//!     let why = "Failed to connect to the database, Error: connect ECONNREFUSED 127.0.0.1:5432";
//!     let line = format!(r#"{{"level":"error","service":"backstage","message":"Plugin '{id}' threw an error during startup. {why}"}}"#);
//!     let mut note = |record: greenroom_node_log::Record<'_>| boot.note(&record, || SystemTime::UNIX_EPOCH + Duration::from_secs(1));
//!     Reader::new(Stream::Stdout).push(format!("{line}\n").as_bytes(), Instant::now(), &mut note);
//! }
//! let document = BootDocument::of_node(&boot);
//! assert_eq!(document.outcome, Some(Outcome::Failure));
//! assert_eq!(document.why_failed().as_deref(), Some("connect ECONNREFUSED 127.0.0.1:5432 (2 plugins: 'app', 'catalog')"));
//! ```
//!
//! `of_report.rs` makes one of our own report, `of_node.rs` of what Node's lines told; `causes.rs` says why it has failed, for every
//! page, check and command. Secrets are taken out before: by who gives the report, or the lines.
//!
//! It must not know of HTTP, nor of who shows it.

mod causes;
mod document;
mod kept;
mod of_node;
mod of_report;

pub use causes::Cause;
pub use document::{BootDocument, Failed, Link, NodeTimes, Outcome, Step, StepOfNode};
pub use kept::KeptBoots;
