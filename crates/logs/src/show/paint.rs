//! Colours of a terminal.

use std::io::{self, Write};

use greenroom_logging::Level;

pub(super) const DIM: &str = "2";
pub(super) const BLUE: &str = "34";
pub(super) const CYAN: &str = "36";
pub(super) const RED: &str = "31";
pub(super) const YELLOW: &str = "33";
pub(super) const GREEN: &str = "32";

pub(super) const fn of_level(level: Level) -> &'static str {
    match level {
        Level::Error => RED,
        Level::Warn => YELLOW,
        Level::Info | Level::Http => GREEN,
        Level::Verbose | Level::Debug | Level::Silly => DIM,
    }
}

/// Writes a text in a colour, or without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn write(self, out: &mut impl Write, colour: &str, text: &str) -> io::Result<()> {
        match self.0 {
            true => write!(out, "\x1b[{colour}m{text}\x1b[0m"),
            false => out.write_all(text.as_bytes()),
        }
    }
}
