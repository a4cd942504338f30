//! Backstage's error types: what a client, a log line and a start report say of a failure.
//!
//! ```
//! use greenroom_errors::{Error, Result, describe};
//!
//! fn results(task: &str) -> Result<String> {
//!     Err(Error::not_found(format!("No task '{task}'")).with("task", task))?
//! }
//!
//! let error = results("7").unwrap_err();
//! let seen = describe(&*error);
//! assert_eq!((seen.name.as_ref(), seen.message.as_str()), ("NotFoundError", "No task '7'"));
//! assert_eq!(seen.status(), 404);
//! ```
//!
//! Two audiences read an error. The *client* gets [`to_json`]: name, message, causes and the properties the author
//! attached; a stack only where the caller asks for it. The *log* gets [`Described`], which adds where the error was
//! made. What is [internal](Error::is_internal) is for the log alone; [`Error::without_internals`] takes it out of what a
//! client gets. Any `std::error::Error` is accepted everywhere; one that is not [`Error`] is seen as Node sees a plain
//! `Error`: that name, its `Display` text, status 500.
//!
//! This crate knows nothing of HTTP beyond status numbers, nor of logging.

mod describe;
mod error;
mod json;

pub use describe::{Described, describe};
pub use error::Error;
pub use json::{Stacks, to_json};

/// A boxed error, as every factory, init, hook, check and handler may return.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A result whose error is boxed unless said otherwise.
pub type Result<T = (), E = BoxError> = std::result::Result<T, E>;
