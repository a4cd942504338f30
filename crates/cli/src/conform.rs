//! `greenroom conform`.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use greenroom::{
    config::ConfigOptions,
    errors::{Error, Result},
    http_client::{ClientEnvironment, HttpClient},
};
use greenroom_conform::{
    Also, Area, Conform, GUEST, Known, LogShape, MOST_NAMED, Origin, PLUGINS, Pace, Report, Side, Token,
    Wanted,
};
use greenroom_program::{Program, Start, UsageError, clap};

/// The exit code where a side does not answer.
const UNREACHABLE: u8 = 3;

/// The longest file of known differences.
const LONGEST: u64 = 1024 * 1024;

/// Ask two live backends the same, and tell in what their answers differ.
///
/// Before and after an upgrade of Backstage, Node and Greenroom, direct and through a proxy: about 130 requests are made to both,
/// read-only unless --also names more. What changes by nature, such as dates and ids, is not compared; what differs and is
/// meant stands in the file of --known. No config is read.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct ConformArguments {
    /// The first backend, such as http://localhost:7007.
    #[arg(long, value_name = "URL", value_parser = Origin::parse, requires = "b")]
    a: Option<Origin>,

    /// The second one.
    #[arg(long, value_name = "URL", value_parser = Origin::parse, requires = "a")]
    b: Option<Origin>,

    /// Only this area: health, errors, headers, cors, app, auth or paths. May be repeated.
    #[arg(long, value_name = "AREA", value_parser = area)]
    area: Vec<Area>,

    /// Ask for this plugin, in place of those of Backstage's template. May be repeated.
    #[arg(long, value_name = "ID", value_parser = plugin)]
    plugin: Vec<String>,

    /// Ask for this provider of sign-ins, and more of it, in place of those that Backstage ships. May be repeated.
    #[arg(long, value_name = "ID", value_parser = provider)]
    provider: Vec<String>,

    /// GET this path too, with its query. May be repeated.
    #[arg(long, value_name = "PATH", value_parser = path)]
    path: Vec<String>,

    /// Make requests that are not read-only by their method, too: bad-bodies or wrong-methods. May be repeated.
    #[arg(long, value_name = "WHAT", value_parser = also)]
    also: Vec<Also>,

    /// A YAML file of differences that are meant, each with its reason.
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// What the first backend has printed: the keys of its lines are compared.
    #[arg(long, value_name = "FILE", requires = "log_b")]
    log_a: Option<PathBuf>,

    /// What the second one has printed.
    #[arg(long, value_name = "FILE", requires = "log_a")]
    log_b: Option<PathBuf>,

    /// The environment variable with a token for the first backend. Needs one for the second, too.
    #[arg(long, value_name = "VARIABLE", requires_all = ["token_env_b", "a"])]
    token_env_a: Option<String>,

    /// The environment variable with a token for the second one.
    #[arg(long, value_name = "VARIABLE", requires_all = ["token_env_a", "b"])]
    token_env_b: Option<String>,

    /// How many requests a second each backend gets.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,

    /// After how many seconds no further request is made.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    /// Write the report as JUnit's XML, too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const HELP: &str = "\
Exit codes: 0 the same, or all differences are known; 1 differences, or not all could be compared; 2 usage, or the report \
cannot be written; 3 a backend does not answer. docs/conform.md tells more.";

fn area(text: &str) -> std::result::Result<Area, String> {
    let known = Area::named(text).filter(|area| *area != Area::Log);
    known.ok_or_else(|| "expected health, errors, headers, cors, app, auth or paths".to_owned())
}

fn also(text: &str) -> std::result::Result<Also, String> {
    match text {
        "bad-bodies" => Ok(Also::BadBodies),
        "wrong-methods" => Ok(Also::WrongMethods),
        _ => Err("expected bad-bodies or wrong-methods".to_owned()),
    }
}

fn plugin(text: &str) -> std::result::Result<String, String> {
    match !text.is_empty()
        && text.len() <= 100
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    {
        true => Ok(text.to_owned()),
        false => Err("expected the id of a plugin, such as catalog".to_owned()),
    }
}

fn provider(text: &str) -> std::result::Result<String, String> {
    match plugin(text) {
        Ok(id) if id == GUEST => Err(format!("'{GUEST}' is not asked, as it would let us in")),
        Ok(id) => Ok(id),
        Err(_) => Err("expected the id of a provider, such as github".to_owned()),
    }
}

fn path(text: &str) -> std::result::Result<String, String> {
    let is_path = text.starts_with('/') && text.len() <= 4096;
    match is_path && text.chars().all(|c| c.is_ascii_graphic() && c != '#') {
        true => Ok(text.to_owned()),
        false => Err("expected a path, such as /api/catalog/entity-facets?facet=kind".to_owned()),
    }
}

/// What to say to who has named nothing to compare.
const NOTHING_NAMED: &str = "name two backends, as in `greenroom conform --a http://localhost:7007 --b http://localhost:7008`, or two \
                             logs, by --log-a and --log-b";

/// Nothing is started, and no config is read.
pub(crate) fn plan(arguments: ConformArguments, _: Program, options: ConfigOptions) -> Result<Start> {
    if arguments.a.is_none() && arguments.log_a.is_none() {
        return Err(UsageError::new(NOTHING_NAMED).into());
    }
    let in_dir = |file: &PathBuf| options.cwd.join(file);
    let known = match arguments.known.as_ref().map(in_dir) {
        Some(file) => known(&file)?,
        None => Known::default(),
    };
    let mut report = match conform(&arguments, |name| std::env::var_os(name))? {
        Some(conform) => match run(&conform, known)? {
            Ok(report) => report,
            Err(unreachable) => {
                tell(&unreachable.to_string());
                return Ok(Start::done(ExitCode::from(UNREACHABLE)));
            }
        },
        None => Report::new(known),
    };
    if let (Some(a), Some(b)) = (&arguments.log_a, &arguments.log_b) {
        report.note_logs(&log(&in_dir(a))?, &log(&in_dir(b))?);
    }
    let mut code = report.exit_code();
    if let Some(file) = arguments.junit.as_ref().map(in_dir)
        && let Err(error) = fs::write(&file, report.junit())
    {
        tell(&format!("cannot write {}: {error}", file.display()));
        code = 2;
    }
    let text = if arguments.json { report.json() } else { report.text() };
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush()) {
        tell(&format!("cannot write to the standard output: {error}"));
        code = 2;
    }
    Ok(Start::done(ExitCode::from(code)))
}

#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
fn tell(text: &str) {
    eprintln!("error: {text}");
}

/// What the arguments ask for; `None` where only logs are compared.
fn conform(
    arguments: &ConformArguments,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Conform>> {
    let (Some(a), Some(b)) = (&arguments.a, &arguments.b) else { return Ok(None) };
    for (named, option) in [
        (arguments.plugin.len(), "--plugin"),
        (arguments.provider.len(), "--provider"),
        (arguments.path.len(), "--path"),
    ] {
        if named > MOST_NAMED {
            return Err(UsageError::new(format!("{option} may be given {MOST_NAMED} times")).into());
        }
    }
    let side = |origin: &Origin, name: &Option<String>| -> Result<Side> {
        let token = name.as_ref().map(|name| match variable(name) {
            Some(text) => Token::new(name, &text.to_string_lossy()),
            None => Err(format!("the variable {name} is not set")),
        });
        Ok(Side { origin: origin.clone(), token: token.transpose().map_err(UsageError::new)? })
    };
    let plugins = match &*arguments.plugin {
        [] => PLUGINS.iter().map(|id| (*id).to_owned()).collect(),
        named => named.to_vec(),
    };
    let areas: BTreeSet<Area> = match &*arguments.area {
        [] => Area::ALL.into_iter().collect(),
        named => named.iter().copied().collect(),
    };
    let once = |named: &[String]| named.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    Ok(Some(Conform {
        sides: [side(a, &arguments.token_env_a)?, side(b, &arguments.token_env_b)?],
        wanted: Wanted {
            areas,
            plugins,
            providers: once(&arguments.provider),
            paths: once(&arguments.path),
            also: arguments.also.iter().copied().collect(),
        },
        pace: Pace { rate: arguments.rate, deadline: Duration::from_secs(arguments.deadline) },
    }))
}

fn run(
    conform: &Conform,
    known: Known,
) -> Result<std::result::Result<Report, greenroom_conform::Unreachable>> {
    let client = HttpClient::builder(ClientEnvironment::from_process()).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::from_any)?;
    let done = runtime.block_on(conform.run(&client, known));
    // A name that is still being looked up holds no command.
    runtime.shutdown_background();
    Ok(done)
}

fn known(file: &Path) -> Result<Known> {
    let wrong = |why: String| UsageError::new(format!("--known {}: {why}", file.display()));
    let length = fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
    if length > LONGEST {
        return Err(wrong(format!("is longer than {LONGEST} bytes")).into());
    }
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Ok(Known::parse(&text).map_err(wrong)?)
}

fn log(file: &Path) -> Result<LogShape> {
    let shape = File::open(file).and_then(LogShape::read);
    Ok(shape.map_err(|error| UsageError::new(format!("the log {}: {error}", file.display())))?)
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    fn arguments(line: &str) -> std::result::Result<ConformArguments, clap::Error> {
        let command = ConformArguments::augment_args(clap::Command::new("conform"));
        let matches =
            command.try_get_matches_from(std::iter::once("conform").chain(line.split_whitespace()))?;
        ConformArguments::from_arg_matches(&matches)
    }

    #[test]
    fn both_sides_are_named_or_two_logs() {
        assert!(arguments("--a http://x --b http://y").is_ok());
        assert!(arguments("--log-a a.log --log-b b.log").is_ok());
        for wrong in [
            "--a http://x",
            "--b http://y",
            "--log-a a.log",
            "--a http://x --b y",
            "--a http://x --b http://y --token-env-a T",
            "--a http://x --b http://y --area log",
            "--a http://x --b http://y --also everything",
            "--a http://x --b http://y --rate 0",
            "--a http://x --b http://y --path api",
            "--a http://x --b http://y --plugin ../x",
            "--a http://x --b http://y --provider a/b",
            "--a http://x --b http://y --provider guest",
        ] {
            assert!(arguments(wrong).is_err(), "{wrong}");
        }
        let program = Program::new("greenroom", "1");
        let told = plan(arguments("").unwrap(), program, ConfigOptions::default()).unwrap_err();
        assert!(told.downcast_ref::<UsageError>().is_some());
        assert_eq!(told.to_string(), NOTHING_NAMED);
    }

    #[test]
    fn a_token_comes_from_its_own_variable() {
        let asked = arguments("--a http://x --b http://y --token-env-a A --token-env-b B").unwrap();
        let environment = |name: &str| (name == "A").then(|| OsString::from("secret"));
        let told = conform(&asked, environment).unwrap_err().to_string();
        assert_eq!(told, "the variable B is not set");
        let both = conform(&asked, |name| Some(format!("secret-of-{name}").into())).unwrap().unwrap();
        assert!(both.sides.iter().all(|side| side.token.is_some()));
        assert!(!format!("{both:?}").contains("secret"));
    }

    #[test]
    fn what_is_named_twice_is_asked_once() {
        let asked =
            arguments("--a http://x --b http://y --path /p --path /p --provider o --provider o --area app")
                .unwrap();
        let conform = conform(&asked, |_| None).unwrap().unwrap();
        assert_eq!(
            (conform.wanted.paths, conform.wanted.providers),
            (vec!["/p".to_owned()], vec!["o".to_owned()])
        );
        assert_eq!(conform.wanted.areas.into_iter().collect::<Vec<_>>(), [Area::App]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_wrong_usage() {
        let error = known(Path::new("/nowhere/known.yaml")).unwrap_err();
        assert!(error.to_string().starts_with("--known /nowhere/known.yaml: "), "{error}");
        assert!(error.downcast_ref::<UsageError>().is_some());
    }
}
