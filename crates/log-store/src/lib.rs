//! The last log lines of this process, in memory: found by their request, and read through the redactor only.
//!
//! ```
//! use greenroom_log_store::{LineQuery, LogStore};
//! use greenroom_logging::{RootLogger, info};
//!
//! let store = LogStore::new(1 << 20);
//! let root = RootLogger::builder().tap(store.sink()).build();
//! info!(root.plugin("tasks"), attempt = 3, "Queueing this task for tim.password.1");
//! root.add_redactions(["tim.password.1"]);
//!
//! let line = &store.lines(&LineQuery::default()).lines[0];
//! assert_eq!((line.plugin.as_deref(), &*line.message), (Some("tasks"), "Queueing this task for ***"));
//! assert_eq!(line.fields["attempt"], 3);
//! ```
//!
//! A record that passed the level rules is kept as it is, typed and unmasked, in a ring of bytes that forgets the oldest.
//! [`Line`] is the only form in which it comes out: masked by the secrets of the moment in which it is read, so that one which
//! became known later is hidden too, by the names of fields, and in URLs.
//!
//! This crate knows no HTTP: pages and routes are made of what it gives.

mod around;
mod encode;
mod follow;
mod line;
mod mask;
mod query;
mod record;
mod ring;
mod settings;
mod shapes;
mod sink;
mod store;

pub use follow::{Followed, Follower};
pub use line::Line;
pub use query::{LineQuery, Lines, MOST_LINES};
pub use settings::LogStoreSettings;
pub use sink::{LogStoreSink, unseen};
pub use store::LogStore;

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
