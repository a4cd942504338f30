//! A port of the loopback interface for the child.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// A port that is free now. Another may take it before the child does: see [`is_taken`].
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether somebody listens on a port of the loopback interface, or of all. Where the child has ended that was to listen there,
/// it is why.
pub fn is_taken(port: u16) -> bool {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}
