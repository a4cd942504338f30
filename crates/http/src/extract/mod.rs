//! Extractors whose refusals are Node's.

mod json;
mod path;
mod query;
mod words;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use json::Json;
pub(crate) use json::is_from_json;
pub use path::Path;
pub use query::Query;

/// The value as a `T`, or why it is none, in words of JSON.
pub(crate) fn fit<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| refusal_of(&error))
}

/// Where a value does not fit, and why.
fn refusal_of(error: &serde_path_to_error::Error<impl std::fmt::Display>) -> String {
    let path = error.path().to_string();
    // The path of the whole is a single dot.
    words::misfit(path.strip_prefix('.').unwrap_or(&path), &error.inner().to_string())
}
