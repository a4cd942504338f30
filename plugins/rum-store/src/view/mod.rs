//! Views, which are told again and again as they go on: whole ones with a growing version, and updates of them.

mod cut;
mod document;
mod merge;
mod pending;
mod row;

pub(crate) use cut::IS_CUT;
pub(crate) use document::Document;
pub(crate) use pending::Pending;
pub(crate) use row::{Newer, Replaced, ViewRow};

pub use document::view_of;
