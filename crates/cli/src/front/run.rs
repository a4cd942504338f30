//! `greenroom run`: a Node backend as a child process, with a gateway in front of it or alone.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
};

use clap::Args;
use greenroom::{
    config::{ConfigOptions, RootConfig},
    core::{Decorator, decorate},
    errors::Result,
    http::HttpSettings,
};
use greenroom_plugin_gateway::UpstreamFrom;
use greenroom_program::{Program, ServiceManager, Start, UsageError, clap};
use greenroom_wrap::{ChildCommand, free_port};

use super::{
    alone, behind, cannot,
    child::{ChildCode, exit_code},
    in_front, own_switch,
};

/// Where the config says how large a request's header may be.
const MAX_HEADER_BYTES: &str = "greenroom.server.maxHeaderBytes";

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
    let mut command =
        ChildCommand::from_process(args.command).map_err(|error| UsageError::new(error.to_string()))?;
    // We are the service, and speak for it.
    command.env.retain(|name, _| ServiceManager::VARIABLES.iter().all(|ours| name != ours));
    if !args.gateway {
        return Ok(Start::done(alone::run(&command, switch)));
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

/// Takes as large a header as the backend behind does, so that 431 comes where it did; unless the config says how large.
fn as_large_headers(bytes: u32) -> Decorator {
    decorate(async move |mut settings: HttpSettings, config: RootConfig| {
        if !config.has(MAX_HEADER_BYTES)? {
            settings.server.limits.header_bytes = bytes;
        }
        Ok(settings)
    })
}

#[cfg(test)]
mod tests {
    use greenroom::{
        core::{Backend, plugin, service},
        data_dir::DataDirEnvironment,
    };
    use tokio::sync::watch;

    use super::*;

    /// What the settings say of a backend around a child that takes 20,000 bytes.
    async fn limit_with(yaml: &'static str) -> u32 {
        let (tell, told) = watch::channel(0);
        let config = service(async move || Ok(RootConfig::from_yaml(yaml)?));
        let settings = HttpSettings::factory(None, DataDirEnvironment::default());
        let looks = plugin("looks", move |env| {
            env.register_init(async move |settings: HttpSettings| {
                tell.send_replace(settings.server.limits.header_bytes);
                Ok(())
            });
        });
        let backend = Backend::new([config, settings]).add(as_large_headers(20_000)).add(looks);
        backend.start().await.unwrap().stop().await;
        *told.borrow()
    }

    #[tokio::test]
    async fn a_head_may_be_as_large_as_the_childs_unless_the_config_says_how_large() {
        assert_eq!(limit_with("{}").await, 20_000);
        assert_eq!(limit_with("greenroom: {server: {maxHeaderBytes: 16384}}").await, 16_384);
    }
}
