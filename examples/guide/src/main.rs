//! A backend with the plugins and the module.

use std::process::ExitCode;

use greenroom_plugin_auth::auth;
use greenroom_program::{Access, Program};
use greetings::{greetings, guests, loud};

fn main() -> ExitCode {
    Program::new("greetings", env!("CARGO_PKG_VERSION"))
        .plugin(greetings)
        .plugin(guests)
        .plugin_with(&["auth.providers"], auth)
        .with(|backend| backend.add(loud()))
        .example("greetings", Access::Open, "{url}/api/greetings/greet/loud/Ada")
        .run()
}
