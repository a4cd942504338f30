//! A start that is refused before there is a logger: people see the box, a log pipeline one line of its own kind.

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use greenroom::{
    config::ConfigError,
    logging::{Compatibility, FormatInputs, LogEnvironment, LoggerOptions, RootLogger, choose_format, error},
};
use miette::Diagnostic;

use crate::explain;

/// Tells it, where the process's log is JSON on standard output; exit code 1.
pub(crate) fn config_error(refused: &ConfigError) -> ExitCode {
    config_errors(std::slice::from_ref(refused))
}

/// The same for several.
pub(crate) fn config_errors(refused: &[ConfigError]) -> ExitCode {
    let logger = json_logger();
    if let Some(logger) = &logger {
        refused.iter().flat_map(|refused| refused.clone().each()).for_each(|refused| log(logger, &refused));
        logger.flush(Duration::from_secs(2));
    }
    if logger.is_none() || std::io::stderr().is_terminal() {
        for refused in refused {
            explain::config_error(refused);
        }
    }
    ExitCode::FAILURE
}

fn log(logger: &RootLogger, refused: &ConfigError) {
    let place = refused.place().map(ToString::to_string);
    let help = refused.help().map(|help| help.to_string());
    error!(logger, +key = refused.key(), +place = place, +help = help, "Refused to start: {refused}");
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
        config::RootConfig,
        logging::{CaptureSink, Format},
    };

    use super::*;

    #[test]
    fn the_line_has_message_key_place_and_help() {
        let lines = CaptureSink::new();
        let logger = RootLogger::builder().format(Format::Backstage).sink(lines.clone()).build();
        let config = RootConfig::from_yaml("backend:\n  listen: [1]\n").unwrap();
        log(&logger, &config.number("backend.listen").unwrap_err());
        log(&logger, &config.number("backend.other").unwrap_err());
        let lines = lines.json();
        assert_eq!(lines[0]["level"], "error");
        assert_eq!(lines[0]["key"], "backend.listen");
        assert_eq!(lines[0]["place"], "mock-config:2:3");
        assert!(lines[0]["message"].as_str().unwrap().contains("got array, wanted number (mock-config:2:3)"));
        assert_eq!(lines[1]["help"], "set `backend.other` in one of the config files");
    }
}
