//! In front of a Node backend: `greenroom gateway` and `greenroom run`.

mod alone;
mod behind;
mod child;
mod gateway;
mod kept_boot;
mod last_words;
mod log;
mod outside;
mod run;

use std::{ffi::OsStr, process::ExitCode};

use greenroom::{
    core::{Backend, decorate},
    errors::{Error, Result},
};
use greenroom_plugin_gateway::{
    AccessLines, GatewayOptions, GatewaySettings, UpstreamFrom, gateway, gateway_services,
};
use greenroom_program::{Program, ServiceManager, UsageError};
use greenroom_wrap::{RunSettings, SWITCH, Switch};

/// The plugins of this program that run in front of a Node backend by themselves: what else the config is about is Node's.
const OURS: &[&str] = &["gateway", "observatory", "rum"];

/// The program with both commands.
pub(crate) fn with_commands(program: Program) -> Program {
    program
        .with(|backend| backend.with_default(GatewaySettings::factory()).with_default(RunSettings::factory()))
        .start_command("gateway", gateway::plan)
        .start_command("run", run::plan)
}

/// The program as it stands in front of that backend.
fn in_front(program: Program, upstream: UpstreamFrom, switch: Switch) -> Program {
    program.plugin(gateway).only_by_default(OURS).ready_later().with(move |backend| {
        let options = GatewayOptions { upstream: upstream.clone() };
        let backend = gateway_services(options).into_iter().fold(backend, Backend::add);
        match switch {
            Switch::Pass => backend
                .add(decorate(async |settings| Ok(passing(settings))))
                .add(decorate(async |settings| Ok(log::passing(settings)))),
            Switch::On | Switch::Off => backend,
        }
    })
}

/// `GREENROOM=pass`, whatever the config says: nothing is added to requests, and their lines are Node's, as they were without us.
fn passing(settings: GatewaySettings) -> GatewaySettings {
    GatewaySettings { is_transparent: true, access_lines: AccessLines::Node, ..settings }
}

/// What the kill switch says.
fn switch(variable: Option<&OsStr>) -> Result<Switch> {
    Ok(Switch::parse(variable).map_err(UsageError::new)?)
}

/// The kill switch of this process.
fn own_switch() -> Result<Switch> {
    switch(std::env::var_os(SWITCH).as_deref())
}

/// Where `GREENROOM=off` is about to let the child take our place: it will never tell systemd that it is ready, and a service of
/// `Type=notify` would be ended for it.
pub(crate) fn tell_if_off() {
    let mut own = std::env::args_os().skip(1).take_while(|word| *word != "--");
    if matches!(own_switch(), Ok(Switch::Off)) && own.any(|word| word == "run") {
        ServiceManager::from_process().hand_over("GREENROOM=off: the command runs in Greenroom's place");
    }
}

/// An error of the system, in front of which stands what was to be done.
fn cannot(what: &str, error: &std::io::Error) -> Error {
    Error::new(format!("cannot {what}: {error}"))
}

/// The code that shells say for a command that cannot be run.
const NOT_RUN: u8 = 127;

/// `GREENROOM=off`, and there is nobody to take our place.
#[expect(clippy::print_stderr, reason = "this is where the command talks to people")]
pub(crate) fn not_run(error: &std::io::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(NOT_RUN)
}

#[cfg(test)]
mod tests {
    use greenroom::config::RootConfig;

    use super::*;

    #[test]
    fn pass_adds_nothing_and_leaves_the_lines_to_node_whatever_the_config_says() {
        for yaml in ["{}", "greenroom: {gateway: {transparent: false, accessLines: both, maxInFlight: 7}}"] {
            let said = GatewaySettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
            let passing = passing(said.clone());
            assert_eq!((passing.is_transparent, passing.access_lines), (true, AccessLines::Node));
            assert_eq!(passing.limits, said.limits);
        }
    }
}
