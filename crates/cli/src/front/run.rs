//! `greenroom run`: a Node backend as a child process, with a gateway in front of it or alone.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use clap::Args;
use greenroom::{
    config::ConfigOptions,
    core::{Decorator, decorate},
    errors::Result,
    http::HttpSettings,
};
use greenroom_plugin_gateway::UpstreamFrom;
use greenroom_program::{Program, Start, UsageError, clap};
use greenroom_wrap::{ChildCommand, free_port};

use super::{alone, behind, cannot, child::ChildCode, in_front, own_switch};

/// Run a Node backend as a child process: signals, its end and its exit code are passed on.
///
/// Its config is read from its own arguments and environment: what stands behind `--` is what was run before. GREENROOM=off
/// runs it in our place, as if we were not there; GREENROOM=pass adds nothing to any request.
#[derive(Args)]
pub(super) struct RunArgs {
    /// Stand in front of it, too: take `backend.listen`, move the Node backend to a port of the loopback interface, and pass on
    /// to it what is not ours.
    #[arg(long)]
    gateway: bool,
    /// The command, behind `--`: `-- node packages/backend --config app-config.yaml`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn plan(args: RunArgs, program: Program, options: ConfigOptions) -> Result<Start> {
    let switch = own_switch()?;
    if options.args.iter().take_while(|arg| *arg != "--").any(|arg| arg.starts_with("--config")) {
        let text = "the config is the child's: write --config behind the program that reads it, after `--`";
        return Err(UsageError::new(text).into());
    }
    let command =
        ChildCommand::from_process(args.command).map_err(|error| UsageError::new(error.to_string()))?;
    if !args.gateway {
        return Ok(Start::done(alone::run(&command)));
    }
    let port = free_port().map_err(|error| cannot("find a free port", &error))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let code = ChildCode::default();
    let (options, known) = (command.config_options(), code.clone());
    let program = in_front(
        program.hint("What is not Greenroom's own, the Node backend answers, which was started with it"),
        UpstreamFrom::Child(address),
        switch,
    );
    let header_bytes = u32::try_from(command.header_limit()).unwrap_or(u32::MAX);
    let program = program.with(move |backend| {
        backend.add(as_large_headers(header_bytes)).add(behind::factory(&command, port, &code))
    });
    Ok(Start::backend(program, options).at_end(move |own| known.failure().map_or(own, exit_code)))
}

/// Takes as large a header as the backend behind does, so that 431 comes where it did.
fn as_large_headers(bytes: u32) -> Decorator {
    decorate(async move |mut settings: HttpSettings| {
        settings.server.limits.header_bytes = bytes;
        Ok(settings)
    })
}

/// As a process can say it.
pub(super) fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
