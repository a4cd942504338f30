//! Failures, told to people: what was wrong, where, what to do.

use std::{
    fmt,
    io::{self, Write},
    net::TcpListener,
    process::ExitCode,
};

use greenroom::{
    config::{ConfigError, Masks, RootConfig},
    core::{Fault, Owner, StartError},
    errors::{Error, describe},
    http::Listen,
    ops::OpsSettings,
};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use crate::refusal;

/// Prints what a command was asked for. If that cannot be written, as on a full disk, the command has failed with what is
/// returned.
pub(crate) fn answer(text: &str) -> Result<(), ExitCode> {
    answer_to(&mut io::stdout().lock(), text)
}

fn answer_to(out: &mut impl Write, text: &str) -> Result<(), ExitCode> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| fail(&format!("cannot write to the standard output: {error}"), None))
}

/// Prints `error:` and perhaps `help:`; exit code 1.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn fail(text: &str, help: Option<&str>) -> ExitCode {
    eprint!("{}", failure(text, help));
    ExitCode::FAILURE
}

fn failure(text: &str, help: Option<&str>) -> String {
    let help = help.map(|help| format!(" help: {help}\n")).unwrap_or_default();
    format!("error: {text}\n{help}")
}

/// The same, exit code 2.
pub(crate) fn usage(text: &str) -> ExitCode {
    fail(text, None);
    ExitCode::from(2)
}

/// Prints a config error that was found before there is a config; exit code 1.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn config_error(error: &ConfigError) -> ExitCode {
    eprint!("{}", shown(error));
    ExitCode::FAILURE
}

/// Prints what a plugin's command failed with; exit code 1.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn command_error(error: &Error) -> ExitCode {
    if error.downcast_ref::<ConfigError>().is_none() {
        return fail(error.message(), None);
    }
    eprint!("{}", lines(&[Fault { owner: None, error: error.clone() }], &Masks::default()));
    ExitCode::FAILURE
}

/// A config error with the line that it points at, and all that it stands for.
pub(crate) fn shown(error: &ConfigError) -> String {
    error.clone().each().map(|one| rendered(&one)).collect()
}

/// A diagnostic as text; coloured by nobody, since it may end in a log.
fn rendered(diagnostic: &dyn Diagnostic) -> String {
    let mut out = String::new();
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_wrap_lines(false);
    match handler.render_report(&mut out, diagnostic) {
        Ok(()) => out,
        Err(_) => format!("{diagnostic}\n"),
    }
}

/// Prints why a start failed, below the log lines that tell it in full, and without the config's secrets, as they do.
///
/// `command` is what people typed to start, options included.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn start_error(config: &RootConfig, command: &str, failed: &StartError) {
    let faults = failed.faults();
    // There was no logger yet.
    if failed.is_untold() && refusal::is_for_the_log_alone(&faults, &config.masks()) {
        return;
    }
    eprint!("{}", why(config, command, &faults));
}

fn why(config: &RootConfig, command: &str, faults: &[Fault]) -> String {
    let masks = config.masks();
    match faults {
        [Fault { owner: None, error }] if error.downcast_ref::<ConfigError>().is_none() => {
            masks.all(&one(config, command, error))
        }
        [Fault { owner: None, .. }] => lines(faults, &masks),
        _ => failure("Backend startup failed due to the following errors:", None) + &lines(faults, &masks),
    }
}

/// Each thing that is wrong, with its owner and the line of the config that it points at.
pub(crate) fn lines(faults: &[Fault], masks: &Masks) -> String {
    let each = faults.iter().cloned().flat_map(ConfigError::each_fault);
    each.map(|fault| line(&fault, masks)).collect()
}

/// What an error quotes of the config's values is concealed if it points into the config.
fn line(fault: &Fault, masks: &Masks) -> String {
    let Some(error) = fault.error.downcast_ref::<ConfigError>() else {
        return masks.all(&format!("  × {fault}\n"));
    };
    masks.long(&rendered(&Owned { owner: fault.owner.as_ref(), error }))
}

/// A config error that names whom it fails.
#[derive(Debug)]
struct Owned<'a> {
    owner: Option<&'a Owner>,
    error: &'a ConfigError,
}

impl fmt::Display for Owned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(owner) = self.owner {
            write!(f, "{owner}: ")?;
        }
        self.error.fmt(f)
    }
}

impl std::error::Error for Owned<'_> {}

impl Diagnostic for Owned<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.error.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.error.labels()
    }
}

/// A port that nobody listens on, as the kernel says.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Of the places where a backend may listen, the one that has this port, as a variable's name has it.
fn listener_of(config: &RootConfig, port: u64) -> &'static str {
    let Ok(settings) = OpsSettings::from_config(config) else { return "backend_listen" };
    let has = |listen: &Option<Listen>| matches!(listen, Some(Listen::Tcp { port: own, .. }) if u64::from(*own) == port);
    match (has(&settings.listen), has(&settings.metrics)) {
        (true, _) => "greenroom_ops_listen",
        (false, true) => "greenroom_metrics_listen",
        (false, false) => "backend_listen",
    }
}

fn one(config: &RootConfig, command: &str, error: &Error) -> String {
    let property = |key: &str| error.properties().get(key);
    let (code, port) = (property("code").and_then(|c| c.as_str()), property("port").and_then(|p| p.as_u64()));
    if let (Some("EADDRINUSE"), Some(port)) = (code, port) {
        let other = free_port().map_or("<port>".to_owned(), |port| port.to_string());
        let listener = listener_of(config, port);
        let help = format!(
            "stop what listens there, or choose another port: APP_CONFIG_{listener}='127.0.0.1:{other}' {command}"
        );
        return failure(&format!("port {port} is taken ({error})"), Some(&help));
    }
    let seen = describe(error);
    // What has no name of its own is called an error already.
    match seen.name.as_ref() {
        "Error" => failure(&seen.message, None),
        name => failure(&format!("{name}: {}", seen.message), None),
    }
}

#[cfg(test)]
mod tests {
    use greenroom::{
        config::all,
        core::{Backend, plugin},
    };

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn an_answer_that_cannot_be_written_is_a_failure_and_no_panic() {
        let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_eq!(answer_to(&mut full, "a: 1\n"), Err(ExitCode::FAILURE));
        let mut written = vec![];
        assert_eq!(answer_to(&mut written, "a: 1\n"), Ok(()));
        assert_eq!(written, b"a: 1\n");
    }

    #[test]
    fn who_finds_the_port_taken_is_told_one_that_is_free() {
        let taken = Error::new("listen EADDRINUSE").with("code", "EADDRINUSE").with("port", 7008);
        for (yaml, listener) in [
            ("", "backend_listen"),
            ("greenroom: {ops: {listen: '127.0.0.1:7010'}}", "backend_listen"),
            ("greenroom: {ops: {listen: '127.0.0.1:7008'}}", "greenroom_ops_listen"),
            ("greenroom: {metrics: {listen: '127.0.0.1:7008'}}", "greenroom_metrics_listen"),
            ("greenroom: {ops: {listen: ':7010'}, metrics: {listen: ':7008'}}", "greenroom_metrics_listen"),
        ] {
            let told = one(&RootConfig::from_yaml(yaml).unwrap(), "greenroom", &taken);
            let (_, rest) = told.split_once(&format!("APP_CONFIG_{listener}='127.0.0.1:")).expect(&told);
            let (port, command) = rest.split_once("' ").expect(&told);
            assert!(TcpListener::bind(("127.0.0.1", port.parse().unwrap())).is_ok(), "{told}");
            assert_eq!(command, "greenroom\n");
        }
    }

    #[tokio::test]
    async fn why_a_start_failed_is_told_without_secrets() {
        let config = RootConfig::from_yaml("mail: {password: hunter2hunter2}").unwrap();
        let mail = plugin("mail", |env| {
            env.register_init(async || Err(Error::new("no smtp://me:hunter2hunter2@mail").into()));
        });
        let failed = Backend::new([]).add(mail).start().await.unwrap_err();
        let told = why(&config, "greenroom", &failed.faults());
        assert!(told.contains("no smtp://me:***@mail"), "{told}");
        let failed = StartError::Boot(Error::new("not hunter2hunter2"));
        assert_eq!(why(&config, "greenroom", &failed.faults()), "error: not ***\n");
    }

    /// One plugin has two faults, a module one that is no line of the config, and the config a secret that is a word.
    #[test]
    fn each_fault_is_told_with_its_owner_and_the_line_it_points_at() {
        let yaml = "tasks:\n  workers: many\n  timeout: soon\nbackend: {auth: {keys: [{secret: start}]}}\n";
        let config = RootConfig::from_yaml(yaml).unwrap();
        let owner =
            |module: Option<&str>| Some(Owner { plugin: "tasks".into(), module: module.map(Into::into) });
        let two = all((config.number("tasks.workers"), config.duration("tasks.timeout"))).unwrap_err();
        let faults = [
            Fault { owner: owner(None), error: Error::from_any(two) },
            Fault { owner: owner(Some("mail")), error: Error::new("no start at the server") },
        ];
        insta::assert_snapshot!(why(&config, "greenroom", &faults), @r"
        error: Backend startup failed due to the following errors:
          × Plugin 'tasks': Unable to convert config value for key 'tasks.workers' in 'mock-config' to a number (mock-config:2:12)
           ╭─[mock-config:2:12]
         2 │   workers: many
           ·            ────
           ╰────
          × Plugin 'tasks': Invalid duration 'soon' in config at 'tasks.timeout', Error: Not a valid duration string, try a number followed by a unit such as '1d' or '2 seconds' (mock-config:3:12)
           ╭─[mock-config:3:12]
         3 │   timeout: soon
           ·            ────
           ╰────
          × Module 'mail' for plugin 'tasks': no *** at the server
        ");
    }
}
