//! JavaScript's numbers, order of keys and texts, where Node's config, log lines and bodies show them.
//!
//! ```
//! use greenroom_js as js;
//! use serde_json::json;
//!
//! assert_eq!(js::number::parse(" 0x10 "), Some(16.0));
//! assert_eq!(js::number::to_string(1e21), "1e+21");
//! assert_eq!(js::string(&json!(["a", null, 1.0])), "a,,1");
//! assert_eq!(js::stringify(&json!({"n": 1e2}), false).unwrap(), r#"{"n":100}"#);
//! ```
//!
//! [`number`] is `Number(text)` and `String(n)`; [`key`] how objects list keys and how `sort()` orders them; [`json`]
//! what `JSON.stringify` writes; [`text`] what `trim()` takes away and `String(value)` gives.
//!
//! It must not know of config, lines or bodies: they ask, it answers.

pub mod json;
pub mod key;
pub mod number;
pub mod text;

pub use json::stringify;
pub use text::string;
