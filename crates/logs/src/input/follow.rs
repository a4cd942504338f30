//! A file that grows, is rotated, or begins anew.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::{Duration, Instant},
};

use notify::{RecursiveMode, Watcher};

use crate::{Failure, Logs, input::live::BLOCK};

/// Some file systems tell of no change, such as those of other machines: then one is seen after so long.
const LOOK: Duration = Duration::from_secs(1);

/// Reads a file, then what is added to it, and goes on with the next one of that name. Ends by an error alone: a closed pipe is
/// one.
///
/// # Errors
/// When the file cannot be read, or what is shown cannot be written.
pub fn follow<W: Write>(path: &Path, logs: &mut Logs<W>) -> Result<(), Failure> {
    let (tell, changes) = sync_channel(1);
    // First: what changes while the file is read is told, too.
    let watcher = notify::recommended_watcher(move |_| {
        // One that waits is enough.
        let _ = tell.try_send(());
    });
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Without a watcher all is seen a little later.
    let _watcher = watcher.and_then(|mut watcher| {
        watcher.watch(dir, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    let mut file = Followed::open(path).map_err(Failure::Read)?;
    loop {
        file.read(logs)?;
        logs.flush()?;
        let Some(next) = file.next(path) else {
            wait(&changes, logs)?;
            continue;
        };
        // What was written between the last reading and the change of names.
        file.read(logs)?;
        logs.end_of_stream()?;
        file = next;
    }
}

/// Waits for a change; meanwhile a record that waits may be shown.
fn wait<W: Write>(changes: &Receiver<()>, logs: &mut Logs<W>) -> Result<(), Failure> {
    let due = Instant::now() + LOOK;
    loop {
        let until = logs.deadline().map_or(due, |deadline| deadline.min(due));
        match changes.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(()) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
            // There is no watcher: what is left is to look.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
            }
        }
        let now = Instant::now();
        if logs.deadline().is_some_and(|deadline| now >= deadline) {
            logs.tick()?;
            logs.flush()?;
        }
        if now >= due {
            return Ok(());
        }
    }
}

struct Followed {
    file: File,
    /// Which one of its file system it is.
    id: (u64, u64),
    read: u64,
    block: Vec<u8>,
}

impl Followed {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Self { file, id: (metadata.dev(), metadata.ino()), read: 0, block: vec![0; BLOCK] })
    }

    /// Reads to the end that the file has now.
    fn read<W: Write>(&mut self, logs: &mut Logs<W>) -> Result<(), Failure> {
        if self.file.metadata().map_err(Failure::Read)?.len() < self.read {
            logs.end_of_stream()?;
            self.file.seek(SeekFrom::Start(0)).map_err(Failure::Read)?;
            self.read = 0;
        }
        loop {
            match self.file.read(&mut self.block) {
                Ok(0) => return Ok(()),
                Ok(length) => {
                    self.read += length as u64;
                    logs.push(&self.block[..length])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::Read(error)),
            }
        }
    }

    /// The file that has the name now, if it is another one.
    fn next(&self, path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let is_another = (metadata.dev(), metadata.ino()) != self.id;
        is_another.then(|| Self::open(path).ok())?
    }
}
