//! `greenroom gateway`: in front of a Node backend that somebody else runs.

use clap::Args;
use greenroom::{config::ConfigOptions, errors::Result};
use greenroom_plugin_gateway::UpstreamFrom;
use greenroom_program::{Program, Start, clap};
use greenroom_wrap::Switch;

use super::{in_front, own_switch};

/// Stand in front of a Node backend that somebody else runs: take `backend.listen`, and pass on what is not ours.
///
/// The Node backend has to listen elsewhere, such as with APP_CONFIG_backend_listen=127.0.0.1:7008, and to trust one proxy:
/// APP_CONFIG_backend_trustProxy=1.
#[derive(Args)]
pub(super) struct GatewayArgs {
    /// Where the Node backend listens, such as http://127.0.0.1:7008.
    #[arg(long, value_name = "URL")]
    upstream: String,
}

pub(super) fn plan(args: GatewayArgs, program: Program, options: ConfigOptions) -> Result<Start> {
    // `off` cannot work here: we did not start the Node backend, so we cannot give it our port.
    let switch = match own_switch()? {
        Switch::Off => Switch::Pass,
        other => other,
    };
    let hint = format!("What is not Greenroom's own, the Node backend at {} answers", shown(&args.upstream));
    let program = in_front(program.hint(hint), UpstreamFrom::Url(args.upstream), switch);
    Ok(Start::backend(program, options))
}

/// Without a password that it may hold.
fn shown(url: &str) -> String {
    greenroom::redact::url(url).into_owned()
}
