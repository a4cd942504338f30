//! How text, numbers and times are written.

pub(crate) mod foreign;
pub mod format;
pub mod time;
