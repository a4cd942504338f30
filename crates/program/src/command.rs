//! What the arguments say.

use std::{process::ExitCode, time::Instant};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue},
};
use greenroom::config::{ConfigOptions, Format};

use crate::{
    Program, check, explain, extra, print, schema, start,
    ways::{self, Way},
};

#[derive(Parser)]
#[command(version = "", max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    /// A config file; repeat it to layer several, the last one wins. Without it: app-config.yaml and its variants.
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<String>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the backend and serve until SIGTERM or SIGINT (the default command).
    Start,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Read everything that a start would read, and report all that is wrong, each with its file and line.
    Check,
    /// Print the merged configuration, secrets hidden.
    Print {
        /// Tell of each value which file and line it comes from.
        #[arg(long)]
        with_sources: bool,
        /// Only what the browser gets to see, as it is.
        #[arg(long, conflicts_with = "with_sources")]
        frontend: bool,
        /// How to print it.
        #[arg(long, value_enum, default_value = "yaml")]
        format: PrintFormat,
    },
    /// Print the JSON Schema of the configuration, merged from Greenroom's own and those found beside the config.
    Schema,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrintFormat {
    Yaml,
    Json,
}

const AFTER_HELP: &str = "\
Environment:
  APP_CONFIG_<key>   sets a config key, such as APP_CONFIG_backend_listen=':7008'
  NODE_ENV           `production`: JSON log lines; `development`: stacks in error bodies
  LOG_LEVEL          error, warn, info or debug; wins over backend.logger.level
  LOG_FORMAT         backstage, pretty or node; wins over greenroom.logger.format
  BACKSTAGE_ENV      which app-config.<env>.yaml files are read besides

Exit codes: 0 stopped, 1 start or config failed, 2 usage, 130/143 forced by a second signal;
  of a child process its own, and 127 where it cannot take our place";

pub(crate) fn run(mut program: Program) -> ExitCode {
    let began = Instant::now();
    let command = Cli::command().name(program.name).version(program.version).about(program.about);
    let command = ways::added(extra::added(command, &program.extras), &program.ways);
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&with_tip(error, &program)),
    };
    // The files are read from the arguments themselves: of those before a subcommand and behind it, clap keeps one kind.
    let options = match ConfigOptions::from_process() {
        Ok(options) => options,
        Err(error) => return explain::fail(&format!("cannot read the working directory: {error}"), None),
    };
    if let Some((way, arguments)) = Way::typed(&program.ways, &matches) {
        let way = program.ways.swap_remove(way);
        return start::start_by(&way, arguments, program, options, began);
    }
    let catalogue = &program.catalogue;
    if let Some((extra, arguments)) = extra::typed(&program.extras, &matches) {
        return extra::run(extra, arguments, catalogue, &options);
    }
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command.unwrap_or(Command::Start) {
        Command::Start => start::start(&program, &options, &options.args, began),
        Command::Config(ConfigCommand::Check) => check::check(catalogue, &options),
        Command::Config(ConfigCommand::Schema) => schema::print(catalogue, &options),
        Command::Config(ConfigCommand::Print { frontend: true, format, .. }) => {
            let format = if format == PrintFormat::Json { Format::Json } else { Format::Yaml };
            schema::print_frontend(catalogue, &options, format)
        }
        Command::Config(ConfigCommand::Print { with_sources, format, .. }) => {
            let format = match (format, with_sources) {
                (PrintFormat::Json, false) => Format::Json,
                (PrintFormat::Json, true) => {
                    return explain::usage(
                        "JSON has no comments: leave out --with-sources, or --format json",
                    );
                }
                (PrintFormat::Yaml, false) => Format::Yaml,
                (PrintFormat::Yaml, true) => Format::YamlWithPlaces,
            };
            print::print(catalogue, &options, format)
        }
    }
}

/// Tells who has forgotten the `--` in front of a command what to write.
fn with_tip(mut error: clap::Error, program: &Program) -> clap::Error {
    let refused = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(refused)) => refused.clone(),
        _ => return error,
    };
    let typed = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let typed: Vec<_> = [program.name.to_owned()].into_iter().chain(typed).collect();
    if let Some(line) = ways::with_separator(&program.ways, &typed, &refused) {
        let tip = format!("write `--` in front of the command: {line}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Help and version are such errors, too; nobody is there to hear that they cannot be printed.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
