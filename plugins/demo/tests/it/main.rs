//! The demo's page, as whoever opens it on this machine sees it, and as all others do not.

mod buttons;
mod guards;
mod measured;
mod place;
mod pressed;
mod support;
