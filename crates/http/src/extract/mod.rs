//! Extractors whose refusals are Node's.

mod json;
mod path;

pub(crate) use json::FromJson;
pub use json::Json;
pub use path::Path;
