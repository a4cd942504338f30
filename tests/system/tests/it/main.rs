//! What only shows over many runs.

mod cycles;
mod process;
mod signals;
