//! A backend with the plugins and the module.

use std::process::ExitCode;

use greenroom::prelude::*;
use greenroom_plugin_auth::auth;
use greenroom_program::{Access, Answer, CommandContext, Program, clap};
use greetings::{greetings, guests, loud, phrase};

fn main() -> ExitCode {
    Program::new("greetings", env!("CARGO_PKG_VERSION"))
        .plugin(greetings)
        .plugin(guests)
        .plugin_with(&["auth.providers"], auth)
        .with(|backend| backend.add(loud()))
        .command("greetings", "preview", preview)
        .example("greetings", Access::Open, "{url}/api/greetings/greet/loud/Ada")
        .run()
}

/// Say how somebody would be greeted, without starting anything.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 fine, 1 the config cannot be read, 2 usage, 3 the plugin is off")]
struct Preview {
    /// Whom.
    name: String,
}

fn preview(Preview { name }: Preview, context: &CommandContext<'_>) -> Result<Answer> {
    if let Some(why) = context.why_off("greetings")? {
        return Ok(Answer::from(format!("Nobody is greeted: {why}")).exit_code(3));
    }
    Ok(phrase(&context.config()?)?.replace("{name}", &name).into())
}
