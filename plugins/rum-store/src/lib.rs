//! Browser sessions in a database: what is kept of the events that Datadog's SDK sends, and what is asked of them.
//!
//! Events come scrubbed, in batches: each is kept in one transaction, and what comes again changes nothing. No HTTP here.

pub mod detail;
pub mod device;
pub mod fingerprint;
pub mod group;
#[cfg(feature = "made")]
pub mod made;
mod message;
mod pool;
pub mod queries;
pub mod route;
pub mod source_maps;
pub mod stack;
mod store;
mod text;

pub use crate::{pool::Pool, store::Store};
