//! `greenroom look URL`.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use greenroom::{
    config::ConfigOptions,
    errors::{Error, Result},
    http_client::ClientEnvironment,
};
use greenroom_look::{Look as Run, Report, Target, Token};
use greenroom_program::{Program, Start, UsageError};

/// Look at a running Backstage from outside, by its URL, and say what its operator should know.
///
/// It changes nothing: at most 60 requests of GET and HEAD and a WebSocket's handshake, at most 5 a second, to this URL's origin
/// and to port 9464 of its host. It reads no config, so it can be run from anywhere, at any Backstage.
#[derive(clap::Args)]
#[command(after_help = HELP)]
struct Look {
    /// The portal's URL, such as https://portal.example.com.
    #[arg(value_name = "URL", value_parser = target)]
    url: Target,

    /// The environment variable that holds a token: also looks at what a caller with it sees. It goes nowhere but to the URL's
    /// origin.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,

    /// Also try what the way to the backend does with large bodies and event streams; while a template runs, this takes a minute longer.
    #[arg(long)]
    active: bool,

    /// Name each request that was made.
    #[arg(long)]
    verbose: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Exit codes: 0 nothing found, 1 findings, 2 usage, or the report cannot be printed, \
3 not a Backstage, or not reachable

What each finding means is in docs/look.md";

fn target(text: &str) -> std::result::Result<Target, String> {
    text.parse()
}

/// The program with the command.
pub(crate) fn with_command(program: Program) -> Program {
    program.start_command("look", |look: Look, _, options: ConfigOptions| {
        drop(options);
        plan(look)
    })
}

fn plan(look: Look) -> Result<Start> {
    let token =
        look.token_env.as_deref().map(|name| token(name, |name| std::env::var(name).ok())).transpose()?;
    let run =
        Run::new(look.url).token(token).active(look.active).environment(ClientEnvironment::from_process());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::from_any)?;
    let report = runtime.block_on(run.run());
    // A name that is still being looked up holds no command.
    runtime.shutdown_background();
    let text = if look.json { report.json() } else { report.text(look.verbose) };
    Ok(Start::done(printed(&text, &report)))
}

/// The token that a variable holds.
fn token(name: &str, value: impl Fn(&str) -> Option<String>) -> std::result::Result<Token, UsageError> {
    // Who gives the token itself has it in the process list by now; it is not repeated.
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.len() <= 100;
    if !is_name {
        return Err(UsageError::new("--token-env takes the name of a variable, not a token"));
    }
    let text = value(name).ok_or_else(|| UsageError::new(format!("{name} is not set")))?;
    Token::parse(&text).map_err(|why| UsageError::new(format!("{name} {why}")))
}

fn printed(text: &str, report: &Report) -> ExitCode {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => ExitCode::from(report.exit_code()),
        Err(_) => ExitCode::from(2),
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    #[test]
    fn a_token_comes_from_a_variable_and_a_mistake_does_not_repeat_it() {
        let value = |name: &str| match name {
            "GOOD" => Some("Bearer abc.def".to_owned()),
            "BAD" => Some("two words".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        assert!(token("GOOD", value).is_ok());
        for (name, told) in [
            ("BAD", "BAD holds more than a token"),
            ("EMPTY", "EMPTY is empty"),
            ("NONE", "NONE is not set"),
            ("eyJhbGciOi.JI.x", "--token-env takes the name of a variable, not a token"),
        ] {
            assert_eq!(token(name, value).unwrap_err().to_string(), told);
        }
    }

    #[test]
    fn what_is_no_url_is_wrong_usage() {
        let command = Look::augment_args(clap::Command::new("look"));
        let told = command.try_get_matches_from(["look", "portal.example.com"]).unwrap_err();
        assert_eq!(told.exit_code(), 2);
        assert!(told.to_string().contains("it begins with neither http:// nor https://"), "{told}");
    }
}
