//! Starts the workspace's programs as an operator does, and reads what they print and answer.
//!
//! [`program`] starts, watches and stops; [`binary`] finds or builds what it starts; [`request`] speaks HTTP;
//! [`session`] does what a document says and compares. The tests are in `tests/it`.

pub mod binary;
pub mod program;
pub mod request;
pub mod session;

pub use program::{Finished, Program, Server};
pub use request::{Answer, Request};
