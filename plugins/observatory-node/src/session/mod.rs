//! How one session, one request or one error is told.

mod log_lines;
mod stack;
mod timeline;

pub use log_lines::{LogLine, kept_lines, log_lines};
pub use stack::{SourceLine, StackFrame, stack};
pub use timeline::{Entry, timeline};
