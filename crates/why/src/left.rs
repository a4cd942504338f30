//! What a backend of this machine has left in its data directory: how its process ended last, and its last starts.

use std::path::{Path, PathBuf};

use greenroom_data_dir::PrivateFile;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    answer::Finding,
    boot::{Boot, Boots},
    operators::of_end,
    words::{said, time},
};

/// A data directory, which may hold nothing.
#[derive(Clone, Debug)]
pub struct Left(PathBuf);

impl Left {
    /// In this directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// The starts that are kept, the newest first.
    pub fn boots(&self) -> Boots {
        Boots::in_dir(&self.0)
    }

    /// How a wrapped Node backend ended last, if that was no stop.
    fn exit(&self) -> Option<(Option<Timestamp>, Finding)> {
        let exit: Value =
            serde_json::from_str(&PrivateFile::read(&self.0.join("last-exit.json")).ok()?).ok()?;
        let (at, sentence) = (time(&exit["time"]), said(exit["sentence"].as_str()?));
        if exit["cause"] == "stopped" {
            return None;
        }
        let (_, next) = of_end(&sentence, "failed");
        let cause = CAUSES.iter().find(|cause| exit["cause"] == **cause).copied().unwrap_or("ended");
        let what = sentence.replacen("The backend", "The Node backend", 1);
        Some((at, Finding::new(cause, what, next).since(at).hits("everybody")))
    }

    /// Why nobody listens, as far as what is left tells.
    pub(crate) fn why_away(&self) -> Option<Finding> {
        let (exit, boot) = (self.exit(), self.boots().newest().cloned());
        let failed = boot.filter(Boot::has_failed);
        match (exit, failed) {
            (Some((Some(at), exit)), Some(boot)) if boot.began_at.is_none_or(|began| began <= at) => {
                Some(exit)
            }
            (_, Some(boot)) => Some(boot.finding()),
            (Some((_, exit)), None) => Some(exit),
            (None, None) => None,
        }
    }
}

/// Those of `last-exit.json`; `ended` stands for others.
const CAUSES: [&str; 10] = [
    "exit",
    "v8HeapLimit",
    "abort",
    "abortOrV8HeapLimit",
    "cgroupOom",
    "killedOrCgroupOom",
    "killed",
    "startFailed",
    "neverListened",
    "cannotRun",
];
