//! Where an end is told to who comes later: a file that an orchestrator reads, and one in the data directory.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use greenroom_data_dir::PrivateFile;
use rustix::fs::OFlags;

use super::end::LastExit;

/// The longest `last-exit.json`, which is also the longest that is read back.
const MOST_BYTES: usize = 64 * 1024;

/// Both places; each may be missing.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) last_exit: Option<PathBuf>,
    pub(super) termination_log: Option<PathBuf>,
}

impl Places {
    /// What the last process has left.
    pub(super) fn read(&self) -> Option<LastExit> {
        serde_json::from_str(&PrivateFile::read(self.last_exit.as_ref()?).ok()?).ok()
    }

    /// Tells an end in both. Returns what could not be written, and why.
    pub(super) fn tell(&self, exit: &LastExit) -> Vec<String> {
        let mut faults = self.tell_kept(exit);
        // A message of an earlier end would be taken for the reason of this one.
        let message = if exit.is_failure() { exit.message() } else { String::new() };
        if let Some(path) = &self.termination_log {
            faults.extend(fault(path, overwrite(path, &message)));
        }
        faults
    }

    /// Tells an end of an earlier process: the orchestrator is told of this one.
    pub(super) fn tell_kept(&self, exit: &LastExit) -> Vec<String> {
        self.last_exit.iter().filter_map(|path| fault(path, keep(path, exit))).collect()
    }
}

fn fault(path: &Path, done: io::Result<()>) -> Option<String> {
    done.err().map(|error| format!("cannot write {}: {error}", path.display()))
}

fn keep(path: &Path, exit: &LastExit) -> io::Result<()> {
    let mut exit = exit.clone();
    let mut text = serde_json::to_string_pretty(&exit)?;
    while text.len() >= MOST_BYTES && !exit.lines.is_empty() {
        exit.lines.remove(0);
        text = serde_json::to_string_pretty(&exit)?;
    }
    text.push('\n');
    PrivateFile::write(path, &text)?.publish()
}

/// Writes into a file that is there: an orchestrator has made it, and none is made in its place. What a link names, or is no file, is
/// left as it is: a child that may put one there must not have it written for it.
fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    // Nobody may read a pipe that stands there, and no terminal is to become ours.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let mut file = match OpenOptions::new().write(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::{super::end::tests::killed, *};
    use crate::Cause;

    #[test]
    fn an_end_is_told_in_both_places_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let (last_exit, log) = (dir.path().join("state/last-exit.json"), dir.path().join("termination-log"));
        fs::write(&log, "older and longer than what comes").unwrap();
        let places = Places { last_exit: Some(last_exit.clone()), termination_log: Some(log.clone()) };
        assert_eq!(places.read(), None);
        let exit = killed((0..40).map(|_| "\u{1b}".repeat(600)).collect());
        assert_eq!(places.tell(&exit), Vec::<String>::new());
        let read = places.read().unwrap();
        assert_eq!((read.cause, &read.sentence), (Cause::Killed, &exit.sentence));
        assert_eq!(fs::metadata(&last_exit).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&log).unwrap().starts_with("The backend has ended: killed by SIGKILL"));

        let stopped = LastExit { cause: Cause::Stopped, ..exit };
        places.tell(&stopped);
        assert_eq!(fs::read_to_string(&log).unwrap(), "", "nothing is wrong any more");
    }

    #[test]
    fn what_a_link_names_and_what_is_no_file_stays_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, link) = (dir.path().join("victim"), dir.path().join("termination-log"));
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        for (log, what) in [(link, "termination-log"), ("/dev/null".into(), "it is no file")] {
            let places = Places { last_exit: None, termination_log: Some(log) };
            let faults = places.tell(&killed(vec![]));
            assert!(matches!(&faults[..], [fault] if fault.contains(what)), "{faults:?}");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn a_file_that_no_orchestrator_has_made_is_not_made_and_what_fails_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("termination-log");
        let places = Places { last_exit: None, termination_log: Some(log.clone()) };
        assert!(places.tell(&killed(vec![])).is_empty() && !log.exists() && places.read().is_none());
        fs::write(dir.path().join("file"), "").unwrap();
        let places = Places {
            last_exit: Some(dir.path().join("file/last-exit.json")),
            termination_log: Some(dir.path().into()),
        };
        assert_eq!(places.tell(&killed(vec![])).len(), 2);
    }
}
