//! Browser sessions in a database: what is kept of the events that Datadog's SDK sends, and what is asked of them.
//!
//! Events come scrubbed, in batches: each is kept in one transaction, and what comes again changes nothing. No HTTP here.

mod batch;
pub mod detail;
pub mod device;
mod event;
pub mod fingerprint;
pub mod group;
mod grown;
mod keep;
#[cfg(feature = "made")]
pub mod made;
mod message;
pub mod queries;
mod requests;
pub mod route;
pub mod session;
mod size;
pub mod source_maps;
pub mod stack;
mod store;
mod sweep;
mod text;
mod view;
mod writer;

pub use crate::{
    batch::{Arrival, Batch},
    requests::BackendRequest,
    store::Store,
    sweep::{Deleted, Limits, Swept},
    view::view_of,
    writer::Kept,
};
