//! How a record is shown.

mod access;
mod count;
mod json;
mod paint;
mod pretty;

pub use pretty::Pretty;

pub(crate) use count::Count;
pub(crate) use json::json;
pub(crate) use pretty::PrettyWriter;

use greenroom_node_log::{Plugin, Record};

/// Where a record comes from, and whether that is a guess: the plugin, else the service of the framework.
fn origin<'a>(record: &'a Record<'_>) -> (&'a str, bool) {
    match &record.plugin {
        Some(Plugin::Named(id)) => (id, false),
        Some(Plugin::Guess(id)) => (id, true),
        None => (record.service.as_deref().unwrap_or("-"), false),
    }
}
