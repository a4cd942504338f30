//! The SDK's files: where they are, and how they get there. They are Datadog's, and no part of this repository.

mod files;
mod install;
mod installed;
mod npm;
mod package;

use std::path::{Path, PathBuf};

use greenroom::{config::RootConfig, data_dir::DataDirectory};

use crate::settings::{Rum, SdkSetting};

use files::Unserved;

pub(crate) use files::Sdk;
pub use install::{InstallError, InstallFrom, install_sdk};
pub use installed::Installed;
use package::PINNED;

/// Where files of this package are kept in the data directory.
fn directory(data_dir: &Path, version: &str) -> PathBuf {
    data_dir.join("rum-sdk").join(version)
}

/// Where pages get the SDK from.
#[derive(Debug)]
pub(crate) enum SdkLocation {
    /// This backend.
    Own(Sdk),
    /// This URL.
    Cdn(String),
    /// Nowhere.
    Missing(Missing),
}

/// Why there is no SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Whether it is simply not there, and not damaged or kept back.
    pub(crate) is_absent: bool,
    /// Whether it is worth looking again while the backend runs: a look at files that the system does not give leaves a thread behind.
    pub(crate) may_come: bool,
    /// In a few words.
    pub(crate) why: &'static str,
    /// What comes of it, why, and what to do about it.
    pub(crate) told: String,
}

impl SdkLocation {
    /// Looks for the files. A path is relative to the directory of the config file.
    pub(crate) fn find(rum: &Rum, config: &RootConfig, data: &DataDirectory) -> Self {
        let (dir, read) = match &rum.sdk {
            SdkSetting::Cdn => return Self::Cdn(rum.site().sdk()),
            SdkSetting::Auto => {
                let dir = directory(data.path(), PINNED.version);
                let read = files::in_time(&dir, |dir| Sdk::pinned(dir, &PINNED));
                (dir, read)
            }
            SdkSetting::Path(path) => {
                let dir = config.beside("").unwrap_or_default().join(path);
                let read = files::in_time(&dir, Sdk::own);
                (dir, read)
            }
        };
        match read {
            Ok(sdk) => Self::Own(sdk),
            Err(unserved) => Self::Missing(Missing::of(&unserved, &dir, rum.sdk == SdkSetting::Auto)),
        }
    }
}

impl Missing {
    fn of(unserved: &Unserved, dir: &Path, is_installed: bool) -> Self {
        const COMMAND: &str = "by `greenroom rum sdk`, with the same --config as here, if any, and a backend that runs takes it up by itself; or \
             set greenroom.rum.sdk: cdn";
        let dir = dir.display();
        let (why, what, remedy) = match unserved {
            Unserved::Absent => (
                "Datadog's SDK is not here",
                format!("is not in {dir}"),
                match is_installed {
                    true => format!("fetch it {COMMAND}"),
                    false => {
                        "greenroom.rum.sdk has to be its directory, with datadog-rum.js and chunks/ in it"
                            .to_owned()
                    }
                },
            ),
            Unserved::Unreadable(..) => (
                "Datadog's SDK cannot be read",
                format!("in {dir} cannot be read ({unserved})"),
                match unserved.is_slow() {
                    true => "see whether the file system that it is on answers, and start again".to_owned(),
                    false => {
                        "let the user that the backend runs as read it, and enter each directory above it"
                            .to_owned()
                    }
                },
            ),
            Unserved::Damaged(..) => (
                "Datadog's SDK is damaged",
                format!("in {dir} is damaged ({unserved})"),
                match is_installed {
                    true => format!("fetch it again {COMMAND}"),
                    false => "put a whole copy of it there".to_owned(),
                },
            ),
        };
        let told =
            format!("Pages are served without browser monitoring, because Datadog's SDK {what}: {remedy}");
        Self { is_absent: matches!(unserved, Unserved::Absent), may_come: !unserved.is_slow(), why, told }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn rum_28_what_is_absent_unreadable_or_damaged_has_its_own_remedy() {
        let told = |unserved: &Unserved, is_installed| Missing::of(unserved, Path::new("/x"), is_installed);
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let unreadable = Unserved::Unreadable("/x".into(), denied());
        let damaged = Unserved::Damaged("datadog-rum.js is empty".to_owned());
        for (unserved, is_installed, why, what) in [
            (&Unserved::Absent, true, "not here", "SDK is not in /x: fetch it by `greenroom rum sdk`, "),
            (&Unserved::Absent, false, "not here", "SDK is not in /x: greenroom.rum.sdk has to be its"),
            (&unreadable, true, "be read", "SDK in /x cannot be read (/x: permission denied): let the user"),
            (&unreadable, false, "be read", "SDK in /x cannot be read (/x: permission denied): let the user"),
            (
                &damaged,
                true,
                "damaged",
                "is damaged (datadog-rum.js is empty): fetch it again by `greenroom rum sdk`",
            ),
            (
                &damaged,
                false,
                "damaged",
                "is damaged (datadog-rum.js is empty): put a whole copy of it there",
            ),
        ] {
            let missing = told(unserved, is_installed);
            assert!(missing.why.ends_with(why) && missing.told.contains(what), "{missing:?}");
        }
    }
}
