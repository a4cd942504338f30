//! Reads Backstage's app-config files: sources, substitution, merge, typed readers.
//!
//! ```no_run
//! use greenroom_config::{ConfigOptions, RootConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = RootConfig::load(&ConfigOptions::from_process()?)?;
//! let base_url = config.string("backend.baseUrl")?;
//! let port = config.optional_number("backend.listen.port")?.unwrap_or(7007.0);
//! # Ok(())
//! # }
//! ```
//!
//! The same files mean what they mean to Backstage's config loader, and errors have its texts; besides, every value
//! knows its file, line and column, and what it was made from. On the way through the crate: [`ConfigSources`] finds
//! the files, the YAML loader makes trees of [`Node`]s, each file's substitutions and includes are resolved, and the
//! trees stay apart, one for each source, until a reader of [`Config`] looks a value up from the highest down.
//!
//! This crate knows no key's meaning but which paths hold secrets; a service reads its own keys, and reports a bad
//! value it found itself by [`ConfigError::invalid`].

mod conceal;
mod config;
mod declare;
mod duration;
mod env;
mod error;
mod files;
mod gather;
mod include;
mod integer;
mod json;
mod key;
mod listeners;
mod live;
mod masks;
mod pattern;
mod place;
mod print;
mod reader;
mod reads;
mod root;
mod secret;
mod service;
mod shown;
mod snapshot;
mod sources;
mod spelling;
mod spots;
mod substitute;
mod switch;
mod text_parts;
mod trace;
mod transform;
mod unset;
mod value;
mod watch;
mod yaml;

pub use config::Config;
pub use declare::{ConfigSchemaText, DeclareConfig, Visibilities, Visibility, built_in_schema};
pub use error::{ConfigError, Result};
pub use gather::{Together, all, each};
pub use listeners::Subscription;
pub use masks::Masks;
pub use place::Place;
pub use print::Format;
pub use reads::{ConfigReader, FollowedKeys, Forecast, ReadContext, Remark};
pub use root::RootConfig;
pub use secret::Secret;
pub use shown::{Shown, ShownValue};
pub use sources::{ConfigOptions, ConfigSources};
pub use spelling::nearest;
pub use unset::Unset;
pub use value::{Node, Object, Origin, Value};
pub use watch::{ReloadEvent, Watch};
