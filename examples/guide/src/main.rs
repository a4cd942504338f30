//! A backend with the plugin and its module.

use std::process::ExitCode;

use greenroom_program::{Access, Program};
use greetings::{greetings, loud};

fn main() -> ExitCode {
    Program::new("greetings", env!("CARGO_PKG_VERSION"))
        .plugin(greetings)
        .with(|backend| backend.add(loud()))
        .example("greetings", Access::Open, "{url}/api/greetings/greet/loud/Ada")
        .run()
}
