//! Ports for servers under test that have to be told theirs.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::atomic::{AtomicU16, Ordering::Relaxed},
};

/// Where they are taken from: below what systems give to outgoing connections (from 32768 on Linux), any of which could take the
/// port before the server does.
const FIRST: u16 = 18_000;
const COUNT: u16 = 14_000;

/// A port on which nobody listens. This process gives each only once, so that tests that run beside each other do not meet; other
/// processes begin elsewhere.
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id().wrapping_mul(389) % u32::from(COUNT)).unwrap_or(0);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Relaxed) % COUNT;
        let port = FIRST + (begin + step) % COUNT;
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && TcpListener::bind(everywhere)
                .map_or_else(|error| error.kind() != io::ErrorKind::AddrInUse, |_| true);
        if is_free {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "every port is taken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_left_out_and_each_is_given_once() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port().unwrap())).unwrap();
        let given: Vec<_> = (0..100).map(|_| free_port().unwrap()).collect();
        let once: std::collections::BTreeSet<_> = given.iter().collect();
        assert_eq!(once.len(), given.len());
        assert!(!given.contains(&held.local_addr().unwrap().port()));
    }
}
