//! A backend with the plugin and its module.

use std::process::ExitCode;

use greenroom_program::Program;
use greetings::{greetings, loud};

fn main() -> ExitCode {
    Program::new("greetings", env!("CARGO_PKG_VERSION"))
        .plugin(greetings)
        .with(|backend| backend.add(loud()))
        .run()
}
