//! Failures, told to people: what was wrong, where, what to do.

use std::process::ExitCode;

use greenroom::{
    config::ConfigError,
    core::{Fault, StartError},
    errors::{Error, describe},
};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use crate::refusal;

/// Prints `error:` and perhaps `help:`; exit code 1.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn fail(text: &str, help: Option<&str>) -> ExitCode {
    eprintln!("error: {text}");
    if let Some(help) = help {
        eprintln!(" help: {help}");
    }
    ExitCode::FAILURE
}

/// The same, exit code 2.
pub(crate) fn usage(text: &str) -> ExitCode {
    fail(text, None);
    ExitCode::from(2)
}

/// Prints a config error with the line it points at, and all that it stands for; exit code 1.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn config_error(error: &ConfigError) -> ExitCode {
    error.clone().each().for_each(|one| eprint!("{}", rendered(&one)));
    ExitCode::FAILURE
}

/// A diagnostic as text; coloured by nobody, since it may end in a log.
pub(crate) fn rendered(diagnostic: &dyn Diagnostic) -> String {
    let mut out = String::new();
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_wrap_lines(false);
    match handler.render_report(&mut out, diagnostic) {
        Ok(()) => out,
        Err(_) => format!("{diagnostic}\n"),
    }
}

/// Why a start failed, after the log lines that tell it in full.
///
/// `command` is what people typed to start, options included.
pub(crate) fn start_error(command: &str, failed: &StartError) {
    let faults = failed.faults();
    // There was no logger yet.
    if failed.is_untold() && refusal::is_for_the_log_alone(&faults) {
        return;
    }
    match &*faults {
        [Fault { owner: None, error }] => one(command, error),
        faults => {
            fail(&failed.to_string(), None);
            faults.iter().for_each(|fault| show_line(&fault.error));
        }
    }
}

/// What a command failed with; exit code 1.
pub(crate) fn failure(error: &Error) -> ExitCode {
    match error.downcast_ref::<ConfigError>() {
        Some(config) => config_error(config),
        None => fail(error.message(), None),
    }
}

/// Shows the line of the config that an error points at, if it does.
pub(crate) fn show_line(error: &Error) {
    if let Some(config) = error.downcast_ref::<ConfigError>() {
        config_error(config);
    }
}

fn one(command: &str, error: &Error) {
    if let Some(config) = error.downcast_ref::<ConfigError>() {
        config_error(config);
        return;
    }
    let property = |key: &str| error.properties().get(key);
    let (code, port) = (property("code").and_then(|c| c.as_str()), property("port").and_then(|p| p.as_u64()));
    match (code, port) {
        (Some("EADDRINUSE"), Some(port)) => {
            let other = if port == 7007 { 7008 } else { 7007 };
            let help = format!(
                "stop what listens there, or choose another port: APP_CONFIG_backend_listen='127.0.0.1:{other}' {command}"
            );
            fail(&format!("port {port} is taken ({error})"), Some(&help));
        }
        (Some("EACCES"), Some(port)) => {
            let help = "ports below 1024 need privileges; choose another in backend.listen";
            fail(&format!("port {port} may not be opened ({error})"), Some(help));
        }
        (Some("EADDRINUSE"), None) => {
            let help = "stop what listens there, or choose another path in backend.listen";
            fail(error.message(), Some(help));
        }
        (Some("ENOTFOUND"), _) => {
            fail(error.message(), Some("no address is known for the host in backend.listen"));
        }
        _ => {
            let seen = describe(error);
            // What has no name of its own is called an error already.
            match seen.name.as_ref() {
                "Error" => fail(&seen.message, None),
                name => fail(&format!("{name}: {}", seen.message), None),
            };
        }
    }
}
