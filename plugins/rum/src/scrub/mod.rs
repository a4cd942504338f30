//! Takes out of browser events what is personal or secret.

mod line;
mod named;
mod text;

#[cfg(test)]
pub(crate) use line::scrubbed_line;
pub(crate) use line::{Event, scrub};
pub(crate) use text::Parameters;
