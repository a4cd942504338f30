//! What is declared of config: schemas found, merged, checked, and what the browser may see.
//!
//! ```
//! use greenroom_config::{RootConfig, Visibility};
//! use greenroom_config_schema::{ConfigSchema, Schema};
//!
//! let declared = r#"{"type": "object", "properties": {"app": {"type": "object", "properties": {
//!     "title": {"type": "string", "visibility": "frontend"},
//!     "key": {"type": "string", "visibility": "secret"}
//! }}}}"#;
//! let schema = ConfigSchema::new([Schema::parse("my-plugin", "config.schema.json", declared)?])?;
//! let config = RootConfig::from_yaml("app: {title: Greenroom, key: sesame}").unwrap();
//! let sources = schema.filter(&config, &[Visibility::Frontend])?;
//! assert_eq!(sources[0].data.to_string(), r#"{"app":{"title":"Greenroom"}}"#);
//! # Ok::<(), greenroom_config_schema::SchemaError>(())
//! ```
//!
//! Schemas are JSON Schema draft-07 with Backstage's keywords `visibility`, `deepVisibility` and `deprecated`. They come
//! from an app's `.config-schema.json`, from the `package.json` of installed packages ([`find`]), and from Greenroom's
//! own crates, which keep theirs beside the code that reads the keys. They are merged to one, in which schemas add to
//! each other ([`ConfigSchema`]); Greenroom's own also make the reference of keys and find misspelt ones ([`keys`]).
//!
//! The texts are Backstage's. This crate knows no key's meaning, and reads config only through `greenroom-config`.

mod discover;
mod error;
mod filter;
mod find;
pub mod keys;
mod merge;
mod pointer;
mod refs;
mod schema;
mod source;
mod validate;
mod well_formed;

pub use error::{Result, SchemaError};
pub use filter::Filtered;
pub use find::{Found, find, package};
pub use schema::ConfigSchema;
pub use source::Schema;
