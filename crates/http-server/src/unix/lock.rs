//! One backend at a time looks at what is at the path of a socket, and replaces it.
//!
//! The lock is a file beside the socket, `<socket>.lock`, that only its owner can open: whoever may read the directory must not
//! be able to keep a backend from starting. It is there only meanwhile.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{fs::OFlags, process::geteuid};
use tokio::time::timeout;

/// Another backend that starts on the path has found out by then whether its socket is answered.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Nobody but the owner may open it, and so lock it.
const MODE: u32 = 0o600;

/// The right to replace what is at a path, until this is dropped.
#[derive(Debug)]
pub(super) struct SocketLock {
    path: PathBuf,
    _locked: File,
}

impl Drop for SocketLock {
    /// Who waits for the lock finds that the file is gone, and makes another.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Waits for the lock of a socket's path. `None` where no file can be made: there can be no socket either, and the bind tells why.
pub(super) async fn acquire(socket: &Path) -> io::Result<Option<SocketLock>> {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let locked = async {
        loop {
            let file = match open(&path) {
                Ok(file) => file,
                Err(_) if fs::symlink_metadata(&path).is_err() => return Ok(None),
                Err(error) => return Err(foreign(&path, &error.to_string())),
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    return Ok(Some(SocketLock { path: path.clone(), _locked: file }));
                }
                // Its last owner has removed it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    };
    let too_long = |_| {
        let text = format!("another backend keeps {} locked, for", path.display());
        io::Error::new(ErrorKind::TimedOut, text)
    };
    timeout(LOCK_TIMEOUT, locked).await.map_err(too_long)?
}

/// Makes the file or opens it, if it is ours: in a directory that others write to, they may have put there what they like.
fn open(path: &Path) -> io::Result<File> {
    // A link is not followed, and nobody is waited for at the other end of a pipe.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(MODE).custom_flags(flags.bits().cast_signed());
    let file = options.open(path)?;
    let found = file.metadata()?;
    let is_ours = found.is_file() && found.uid() == geteuid().as_raw() && found.mode() & 0o077 == 0;
    if is_ours { Ok(file) } else { Err(ErrorKind::PermissionDenied.into()) }
}

fn foreign(path: &Path, why: &str) -> io::Error {
    let text = format!("{} is no lock of ours ({why}): remove it, for", path.display());
    io::Error::new(ErrorKind::PermissionDenied, text)
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    file.metadata().map(identity).ok() == fs::symlink_metadata(path).map(identity).ok()
}
