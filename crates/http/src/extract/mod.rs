//! Extractors whose refusals are Node's.

mod body;
mod json;
mod path;
mod syntax;

pub(crate) use json::FromJson;
pub use json::Json;
pub use path::Path;
