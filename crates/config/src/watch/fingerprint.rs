//! What a file looks like from outside, for file systems that tell of no changes.

use std::{path::Path, time::SystemTime};

/// Equal as long as nobody wrote to the file or put another in its place. Links are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fingerprint {
    /// There is none, or it may not be looked at.
    Missing,
    There {
        length: u64,
        modified: Option<SystemTime>,
        identity: Option<(u64, u64)>,
    },
}

impl Fingerprint {
    pub(crate) fn of(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(metadata) => Self::There {
                length: metadata.len(),
                modified: metadata.modified().ok(),
                identity: identity(&metadata),
            },
            Err(_) => Self::Missing,
        }
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Which file or directory it is, whatever is written in it.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        match self {
            Self::There { identity, .. } => *identity,
            Self::Missing => None,
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> Option<(u64, u64)> {
    None
}
