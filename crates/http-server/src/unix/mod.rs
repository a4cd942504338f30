//! A socket in the file system: who may connect, what is replaced, and that it is removed.

mod lock;

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use greenroom_config::{ConfigError, RootConfig};
use greenroom_errors::Error;
use socket2::{Domain, SockAddr, Type};
use tokio::{
    net::{UnixListener, UnixStream},
    time::timeout,
};

use crate::{
    LISTEN,
    listener::{BACKLOG, Socket},
};

/// Its owner and group may connect.
const MODE: u32 = 0o660;

/// A backend that listens has answered by then.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The file of a socket, removed when this is dropped unless another has taken its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Its device and number there.
    identity: (u64, u64),
}

impl SocketFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Listens on the path; a socket that nobody listens on any more is replaced, nothing else is.
pub(crate) async fn bind(path: &Path, config: &RootConfig) -> Result<Socket, Error> {
    let refused = |code: &str, why: &str| {
        let text = format!("listen {code}: {why} {}", path.display());
        Error::from(ConfigError::invalid(config, LISTEN, text))
            .with("code", code)
            .with("syscall", "listen")
            .with("address", path.display().to_string())
    };
    // From the look at what is there until somebody can connect: two that start at once must not both see nobody.
    let _lock = lock::acquire(path).await.map_err(|error| refused(code(&error), &error.to_string()))?;
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(refused("EADDRINUSE", "what is there is no socket and is left alone:"));
        }
        Ok(_) if is_answered(path).await => {
            return Err(refused("EADDRINUSE", "address already in use"));
        }
        Ok(_) => fs::remove_file(path).map_err(|error| refused(code(&error), &error.to_string()))?,
        Err(_) => {}
    }
    listen(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => refused("ENOENT", "no such directory for"),
        ErrorKind::PermissionDenied => refused("EACCES", "permission denied"),
        ErrorKind::AddrInUse => refused("EADDRINUSE", "address already in use"),
        _ => refused(code(&error), &error.to_string()),
    })
}

fn code(error: &io::Error) -> &'static str {
    if error.kind() == ErrorKind::PermissionDenied { "EACCES" } else { "EUNKNOWN" }
}

/// Only a refused connection says that nobody is there.
async fn is_answered(path: &Path) -> bool {
    let answer = timeout(CONNECT_TIMEOUT, UnixStream::connect(path)).await;
    !matches!(answer, Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused)
}

fn listen(path: &Path) -> io::Result<Socket> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
    // Before it listens, nobody can connect.
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(Socket::Unix(UnixListener::from_std(socket.into())?, file))
}
