//! Binding, as Node binds: all addresses are IPv6 and IPv4 on one socket.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use greenroom_config::{ConfigError, RootConfig};
use greenroom_errors::Error;
use socket2::{Domain, Protocol, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use crate::{
    Listen,
    listen::{HOST, LISTEN, PORT},
    unix::{self, SocketFile},
};

pub(super) const BACKLOG: i32 = 511;

/// A connection as it comes in.
pub(crate) type Plain = Either<TcpStream, UnixStream>;

/// Where connections come in.
#[derive(Debug)]
pub struct Listener(pub(crate) Socket);

#[derive(Debug)]
pub(crate) enum Socket {
    /// On a port.
    Tcp(TcpListener),
    /// On a file, which is removed with the listener.
    Unix(UnixListener, SocketFile),
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddr {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl LocalAddr {
    /// The address and the port; `None` for a Unix socket.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// The URL by which this machine reaches it, as people type it.
    ///
    /// ```
    /// use greenroom_http_server::LocalAddr;
    ///
    /// let everywhere = LocalAddr::Tcp("0.0.0.0:7007".parse().unwrap());
    /// assert_eq!(everywhere.url(false), "http://localhost:7007");
    /// ```
    pub fn url(&self, is_encrypted: bool) -> String {
        let scheme = if is_encrypted { "https" } else { "http" };
        let address = match self {
            Self::Unix(path) => return format!("{scheme}+unix:{}", path.display()),
            Self::Tcp(address) => address,
        };
        let host = match address.ip().to_canonical() {
            ip if ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST => {
                "localhost".to_owned()
            }
            IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        format!("{scheme}://{host}:{}", address.port())
    }
}

impl fmt::Display for LocalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listener {
    /// Its address, with the port that the system chose.
    pub fn local_addr(&self) -> io::Result<LocalAddr> {
        Ok(match &self.0 {
            Socket::Tcp(listener) => LocalAddr::Tcp(listener.local_addr()?),
            Socket::Unix(_, file) => LocalAddr::Unix(file.path().to_owned()),
        })
    }

    /// The next connection, and the address of its peer if it has one.
    pub(crate) async fn accept(&self) -> io::Result<(Plain, Option<IpAddr>)> {
        Ok(match &self.0 {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                (tcp(stream), Some(address.ip()))
            }
            Socket::Unix(listener, _) => (Either::Right(listener.accept().await?.0), None),
        })
    }

    /// Ends, and yields what the kernel has accepted already: dropping the listener would reset that.
    pub(crate) fn close(self) -> Box<dyn Iterator<Item = (Plain, Option<IpAddr>)> + Send> {
        match self.0 {
            Socket::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return Box::new(std::iter::empty()) };
                let all = std::iter::from_fn(move || listener.accept().ok());
                Box::new(all.filter_map(|(stream, address)| {
                    stream.set_nonblocking(true).ok()?;
                    Some((tcp(TcpStream::from_std(stream).ok()?), Some(address.ip())))
                }))
            }
            Socket::Unix(listener, file) => {
                drop(file);
                let Ok(listener) = listener.into_std() else { return Box::new(std::iter::empty()) };
                let all = std::iter::from_fn(move || listener.accept().ok());
                Box::new(all.filter_map(|(stream, _)| {
                    stream.set_nonblocking(true).ok()?;
                    Some((Either::Right(UnixStream::from_std(stream).ok()?), None))
                }))
            }
        }
    }
}

fn tcp(stream: TcpStream) -> Plain {
    // Small responses must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    Either::Left(stream)
}

impl Listen {
    /// Listens on the first address of the host that can be bound, or on the socket in the file system.
    ///
    /// Errors have Node's words and properties; `config` tells them where the address was set.
    pub async fn bind(&self, config: &RootConfig) -> Result<Listener, Error> {
        let socket = match self {
            Self::Tcp { host, port } => {
                Socket::Tcp(bind(host, *port).await.map_err(|failed| self.pointed(failed, config))?)
            }
            Self::Unix(path) => unix::bind(path, config).await?,
        };
        Ok(Listener(socket))
    }

    /// The same failure where the address was set, if config set it and another one would do.
    fn pointed(&self, failed: Error, config: &RootConfig) -> Error {
        let (key, help) = match failed.properties().get("code").and_then(|code| code.as_str()) {
            Some("ENOTFOUND") => (HOST, "no address is known for this host"),
            Some("EADDRNOTAVAIL") => (HOST, "this machine has no such address"),
            Some("EACCES") => (PORT, "ports below 1024 need privileges; choose another one"),
            _ => return failed,
        };
        if !Self::from_config(config).is_ok_and(|written| written == *self) {
            return failed;
        }
        let key = if config.place(key).is_some() { key } else { LISTEN };
        let pointed = ConfigError::invalid(config, key, failed.message()).with_help(help);
        failed
            .properties()
            .iter()
            .fold(Error::from(pointed), |error, (name, value)| error.with(name, value.clone()))
    }
}

async fn bind(host: &str, port: u16) -> Result<TcpListener, Error> {
    let addresses = addresses(host, port).await.map_err(|_| not_found(host))?;
    let mut last = None;
    for address in addresses {
        match socket(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::Error::other("the host has no address"));
    Err(refused(host, port, &error))
}

async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        let all = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        return Ok(all.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

fn socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
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
fn refused(host: &str, port: u16, error: &io::Error) -> Error {
    let (code, text) = match error.kind() {
        io::ErrorKind::AddrInUse => ("EADDRINUSE", "address already in use".to_owned()),
        io::ErrorKind::AddrNotAvailable => ("EADDRNOTAVAIL", "address not available".to_owned()),
        io::ErrorKind::PermissionDenied => ("EACCES", "permission denied".to_owned()),
        _ => ("EUNKNOWN", error.to_string()),
    };
    let host = if host.is_empty() { "::" } else { host };
    let mut refused = Error::new(format!("listen {code}: {text} {host}:{port}"))
        .with("code", code)
        .with("syscall", "listen")
        .with("address", host)
        .with("port", port);
    if let Some(number) = error.raw_os_error() {
        refused = refused.with("errno", -number);
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_told_by_the_name_that_links_have() {
        for (address, told) in [
            ("0.0.0.0:7010", "http://localhost:7010"),
            ("127.0.0.1:7010", "http://localhost:7010"),
            ("[::1]:7010", "http://localhost:7010"),
            // Nobody listens at the first address of this machine.
            ("127.0.0.2:7010", "http://127.0.0.2:7010"),
            ("[2001:db8::1]:7010", "http://[2001:db8::1]:7010"),
        ] {
            assert_eq!(LocalAddr::Tcp(address.parse().unwrap()).url(false), told);
        }
    }
}
