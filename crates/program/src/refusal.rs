//! A start that is refused before there is a logger: people see the box, a log pipeline one line of its own kind.

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use greenroom::{
    config::{ConfigError, Masks, RootConfig},
    core::Fault,
    logging::{Compatibility, FormatInputs, LogEnvironment, LoggerOptions, RootLogger, choose_format, error},
};
use miette::Diagnostic;

use crate::explain;

/// Tells why there is no config, where the process's log is JSON on standard output; exit code 1.
pub(crate) fn no_config(error: ConfigError) -> ExitCode {
    refused(&[Fault { owner: None, error: error.into() }], &Masks::default())
}

/// Tells what is wrong with a config, without its secrets; exit code 1.
pub(crate) fn refuse(faults: &[Fault], config: &RootConfig) -> ExitCode {
    refused(faults, &config.masks())
}

#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
fn refused(faults: &[Fault], masks: &Masks) -> ExitCode {
    if !is_for_the_log_alone(faults, masks) {
        eprint!("{}", explain::lines(faults, masks));
    }
    ExitCode::FAILURE
}

/// Leaves a line for each in a log that is JSON. Whether that is all: there is such a log, and no person at a terminal.
pub(crate) fn is_for_the_log_alone(faults: &[Fault], masks: &Masks) -> bool {
    let Some(logger) = json_logger() else { return false };
    faults.iter().cloned().flat_map(ConfigError::each_fault).for_each(|fault| log(&logger, &fault, masks));
    logger.flush(Duration::from_secs(2));
    !std::io::stderr().is_terminal()
}

fn log(logger: &RootLogger, Fault { owner, error }: &Fault, masks: &Masks) {
    let config = error.downcast_ref::<ConfigError>();
    let place = config.and_then(ConfigError::place).map(ToString::to_string);
    let help = config.and_then(Diagnostic::help).map(|help| help.to_string());
    let text = match config {
        Some(config) => masks.long(&config.to_string()),
        None => masks.all(error.message()),
    };
    error!(
        logger,
        +plugin = owner.as_ref().map(|owner| &*owner.plugin),
        +module = owner.as_ref().and_then(|owner| owner.module.as_deref()),
        +key = config.and_then(ConfigError::key),
        +place = place,
        +help = help,
        "Refused to start: {text}"
    );
}

/// The environment alone decides on its format: the config may be what is wrong.
fn json_logger() -> Option<RootLogger> {
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
    let options = LoggerOptions { format, each_line: true, ..LoggerOptions::default() };
    format.is_json().then(|| RootLogger::builder().options(options).build())
}

#[cfg(test)]
mod tests {
    use greenroom::{
        core::Owner,
        errors::Error,
        logging::{CaptureSink, Format},
    };
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_line_has_message_key_place_and_help() {
        let lines = CaptureSink::new();
        let logger = RootLogger::builder().format(Format::Backstage).sink(lines.clone()).build();
        let config = RootConfig::from_yaml("backend:\n  listen: [1]\n").unwrap();
        let of = |error: ConfigError, owner| Fault { owner, error: error.into() };
        let masks = config.masks();
        log(&logger, &of(config.number("backend.listen").unwrap_err(), None), &masks);
        let owner = Owner { plugin: "tasks".into(), module: None };
        log(&logger, &of(config.number("backend.other").unwrap_err(), Some(owner)), &masks);
        log(&logger, &Fault { owner: None, error: Error::new("a circle") }, &masks);
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
