//! A child process without a backend of ours in front of it: what it writes, and its signals and its end are passed on. What it
//! writes is read on the way, for its last words, unless it is on a terminal.

use std::{
    fs::File,
    io::{self, IsTerminal, stderr, stdout},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::MetadataExt,
    },
    path::PathBuf,
    process::ExitCode,
};

use greenroom::{
    config::{Masks, RootConfig},
    core::{Backend, service},
    data_dir::DataDirEnvironment,
    prelude::*,
};
use greenroom_program::ServiceManager;
use greenroom_wrap::{
    Cause, ChildCommand, Event, LastExit, LastWords, LastWordsOptions, Launch, Output, RunLog, RunSettings,
    State, Switch,
};

use super::{
    child::{Child, ChildCode, exit_code},
    last_words::{self, Running},
};

/// Runs it to its end.
pub(super) fn run(command: &ChildCommand, switch: Switch) -> ExitCode {
    if let Some(warning) = command.signal_warning().filter(|_| command.is_production()) {
        say(&format!("warning: {warning}"));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: cannot start the runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let (code, command) = (ChildCode::default(), command.clone());
    let known = code.clone();
    let child = service(async move |lifecycle: RootLifecycle| {
        let Known { settings, data_dir, masks } = Known::of(&command);
        let (running, noted, known) = (Running::default(), code.clone(), settings.clone());
        let about = running.clone();
        let on_event = Box::new(move |event: &Event| {
            if !matches!(event, Event::NoHeartbeat(_) | Event::GivenUp) {
                say(&format!("greenroom: {event}"));
            }
            last_words::act(event, &known, &about, &noted);
        });
        let words = LastWords::start(LastWordsOptions {
            mask: Box::new(move |text| {
                masks.as_ref().map_or_else(|| text.to_owned(), |masks| masks.all(text))
            }),
            // Nobody asks it whether it is ready: what it prints is not enough to end it.
            keeps_failed: true,
            ..last_words::options(&settings, data_dir, on_event)
        });
        let (noted, launched, ends) = (code.clone(), command.clone(), words.clone());
        let on_state = Box::new(move |state: &State| {
            noted.note(state);
            let exit = ends.note(state);
            let is_told = matches!(state, State::Failed { .. } | State::Ended { restart: Some(_), .. });
            if is_told || exit.as_ref().is_some_and(is_worth_a_word) {
                say(&format!("greenroom: {}", exit.map_or_else(|| state.to_string(), |exit| exit.sentence)));
            }
        });
        let launch = move || Ok(Launch::from(launched.clone()));
        let output = is_read(&settings, switch).then(|| Output::copied(words.tail().clone()));
        let child = Child::start(&settings, &lifecycle, &words, output, on_state, launch, async || ())?;
        let _ = running.set(child.supervisor.downgrade());
        Ok(child)
    });
    let own = runtime.block_on(Backend::new([]).add(child).run_with(
        async |running| ServiceManager::from_process().attend(running).await,
        |error| say(&format!("error: {error}")),
    ));
    known.failure().map_or(own, exit_code)
}

/// Whether what it prints is read on its way. On a terminal it stays the terminal's: programs look for one, and its last lines are
/// on the screen.
fn is_read(settings: &RunSettings, switch: Switch) -> bool {
    let is_asked = settings.log == RunLog::Records && switch == Switch::On;
    is_asked && !stdout().is_terminal() && !stderr().is_terminal() && !are_one()
}

/// Whether standard output and standard error go to one place, as with `2>&1`: read apart, their order would be lost.
fn are_one() -> bool {
    let place = |own: BorrowedFd<'_>| {
        let known = File::from(own.try_clone_to_owned()?).metadata()?;
        Ok::<_, io::Error>((known.dev(), known.ino()))
    };
    matches!((place(stdout().as_fd()), place(stderr().as_fd())), (Ok(one), Ok(other)) if one == other)
}

/// Nobody needs to be told of a program that has done what it was to do.
fn is_worth_a_word(exit: &LastExit) -> bool {
    !matches!((exit.cause, exit.code), (Cause::Stopped, _) | (Cause::Exit, Some(0)))
}

/// What the child's config says. One that cannot be read is the child's to tell.
#[derive(Default)]
struct Known {
    settings: RunSettings,
    /// Where own files go; without a config there are none.
    data_dir: Option<PathBuf>,
    masks: Option<Masks>,
}

impl Known {
    fn of(command: &ChildCommand) -> Self {
        let options = command.config_options();
        let Ok(config) = RootConfig::load(&options) else { return Self::default() };
        Self {
            settings: RunSettings::from_config(&config).unwrap_or_default(),
            data_dir: DataDirEnvironment::of(&options).data_dir(&config).ok(),
            masks: Some(config.masks()),
        }
    }
}

/// What the child writes is the log: of ours there is none.
#[expect(clippy::print_stderr, reason = "there is no log, and stdout is the child's")]
fn say(text: &str) {
    eprintln!("{text}");
}
