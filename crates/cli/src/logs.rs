//! `greenroom logs`.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{ArgAction, Args, FromArgMatches, ValueEnum};
use greenroom::{
    config::ConfigOptions,
    errors::{Error, Result},
    logging::Level,
};
use greenroom_logs::{Failure, Filter, Logs, Pretty, Settings, Shown, View, follow, moment, read_live};
use greenroom_program::{Program, Start, UsageError};
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

/// Show and filter log lines, of Node's backend and of this one.
///
/// Lines come from a file, or from standard input, as in: kubectl logs deploy/backstage | greenroom logs --level warn. What
/// kubectl --timestamps and --prefix, container runtimes and Docker write before a line is taken off. No config is read.
#[derive(Args)]
#[command(after_help = HELP, disable_help_flag = true)]
struct LogsArguments {
    /// A file, or - for standard input, which is the default; then filters, all of which hold.
    #[arg(value_name = "FILE|FILTER", allow_hyphen_values = true)]
    words: Vec<String>,

    /// Go on with what is written to the file, also when it is rotated or begins anew.
    #[arg(long)]
    follow: bool,

    /// Only records that are at least that grave: error, warn, info, http, verbose, debug or silly.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,

    /// Not what is older: 10m or 2h ago, 14:05, 2026-11-30T14:05, or a time of RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,

    /// Only what is older.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,

    /// Print JSON lines: as they came, or made of what was no JSON.
    #[arg(long)]
    json: bool,

    /// Print the bytes as they came.
    #[arg(long, conflicts_with_all = ["json", "count"])]
    raw: bool,

    /// Print how many records and bytes there are, by plugin and level.
    #[arg(long)]
    count: bool,

    /// Only these fields behind the message, or in each object of --json.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with_all = ["raw", "count"])]
    fields: Option<Vec<String>>,

    /// Whether to use colours: FORCE_COLOR and NO_COLOR say it too, else a terminal gets them.
    #[arg(long, value_name = "WHEN", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "always")]
    color: Option<Color>,

    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

const HELP: &str = "\
Filters:
  plugin:catalog      the field has this value (plugin=catalog is the same); * in it stands for anything
  took:>5             it is such a number: >, >=, <, <=
  stack:*             there is such a field
  user.name:\"A B\"     a field in an object; a value with spaces
  word, '\"a text\"'    the message or the stack has it, in whatever case
  -type:incomingRequest, -word   what must not hold

Exit codes: 0 something was shown, 1 nothing matched, 2 usage, or the output cannot be written, 3 the input cannot be read

docs/logs.md tells more.";

/// Stands before a word that begins with a hyphen and is none of the options. No argument of a process has such a character.
const MARK: char = '\0';

const UNREADABLE: u8 = 3;

/// The program with the command.
pub(crate) fn with_command(program: Program) -> Program {
    program.start_command("logs", |_: LogsArguments, _, options: ConfigOptions| plan(&options))
}

fn plan(options: &ConfigOptions) -> Result<Start> {
    let typed = options.args.iter().skip_while(|word| *word != "logs").skip(1);
    let arguments = match arguments(typed.map(String::as_str)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is such an error, too.
            let _ = error.print();
            return Ok(Start::done(
                u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
            ));
        }
    };
    let (input, filter) = split(&arguments.words, &options.cwd)?;
    if input.is_none() && arguments.follow {
        return Err(UsageError::new("--follow needs a file; a pipe is followed without it").into());
    }
    if input.is_none() && io::stdin().is_terminal() {
        return Err(UsageError::new(
            "there is nothing to read: name a file, or pipe lines in, as in `kubectl logs deploy/backstage | greenroom logs`",
        )
        .into());
    }
    let stdout = io::stdout().as_fd().try_clone_to_owned().map_err(Error::from_any)?;
    let has_colours = colours(arguments.color, stdout.is_terminal(), |name| {
        std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
    });
    let settings = settings(&arguments, filter, has_colours);
    // Not by `io::stdout`, which looks for the end of each line.
    let mut logs = Logs::new(settings, BufWriter::with_capacity(64 << 10, File::from(stdout)));
    let code = match run(input.as_deref(), arguments.follow, &mut logs) {
        Ok(Shown { records: 0 }) => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        // As `head` does it.
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(Failure::Write(error)) => told(2, &format!("cannot write to the standard output: {error}")),
        Err(Failure::Read(error)) => told(UNREADABLE, &unread(input.as_deref(), &error)),
    };
    Ok(Start::done(code))
}

fn run<W: Write>(
    input: Option<&Path>,
    is_followed: bool,
    logs: &mut Logs<W>,
) -> std::result::Result<Shown, Failure> {
    match input {
        Some(path) if is_followed => follow(path, logs)?,
        Some(path) => read_live(File::open(path).map_err(Failure::Read)?, logs)?,
        None => {
            let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(Failure::Read)?;
            read_live(File::from(stdin), logs)?;
        }
    }
    logs.finish()
}

fn unread(input: Option<&Path>, error: &io::Error) -> String {
    let name = input.map_or("standard input".to_owned(), |path| path.display().to_string());
    let help = match error.kind() {
        io::ErrorKind::NotFound => "; if it is a text to look for, it needs quotes within quotes: '\"…\"'",
        _ => "",
    };
    format!("cannot read {name}: {error}{help}")
}

#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
fn told(code: u8, text: &str) -> ExitCode {
    eprintln!("error: {text}");
    ExitCode::from(code)
}

/// Reads the command line behind `logs`. Words that begin with a hyphen are filters, which clap knows nothing of: behind the
/// first of them it would take all options for words.
fn arguments<'a>(
    typed: impl IntoIterator<Item = &'a str>,
) -> std::result::Result<LogsArguments, clap::Error> {
    let is_filter =
        |word: &str| word.starts_with('-') && word != "-" && word != "-h" && !word.starts_with("--");
    let marked = typed.into_iter().map(|word| match is_filter(word) {
        true => format!("{MARK}{word}"),
        false => word.to_owned(),
    });
    let command = LogsArguments::augment_args(clap::Command::new("logs"))
        .bin_name("greenroom logs")
        .mut_arg("words", |words| words.allow_hyphen_values(false))
        .mut_arg("help", |help| help.short('h'));
    let matches = command.try_get_matches_from(["logs".to_owned()].into_iter().chain(marked))?;
    let mut arguments = LogsArguments::from_arg_matches(&matches)?;
    for word in &mut arguments.words {
        if word.starts_with(MARK) {
            word.remove(0);
        }
    }
    Ok(arguments)
}

/// The file, if the first word names one, and the filter.
fn split(words: &[String], dir: &Path) -> Result<(Option<PathBuf>, Filter)> {
    let (input, filters) = match words {
        [first, rest @ ..] if first == "-" => (None, rest),
        [first, rest @ ..] if dir.join(first).exists() => (Some(dir.join(first)), rest),
        // That there is none is told when it is opened.
        [first, rest @ ..] if Filter::is_like_a_path(first) => (Some(dir.join(first)), rest),
        words => (None, words),
    };
    if let Some(late) = filters.iter().find(|word| Filter::is_like_a_path(word) && dir.join(word).exists()) {
        return Err(UsageError::new(format!("{late} is a file: it comes first, before the filters")).into());
    }
    let filter = filters.join(" ").parse().map_err(|error| UsageError::new(format!("{error}")))?;
    Ok((input, filter))
}

fn settings(arguments: &LogsArguments, filter: Filter, colour: bool) -> Settings {
    let fields = arguments.fields.clone();
    let LogsArguments { level, since, until, json, .. } = *arguments;
    let view = if arguments.count {
        View::Count { json }
    } else if json {
        View::Json { fields }
    } else if arguments.raw {
        View::Raw
    } else {
        View::Pretty(Pretty { colour, zone: TimeZone::system(), fields })
    };
    Settings { filter, level, since, until, view }
}

/// Whether to use colours; `is_set` tells whether a variable of the environment says yes.
fn colours(asked: Option<Color>, is_terminal: bool, is_set: impl Fn(&str) -> bool) -> bool {
    match asked {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        Some(Color::Auto) => is_terminal,
        None => is_set("FORCE_COLOR") || (is_terminal && !is_set("NO_COLOR")),
    }
}

fn level(text: &str) -> std::result::Result<Level, String> {
    text.parse().map_err(|_| "expected error, warn, info, http, verbose, debug or silly".to_owned())
}

fn time(text: &str) -> std::result::Result<Timestamp, String> {
    moment(text, &ZonedDateTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> std::result::Result<LogsArguments, clap::Error> {
        arguments(line.split_whitespace())
    }

    #[test]
    fn filters_with_a_hyphen_and_options_stand_in_any_order() {
        for line in [
            "x.log --level warn -type:x -health --count",
            "--count x.log -type:x --level=warn -health",
            "x.log -type:x -health --count --level warn",
        ] {
            let read = typed(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(read.words, ["x.log", "-type:x", "-health"], "{line}");
            assert_eq!((read.level, read.count), (Some(Level::Warn), true), "{line}");
        }
        assert_eq!(typed("- a --color").unwrap().words, ["-", "a"]);
    }

    #[test]
    fn the_command_line_of_the_program_takes_whatever_this_one_takes() {
        for line in ["-health", "--level warn -type:x a --count", "x -h", "-- -x", "--json -c:1"] {
            let command = LogsArguments::augment_args(clap::Command::new("logs"));
            let taken = command.try_get_matches_from(["logs"].into_iter().chain(line.split_whitespace()));
            assert!(taken.is_ok(), "{line}: {}", taken.unwrap_err());
        }
    }

    #[test]
    fn wrong_usage_and_help_are_told_wherever_they_stand() {
        for line in [
            "x --level loud",
            "--level loud x",
            "x --no-such",
            "x --raw --json",
            "x --since soon",
            "--raw --fields a",
        ] {
            assert_eq!(typed(line).err().map(|error| error.exit_code()), Some(2), "{line}");
        }
        for line in ["--help", "x -type:y --help", "x -h"] {
            assert_eq!(typed(line).err().map(|error| error.exit_code()), Some(0), "{line}");
        }
    }

    #[test]
    fn the_first_word_is_a_file_if_there_is_one_of_that_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("catalog"), "").unwrap();
        std::fs::write(dir.path().join("a.log"), "").unwrap();
        let split = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            split(&words, dir.path()).map(|(file, filter)| (file.is_some(), filter.to_string()))
        };
        assert_eq!(split(&["catalog", "x"]).unwrap(), (true, "x".to_owned()));
        assert_eq!(split(&["x", "catalog"]).unwrap(), (false, "x catalog".to_owned()));
        assert_eq!(split(&["-", "catalog"]).unwrap(), (false, "catalog".to_owned()));
        assert_eq!(split(&["url:/api/x"]).unwrap(), (false, "url:/api/x".to_owned()));
        let told = |words: &[&str]| split(words).unwrap_err().to_string();
        assert_eq!(split(&["b.log"]).unwrap(), (true, String::new()));
        assert!(told(&["x", "a.log"]).starts_with("a.log is a file: it comes first"));
        assert!(told(&["a.log", "plugin:"]).ends_with("  plugin:\n         ^"));
    }

    #[test]
    fn a_file_that_is_not_there_may_have_been_meant_as_text() {
        let told = unread(Some(Path::new("b.log")), &io::ErrorKind::NotFound.into());
        assert_eq!(
            told,
            "cannot read b.log: entity not found; if it is a text to look for, it needs quotes within quotes: '\"…\"'"
        );
    }

    #[test]
    fn colours_are_for_terminals_and_who_asks_for_them() {
        let none = |_: &str| false;
        assert!(colours(None, true, none) && !colours(None, false, none));
        assert!(colours(None, false, |name| name == "FORCE_COLOR"));
        assert!(!colours(None, true, |name| name == "NO_COLOR"));
        assert!(colours(Some(Color::Always), false, none) && !colours(Some(Color::Never), true, |_| true));
    }
}
