//! What a backend of this machine has left in its data directory: how its process ended last, and its last starts.

use std::path::{Path, PathBuf};

use greenroom_boot_document::{BootDocument, Outcome};
use greenroom_data_dir::PrivateFile;
use greenroom_wrap::Cause;
use jiff::{SignedDuration, Timestamp};

use crate::{
    answer::Finding,
    boot::{self, Boots},
    ended::End,
};

/// Until the end of a process is told, what it has left behind ends and is read.
const TOLD_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// A data directory, which may hold nothing.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// This one.
    pub fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// The starts that are kept, the newest first.
    pub fn boots(&self) -> Boots {
        Boots::in_dir(&self.0)
    }

    /// How a wrapped Node backend ended last, if that was no stop.
    fn end(&self) -> Option<End> {
        let text = PrivateFile::read(&self.0.join("last-exit.json")).ok()?;
        serde_json::from_str::<End>(&text).ok().filter(|end| end.cause != Cause::Stopped)
    }

    /// Why nobody listens, as far as what is left tells.
    pub(crate) fn why_away(&self) -> Option<Finding> {
        let boots = self.boots();
        // A later start went well: how that one's process has ended nobody was left to note.
        let went_well = |boot: &BootDocument| boot.is_nodes() && boot.outcome == Some(Outcome::Success);
        let end = self.end().filter(|end| {
            let at = end.at();
            !boots.iter().any(|boot| went_well(boot) && at.is_some() && boot.began_at > at)
        });
        let failed = boots.latest().into_iter().map(|(boot, _)| boot).filter(|boot| boot.has_failed());
        let failed = failed.max_by_key(|boot| boot.began_at);
        match (end, failed) {
            // What has failed at the start says more than that its process has ended by it.
            (Some(end), Some(boot)) if !is_explained(&end, boot) && !began_after(&end, boot) => {
                Some(end.finding())
            }
            (_, Some(boot)) => boot::wrong(boot),
            (Some(end), None) => Some(end.finding()),
            (None, None) => None,
        }
    }
}

/// Whether a process has ended by this start: it was the start of that process, and no plugin but its start is why.
fn is_explained(end: &End, boot: &BootDocument) -> bool {
    let (Some(at), Some(began), Some(uptime)) = (end.at(), boot.began_at, end.uptime_ms) else {
        return false;
    };
    let uptime = SignedDuration::from_millis(i64::try_from(uptime).unwrap_or(i64::MAX));
    let launched = at.checked_sub(uptime.saturating_add(TOLD_AFTER)).unwrap_or(Timestamp::MIN);
    boot.is_nodes() && end.cause == Cause::StartFailed && (launched..=at).contains(&began)
}

fn began_after(end: &End, boot: &BootDocument) -> bool {
    end.at().zip(boot.began_at).is_none_or(|(at, began)| began > at)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use greenroom_boot_document::{Failed, KeptBoots};
    use serde_json::json;

    use super::*;

    const DATABASE: &str = "connect ECONNREFUSED 127.0.0.1:1";

    /// A start that all plugins have failed, as it is kept.
    fn failed(backend: &str, began: &str) -> BootDocument {
        let failed = |plugin: &str| Failed {
            plugin: Some(plugin.to_owned()),
            causes: vec![
                DATABASE.to_owned(),
                format!(
                    "{}Failed to connect to the database to make sure that 'backstage_plugin_{plugin}' exists, Error: {DATABASE}",
                    "Failed to instantiate service, ".repeat(20)
                ),
            ],
            ..Failed::default()
        };
        BootDocument {
            backend: backend.to_owned(),
            began_at: began.parse().ok(),
            outcome: Some(Outcome::Failure),
            failures: ["app", "auth", "catalog", "events", "proxy", "search", "techdocs"].map(failed).into(),
            ..BootDocument::default()
        }
    }

    fn why_away(end: Option<(&str, u64)>, boots: Vec<BootDocument>) -> Option<Finding> {
        let dir = tempfile::tempdir().unwrap();
        if let Some((cause, uptime)) = end {
            let sentence = format!("The backend has ended: exit code 1 after {uptime} ms (its start failed)");
            let text = json!({"time": "2026-12-01T10:00:10.000Z", "startId": "a", "cause": cause, "sentence": sentence, "uptimeMs": uptime});
            PrivateFile::write(&dir.path().join("last-exit.json"), &text.to_string())
                .unwrap()
                .publish()
                .unwrap();
        }
        for boot in boots {
            KeptBoots::in_dir(dir.path()).push(boot).unwrap();
        }
        assert!(fs::read_dir(dir.path()).unwrap().count() <= 2);
        DataDir::at(dir.path()).why_away()
    }

    #[test]
    fn the_cause_of_a_start_that_failed_is_told_and_not_that_its_process_has_ended() {
        let own = BootDocument {
            backend: "greenroom".to_owned(),
            began_at: "2026-12-01T10:00:00Z".parse().ok(),
            outcome: Some(Outcome::Success),
            ..BootDocument::default()
        };
        let node = failed("node", "2026-12-01T10:00:00Z");
        let found = why_away(Some(("startFailed", 10_000)), vec![node.clone(), own]).unwrap();
        assert_eq!(found.cause, "databaseDown");
        let told = "The Node backend's start has failed because of 7 plugins ('app', 'auth', 'catalog', 'events', 'proxy' and 2 more): \
                    connect ECONNREFUSED 127.0.0.1:1";
        assert_eq!(found.what, told);
        // Another process, another reason.
        let old = failed("node", "2026-12-01T09:00:00Z");
        assert_eq!(why_away(Some(("startFailed", 700)), vec![old]).unwrap().cause, "startFailed");
        assert_eq!(why_away(Some(("cgroupOom", 10_000)), vec![node.clone()]).unwrap().cause, "cgroupOom");
        let after = failed("greenroom", "2026-12-01T10:05:00Z");
        assert!(why_away(Some(("exit", 700)), vec![after]).unwrap().what.starts_with("Greenroom's start"));
        assert_eq!(why_away(None, vec![node]).unwrap().cause, "databaseDown");
        assert!(why_away(Some(("stopped", 700)), vec![]).is_none());
        // That it ran again since was kept; of its end nothing was.
        let well = |began: &str| BootDocument {
            outcome: Some(Outcome::Success),
            failures: vec![],
            ..failed("node", began)
        };
        assert!(why_away(Some(("v8HeapLimit", 700)), vec![well("2026-12-01T10:05:00Z")]).is_none());
        assert_eq!(
            why_away(Some(("v8HeapLimit", 700)), vec![well("2026-12-01T09:59:00Z")]).unwrap().cause,
            "v8HeapLimit"
        );
    }
}
