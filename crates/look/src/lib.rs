//! What can be seen of a Backstage from outside, by its URL.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_look::Look;
//!
//! let report = Look::new("https://portal.example.com".parse().unwrap()).run().await;
//! println!("{}", report.text(false));
//! # }
//! ```
//!
//! A run has two halves. `gather` makes the requests, all of them within [`Limits`], and keeps what came in a `Seen`; each check
//! is a function of that, a file of its own in `checks/`, and calls nothing. What they say is a [`Report`].
//!
//! Only GET, HEAD and the handshake of a WebSocket are sent, no redirection leaves the origin, and neither does a token.

mod active;
mod checks;
mod credentials;
mod finding;
mod gather;
mod known;
mod look;
mod mask;
mod page;
mod policy;
mod report;
mod seen;
mod source_map;
mod target;
mod web;

pub use look::{Limits, Look, Token};
pub use report::{Report, Verdict};
pub use target::Target;
pub use web::{Request, USER_AGENT};
