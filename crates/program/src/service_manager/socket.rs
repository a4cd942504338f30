//! Where messages go: a socket in the file system, or one that is only a name.

use std::{
    ffi::OsStr,
    io,
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

/// How long the manager may leave its messages unread before a last one is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// The manager's socket.
#[derive(Clone, Debug)]
pub(super) struct Socket(SocketAddr);

impl Socket {
    /// The one at an absolute path, or behind `@` the abstract one of that name. None for other kinds: messages are a courtesy,
    /// and no reason not to start.
    pub(super) fn at(address: &OsStr) -> Option<Self> {
        match address.as_bytes() {
            [b'@', name @ ..] => named(name),
            [b'/', ..] => SocketAddr::from_pathname(address),
            _ => return None,
        }
        .ok()
        .map(Self)
    }

    /// Sends a message, and waits for nobody: it may be called by tasks. Returns whether it went out; a manager that reads none of
    /// its messages gets no more of them.
    #[must_use]
    pub(super) fn try_send(&self, message: &str) -> bool {
        let send = |socket: UnixDatagram| {
            socket.set_nonblocking(true)?;
            socket.send_to_addr(message.as_bytes(), &self.0)
        };
        UnixDatagram::unbound().and_then(send).is_ok()
    }

    /// Sends a message that cannot be sent again, and blocks the thread for a second at most: none for tasks. One that does not
    /// arrive is lost.
    pub(super) fn send_last(&self, message: &str) {
        let send = |socket: UnixDatagram| {
            socket.set_write_timeout(Some(PATIENCE))?;
            socket.send_to_addr(message.as_bytes(), &self.0)
        };
        // What would become of an error? The manager acts on what it does not hear.
        let _ = UnixDatagram::unbound().and_then(send);
    }
}

#[cfg(target_os = "linux")]
fn named(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;

    SocketAddr::from_abstract_name(name)
}

/// There are none.
#[cfg(not(target_os = "linux"))]
fn named(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}
