//! The SDK's files: where they are, and how they get there. They are Datadog's, and no part of this repository.

mod files;
mod install;
mod manifest;
mod package;

use std::path::{Path, PathBuf};

use greenroom::{config::RootConfig, data_dir::DataDirectory};

use crate::settings::{Rum, SdkSetting, Site};

pub(crate) use files::Sdk;
pub use install::{InstallError, InstallFrom, Installed, install_sdk};
pub(crate) use package::PINNED;

/// Where files of this package are kept in the data directory.
pub(crate) fn directory(data_dir: &Path, version: &str) -> PathBuf {
    data_dir.join("rum-sdk").join(version)
}

/// Where pages get the SDK from.
#[derive(Debug)]
pub(crate) enum SdkLocation {
    /// This backend.
    Own(Sdk),
    /// This URL.
    Cdn(String),
    /// Nowhere: what to do about it.
    Missing(String),
}

impl SdkLocation {
    /// Looks for the files. A path is relative to the directory of the config file.
    pub(crate) fn find(rum: &Rum, config: &RootConfig, data: &DataDirectory) -> Self {
        let (dir, version, remedy) = match &rum.sdk {
            SdkSetting::Cdn => return Self::Cdn(rum.site.unwrap_or(Site::default()).sdk()),
            SdkSetting::Auto => {
                let dir = directory(data.path(), PINNED.version);
                let remedy = "fetch it by the command `rum sdk`, with the same --config as here, if any, or set greenroom.rum.sdk: cdn";
                (dir, Some(PINNED.version), remedy)
            }
            SdkSetting::Path(path) => (
                config.beside("").unwrap_or_default().join(path),
                None,
                "greenroom.rum.sdk has to be its directory, with datadog-rum.js and chunks/ in it",
            ),
        };
        match Sdk::read(&dir, version) {
            Ok(sdk) => Self::Own(sdk),
            Err(why) => Self::Missing(format!(
                "Pages are served without browser monitoring, because Datadog's SDK is not in {} ({why}): {remedy}",
                dir.display()
            )),
        }
    }
}
