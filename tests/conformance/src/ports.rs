//! Ports for servers under test that have to be told theirs.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    ops::Range,
    path::Path,
    process,
    sync::{Mutex, PoisonError},
};

/// Where they are taken from: below what systems give to outgoing connections (from 32768 on Linux), any of which could take the
/// port before the server does.
const FIRST: u16 = 18_000;
/// Processes share them by blocks.
const BLOCKS: u16 = 140;
/// How many a block has.
const EACH: u16 = 100;

/// Those of this process.
struct Ports {
    /// The locks of its blocks, also of those that are used up: servers may still listen there.
    held: Vec<File>,
    /// What is left of the last block.
    left: Range<u16>,
}

/// A port on which nobody listens. Each is given only once, and other processes have blocks of their own, so that tests that run
/// beside each other do not meet.
///
/// # Errors
/// When there is none, or the files by which processes share the ports cannot be made in the system's directory for temporary
/// files.
pub fn free_port() -> io::Result<u16> {
    // Never dropped: the system lets go of the locks when the process ends.
    static PORTS: Mutex<Ports> = Mutex::new(Ports { held: vec![], left: 0..0 });
    let mut ports = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(port) = ports.left.find(|port| is_free(*port)) {
            return Ok(port);
        }
        let (block, lock) = take_block(&std::env::temp_dir().join("greenroom-test-ports"))?;
        let first = FIRST + block * EACH;
        ports.left = first..first + EACH;
        ports.held.push(lock);
    }
}

/// A block that nobody holds, and what holds it from now on. Neighbours in time begin at different blocks: the servers of a process
/// may outlive it for a moment.
fn take_block(dir: &Path) -> io::Result<(u16, File)> {
    fs::create_dir_all(dir)?;
    let begin = u16::try_from(process::id() % u32::from(BLOCKS)).unwrap_or(0);
    for block in (begin..BLOCKS).chain(0..begin) {
        let path = dir.join(block.to_string());
        let file = File::options().write(true).create(true).truncate(false).open(&path);
        let file =
            file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => return Ok((block, file)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "every block of ports is taken"))
}

fn is_free(port: u16) -> bool {
    let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && TcpListener::bind(everywhere)
            .map_or_else(|error| error.kind() != io::ErrorKind::AddrInUse, |_| true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_port_that_is_taken_is_left_out_and_each_is_given_once() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port().unwrap())).unwrap();
        // More than a block has.
        let given: BTreeSet<_> = (0..EACH).map(|_| free_port().unwrap()).collect();
        assert_eq!(given.len(), usize::from(EACH));
        assert!(!given.contains(&held.local_addr().unwrap().port()));
        assert!(given.iter().all(|port| (FIRST..FIRST + BLOCKS * EACH).contains(port)));
    }

    #[test]
    fn a_block_is_held_by_one_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let mut held: Vec<_> = (0..BLOCKS).map(|_| take_block(dir.path()).unwrap()).collect();
        let blocks: BTreeSet<_> = held.iter().map(|(block, _)| *block).collect();
        assert_eq!(blocks, (0..BLOCKS).collect());
        assert_eq!(take_block(dir.path()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let (block, lock) = held.swap_remove(7);
        drop(lock);
        assert_eq!(take_block(dir.path()).unwrap().0, block);
    }
}
