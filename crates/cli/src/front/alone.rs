//! A child process without a backend of ours in front of it: what it writes, and its signals and its end are passed on.

use std::process::ExitCode;

use greenroom::{
    config::RootConfig,
    core::{Backend, service},
    prelude::*,
};
use greenroom_wrap::{ChildCommand, Launch, RunSettings, State};

use super::child::{Child, ChildCode, exit_code};

/// Runs it to its end.
pub(super) fn run(command: &ChildCommand) -> ExitCode {
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
        let (noted, launched) = (code.clone(), command.clone());
        let on_state = Box::new(move |state: &State| {
            noted.note(state);
            if let State::Failed { .. } | State::Ended { restart: Some(_), .. } = state {
                say(&format!("greenroom: {state}"));
            }
        });
        let launch = move || Ok(Launch::from(launched.clone()));
        Child::start(settings(&command), &lifecycle, on_state, launch, async || ())
    });
    let own = runtime.block_on(
        Backend::new([]).add(child).run_with(async |_| {}, |error| say(&format!("error: {error}"))),
    );
    known.failure().map_or(own, exit_code)
}

/// A config that cannot be read is the child's to tell.
fn settings(command: &ChildCommand) -> RunSettings {
    let config = RootConfig::load(&command.config_options()).ok();
    config.and_then(|config| RunSettings::from_config(&config).ok()).unwrap_or_default()
}

/// What the child writes is the log: of ours there is none.
#[expect(clippy::print_stderr, reason = "there is no log, and stdout is the child's")]
fn say(text: &str) {
    eprintln!("{text}");
}
