//! In front of a Node backend: `greenroom gateway` and `greenroom run`.

mod alone;
mod behind;
mod child;
mod gateway;
mod run;

use std::{ffi::OsStr, process::ExitCode};

use greenroom::{
    core::{Backend, decorate},
    errors::{Error, Result},
};
use greenroom_plugin_gateway::{
    Gateway, GatewayOptions, GatewaySettings, UpstreamFrom, gateway, gateway_services,
};
use greenroom_program::{Program, UsageError};
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
    program.plugin(gateway).only_by_default(OURS).with(move |backend| {
        let options = GatewayOptions { upstream: upstream.clone() };
        let backend = gateway_services(options).into_iter().fold(backend, Backend::add);
        match switch {
            Switch::Pass => backend.add(transparent()),
            Switch::On | Switch::Off => backend,
        }
    })
}

/// `GREENROOM=pass`.
fn transparent() -> greenroom::core::Decorator {
    decorate(async |gateway: Gateway| {
        gateway.proxy().set_transparent(true);
        Ok(gateway)
    })
}

/// What the kill switch says.
fn switch(variable: Option<&OsStr>) -> Result<Switch> {
    Ok(Switch::parse(variable).map_err(UsageError::new)?)
}

/// The kill switch of this process.
fn own_switch() -> Result<Switch> {
    switch(std::env::var_os(SWITCH).as_deref())
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
