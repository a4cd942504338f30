//! Takes out of browser events what is personal or secret.

mod line;
mod look;
mod named;
mod sdk_names;
pub(crate) mod steps;
mod text;

#[cfg(test)]
pub(crate) use line::scrubbed_line;
pub(crate) use line::{Event, scrub};
pub(crate) use look::Look;
pub(crate) use text::Parameters;

use std::sync::LazyLock;

/// What the URL of a request says of its events, masked as they are. A URL in it is none of a page's, so that no parameter of that is one
/// that may be told.
pub(crate) fn of_url(text: &str) -> String {
    static KEPT: LazyLock<Parameters> = LazyLock::new(|| Parameters::with([]));
    // Tags are separated so; what is masked of one is not the next.
    let tags: Vec<_> = text.split(',').map(|tag| Look::new(&KEPT).masked(tag)).collect();
    tags.join(",")
}
