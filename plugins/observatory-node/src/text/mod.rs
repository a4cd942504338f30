//! How text, numbers and times are written.

pub mod foreign;
pub mod format;
pub mod time;
