//! What is masked, for lines, pages, spans and browser events.
//!
//! ```
//! use greenroom_redact::{Secrets, url};
//!
//! let (secrets, _) = Secrets::default().with(["hunter2!"]).unwrap();
//! assert_eq!(secrets.mask("the password is hunter2!"), "the password is ***");
//! assert_eq!(secrets.mask("?password=hunter2%21"), "?password=***");
//!
//! assert_eq!(url("https://me:pw@example.com/cb?code=1&x=2"), "https://***@example.com/cb?code=***&x=2");
//! ```
//!
//! [`Secrets`] are texts that are known: what config declares secret. They are found in every form in which text shows
//! them: as they are, escaped as JSON or by Rust's `{:?}`, percent-encoded, within base64. [`url`] knows no secret and
//! goes by names: of parameters, and by where in a URL credentials stand.
//!
//! It must not know where secrets come from, nor how lines are written.

mod base64;
mod decode;
mod filter;
mod secrets;
mod url;

pub use secrets::{MASK, Secrets};
pub use url::{is_secret_name, url};
