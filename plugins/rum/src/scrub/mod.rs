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
