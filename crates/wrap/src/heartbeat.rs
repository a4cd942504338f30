//! A small file that says that this process, and its child, are alive: whoever finds it after them knows when they ended, and at how
//! much memory. A kernel that kills a whole container leaves nothing else.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use crate::last_words::{MemoryAt, Time};

/// How much of one is read. One has some 300 bytes.
const MOST_BYTES: u64 = 4096;

/// One beat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Beat {
    pub(crate) time: Time,
    pub(crate) start_id: String,
    pub(crate) pid: u32,
    pub(crate) uptime_ms: u64,
    pub(crate) memory: Option<MemoryAt>,
}

/// The file, which nobody else keeps as long as it is open.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    file: File,
}

impl Heartbeat {
    /// Opens it, and returns with it the last beat of a process that could not say that it ends.
    ///
    /// # Errors
    /// Where it cannot be written, and while another process keeps it.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Option<Beat>)> {
        if let Some(dir) = path.parent() {
            greenroom_data_dir::make_dir(dir)?;
        }
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
        let mut file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => io::Error::other("another process keeps it"),
            error => error.into(),
        })?;
        let mut text = Vec::new();
        (&mut file).take(MOST_BYTES).read_to_end(&mut text)?;
        // Behind the line may be the rest of a longer one.
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let left = serde_json::from_slice(line).ok();
        file.set_len(0)?;
        Ok((Self { file }, left))
    }

    /// Writes a beat, in place of the one before: one call of the system, or two where it is shorter.
    pub(crate) fn beat(&self, beat: &Beat) -> io::Result<()> {
        let mut text = serde_json::to_vec(beat)?;
        text.push(b'\n');
        self.file.write_all_at(&text, 0)?;
        let length = text.len() as u64;
        if self.file.metadata()?.len() > length { self.file.set_len(length) } else { Ok(()) }
    }

    /// Says that what ends has been told.
    pub(crate) fn goodbye(&self) {
        let _ = self.file.set_len(0);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use proptest::prelude::*;

    use super::*;

    fn beat(uptime_ms: u64) -> Beat {
        let memory = MemoryAt { rss_bytes: 1, used_bytes: Some(2), limit_bytes: Some(4) };
        Beat { time: Time::now(), start_id: "a-1".to_owned(), pid: 7, uptime_ms, memory: Some(memory) }
    }

    #[test]
    fn who_ends_without_goodbye_leaves_its_last_beat_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/heartbeat.json");
        let (first, left) = Heartbeat::open(&path).unwrap();
        assert_eq!(left, None);
        first.beat(&beat(123_456)).unwrap();
        first.beat(&beat(5)).unwrap();
        assert!(Heartbeat::open(&path).unwrap_err().to_string().contains("another process"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);

        let (second, left) = Heartbeat::open(&path).unwrap();
        assert_eq!(left.map(|beat| (beat.uptime_ms, beat.pid)), Some((5, 7)));
        drop(second);
        assert_eq!(Heartbeat::open(&path).unwrap().1, None, "it is told once");
    }

    #[test]
    fn who_says_goodbye_leaves_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heartbeat.json");
        let (first, _) = Heartbeat::open(&path).unwrap();
        first.beat(&beat(5)).unwrap();
        first.goodbye();
        drop(first);
        assert_eq!(Heartbeat::open(&path).unwrap().1, None);
    }

    proptest! {
        #[test]
        fn whatever_stands_in_it_is_a_beat_or_nothing(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("heartbeat.json");
            fs::write(&path, &text).unwrap();
            prop_assert_eq!(Heartbeat::open(&path).unwrap().1, None);
        }
    }
}
