//! Browser sessions in a database: what is kept of the events that Datadog's SDK sends, and what is asked of them.
//!
//! Events come scrubbed, in batches: each is kept in one transaction, and what comes again changes nothing. No HTTP here.

mod batch;
pub mod detail;
pub mod device;
mod event;
pub mod fingerprint;
pub mod group;
mod keep;
#[cfg(feature = "made")]
pub mod made;
mod message;
mod pool;
pub mod queries;
mod requests;
pub mod route;
pub mod session;
pub mod source_maps;
mod sql;
pub mod stack;
mod store;
mod sweep;
mod text;
mod view;

pub use crate::{
    batch::{Arrival, Batch},
    keep::Kept,
    pool::Pool,
    requests::BackendRequest,
    store::Store,
    sweep::{Deleted, Limits, Swept},
    view::view_of,
};
