//! A start that is refused before there is a logger: people see the box, a log pipeline one line of its own kind.

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use greenroom::{
    config::{ConfigError, RootConfig},
    core::{Fault, Owner},
    errors::Error,
    logging::{Compatibility, FormatInputs, LogEnvironment, LoggerOptions, RootLogger, choose_format, error},
};
use miette::Diagnostic;

use crate::explain;

/// Tells why there is no config, where the process's log is JSON on standard output; exit code 1.
pub(crate) fn no_config(error: ConfigError) -> ExitCode {
    let faults = [Fault { owner: None, error: error.into() }];
    refused(&faults, vec![], explain::lines)
}

/// Tells what is wrong with a config, without its secrets; exit code 1.
pub(crate) fn refuse(faults: &[Fault], config: &RootConfig) -> ExitCode {
    refused(faults, config.secrets(), |faults| config.masked(&explain::lines(faults)))
}

#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
fn refused(faults: &[Fault], secrets: Vec<String>, lines: impl FnOnce(&[Fault]) -> String) -> ExitCode {
    if !is_logged_alone(faults, secrets) {
        eprint!("{}", lines(faults));
    }
    ExitCode::FAILURE
}

/// Leaves a line for each in a log that is JSON. Whether that is all: there is such a log, and no person at a terminal.
pub(crate) fn is_for_the_log_alone(faults: &[Fault], config: &RootConfig) -> bool {
    is_logged_alone(faults, config.secrets())
}

fn is_logged_alone(faults: &[Fault], secrets: Vec<String>) -> bool {
    let Some(logger) = json_logger(secrets) else { return false };
    faults.iter().for_each(|fault| log(&logger, fault));
    logger.flush(Duration::from_secs(2));
    !std::io::stderr().is_terminal()
}

fn log(logger: &RootLogger, Fault { owner, error }: &Fault) {
    match error.downcast_ref::<ConfigError>() {
        // One error may stand for several.
        Some(config) => config.clone().each().for_each(|one| log_one(logger, owner.as_ref(), &one.into())),
        None => log_one(logger, owner.as_ref(), error),
    }
}

fn log_one(logger: &RootLogger, owner: Option<&Owner>, error: &Error) {
    let config = error.downcast_ref::<ConfigError>();
    let place = config.and_then(ConfigError::place).map(ToString::to_string);
    let help = config.and_then(Diagnostic::help).map(|help| help.to_string());
    let text = match config {
        Some(config) => config.to_string(),
        None => error.message().to_owned(),
    };
    error!(
        logger,
        +plugin = owner.map(|owner| &*owner.plugin),
        +module = owner.and_then(|owner| owner.module.as_deref()),
        +key = config.and_then(ConfigError::key),
        +place = place,
        +help = help,
        "Refused to start: {text}"
    );
}

/// The environment alone decides on its format: the config may be what is wrong.
fn json_logger(secrets: Vec<String>) -> Option<RootLogger> {
    let env = LogEnvironment::from_process();
    let inputs = FormatInputs {
        config: None,
        compatibility: Compatibility::default(),
        log_format: env.log_format.as_deref(),
        node_env: env.node_env.as_deref(),
        force_color: env.force_color.as_deref(),
        is_terminal: env.is_terminal,
    };
    let format = choose_format(inputs).ok()?.value;
    let options = LoggerOptions { format, secrets, each_line: true, ..LoggerOptions::default() };
    format.is_json().then(|| RootLogger::builder().options(options).build())
}

#[cfg(test)]
mod tests {
    use greenroom::logging::{CaptureSink, Format};
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_line_has_message_key_place_and_help() {
        let lines = CaptureSink::new();
        let logger = RootLogger::builder().format(Format::Backstage).sink(lines.clone()).build();
        let config = RootConfig::from_yaml("backend:\n  listen: [1]\n").unwrap();
        let of = |error: ConfigError, owner| Fault { owner, error: error.into() };
        log(&logger, &of(config.number("backend.listen").unwrap_err(), None));
        let owner = Owner { plugin: "tasks".into(), module: None };
        log(&logger, &of(config.number("backend.other").unwrap_err(), Some(owner)));
        log(&logger, &Fault { owner: None, error: Error::new("a circle") });
        let lines = lines.json();
        assert_eq!(lines[0]["level"], "error");
        assert_eq!(lines[0]["key"], "backend.listen");
        assert_eq!(lines[0]["place"], "mock-config:2:3");
        assert!(lines[0]["message"].as_str().unwrap().contains("got array, wanted number (mock-config:2:3)"));
        assert_eq!(lines[1]["help"], "set `backend.other` in one of the config files");
        assert_eq!((&lines[0]["plugin"], &lines[1]["plugin"]), (&Value::Null, &"tasks".into()));
        assert_eq!(lines[2]["message"], "Refused to start: a circle");
    }
}
