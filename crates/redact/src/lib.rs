//! What is masked, for lines, pages, spans and browser events.
//!
//! ```
//! use greenroom_redact::{Secrets, name_is_secret, text, url};
//!
//! let (secrets, _) = Secrets::default().with(["hunter2!"]).unwrap();
//! assert_eq!(secrets.mask("the password is hunter2!"), "the password is ***");
//! assert_eq!(secrets.mask("?password=hunter2%21"), "?password=***");
//!
//! assert!(name_is_secret("clientSecret") && !name_is_secret("clientId"));
//! assert_eq!(url("https://me:pw@example.com/cb?code=1&x=2"), "https://***@example.com/cb?code=***&x=2");
//! assert_eq!(text("GET https://example.com/?token=1 failed"), "GET https://example.com/?token=*** failed");
//! ```
//!
//! [`Secrets`] are texts that are known: what config declares secret. They are found in every form in which text shows
//! them: as they are, escaped as JSON or by Rust's `{:?}`, percent-encoded, within base64, in hexadecimal, as bytes in a list
//! of numbers; of a key in PEM, each line by itself. [`Tokens`] are found in pages, too. The others know no secret. They go by names, of which there is [one list](name_is_secret), and by where in a URL credentials stand.
//!
//! It must not know where secrets come from, nor how lines are written.

mod base64;
mod begun;
mod decode;
mod filter;
mod forms;
mod html;
mod name;
mod name_lists;
mod ranges;
mod secrets;
mod shape;
mod text;
mod tokens;
mod url;
mod webhook;

pub use name::{name_is_secret, names_secrets};
pub use name_lists::{NAME_LISTS, NameLists};
pub use secrets::{MASK, Secrets};
pub use shape::is_secret_by_shape;
pub use text::{credentials_in, text};
pub use tokens::Tokens;
pub use url::{broken_url, url};
