//! Takes out of browser events what is personal or secret.

mod line;
mod text;

pub(crate) use line::{Event, scrub};
pub(crate) use text::Parameters;
