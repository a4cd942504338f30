//! `greenroom rum sdk`.

use std::path::PathBuf;

use greenroom::errors::Result;
use greenroom_plugin_rum::{InstallFrom, install_sdk};
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
    let source = match from {
        Some(tarball) => InstallFrom::Tarball(tarball),
        None => InstallFrom::Npm { dir: context.working_dir() },
    };
    let data_dir = context.data_dir()?;
    eprintln!("Installing {source}");
    let installed = install_sdk(&source, &data_dir)?;
    Ok(format!(
        "Datadog's browser SDK {} is in {}; a backend that is running serves it after a restart",
        installed.version,
        installed.dir.display()
    ))
}
