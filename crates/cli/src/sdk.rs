//! `greenroom rum sdk`.

use std::path::PathBuf;

use greenroom::errors::Result;
use greenroom_plugin_rum::{InstallFrom, Installed, install_sdk};
use greenroom_program::CommandContext;

/// Fetch Datadog's browser SDK, which pages of a portal with RUM load from this backend.
///
/// It runs `npm pack`, so that the registry and the proxy are used that npm is set up for here, and checks what comes.
#[derive(clap::Args)]
pub(crate) struct RumSdk {
    /// A file that `npm pack @datadog/browser-rum@7.16.2` has made, perhaps on another machine.
    #[arg(long, value_name = "TARBALL")]
    from: Option<PathBuf>,
}

#[expect(clippy::print_stderr, reason = "it takes a while, and people want to know what is waited for")]
pub(crate) fn run(RumSdk { from }: RumSdk, context: &CommandContext<'_>) -> Result<String> {
    let (config, data_dir) = (context.config()?, context.data_dir()?);
    let here = if from.is_none() { Installed::find(&data_dir) } else { None };
    if let Some(installed) = here {
        return Ok(installed.told(&config));
    }
    let source = match from {
        Some(tarball) => InstallFrom::Tarball(tarball),
        None => InstallFrom::Npm { dir: context.working_dir() },
    };
    eprintln!("Installing {source}");
    Ok(install_sdk(&source, &data_dir)?.told(&config))
}
