//! Binding, as Node binds: all addresses are IPv6 and IPv4 on one socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use greenroom_errors::Error;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::settings::Listen;

const BACKLOG: i32 = 511;

/// Listens on the first address of the host that can be bound.
pub(crate) async fn bind(listen: &Listen) -> Result<TcpListener, Error> {
    let addresses = addresses(listen).await.map_err(|_| not_found(&listen.host))?;
    let mut last = None;
    for address in addresses {
        match socket(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| std::io::Error::other("the host has no address"));
    Err(refused(listen, &error))
}

async fn addresses(listen: &Listen) -> std::io::Result<Vec<SocketAddr>> {
    if listen.host.is_empty() {
        let all = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        return Ok(all.map(|ip| SocketAddr::new(ip, listen.port)).to_vec());
    }
    Ok(tokio::net::lookup_host((listen.host.as_str(), listen.port)).await?.collect())
}

fn socket(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Node's words and properties for a host that nobody knows.
fn not_found(host: &str) -> Error {
    Error::new(format!("getaddrinfo ENOTFOUND {host}"))
        .with("errno", -3008)
        .with("code", "ENOTFOUND")
        .with("syscall", "getaddrinfo")
        .with("hostname", host)
}

/// Node's words and properties, and what to do about it.
fn refused(listen: &Listen, error: &std::io::Error) -> Error {
    let (code, text) = match error.kind() {
        std::io::ErrorKind::AddrInUse => ("EADDRINUSE", "address already in use".to_owned()),
        std::io::ErrorKind::AddrNotAvailable => ("EADDRNOTAVAIL", "address not available".to_owned()),
        std::io::ErrorKind::PermissionDenied => ("EACCES", "permission denied".to_owned()),
        _ => ("EUNKNOWN", error.to_string()),
    };
    let host = if listen.host.is_empty() { "::" } else { &listen.host };
    let mut refused = Error::new(format!("listen {code}: {text} {host}:{}", listen.port))
        .with("code", code)
        .with("syscall", "listen")
        .with("address", host)
        .with("port", listen.port);
    if let Some(number) = error.raw_os_error() {
        refused = refused.with("errno", -number);
    }
    refused
}
