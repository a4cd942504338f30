//! How a connection to the server behind is made.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_logging::{Logger, warn};
use tokio::{net::TcpSocket, time::timeout};

use crate::{connection::Connection, settings::Upstream, state::Why};

/// Makes connections.
pub(crate) struct Connector {
    source: Option<IpAddr>,
    /// Why it is not asked from there.
    has_no_source: OnceLock<Why>,
    has_bound: AtomicBool,
    timeout: Duration,
    opened: AtomicU64,
    open: Arc<AtomicUsize>,
    logger: Logger,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NotConnected {
    /// Nobody takes it.
    Refused(Why),
    /// This machine cannot make one.
    Unable(Why),
}

impl Connector {
    pub(crate) fn new(upstream: &Upstream, logger: Logger) -> Self {
        Self {
            source: upstream.source,
            has_no_source: OnceLock::new(),
            has_bound: AtomicBool::new(false),
            timeout: upstream.connect_timeout,
            opened: AtomicU64::new(0),
            open: Arc::default(),
            logger,
        }
    }

    /// How many were made.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Why the server behind is not asked from the address from which it should be.
    pub(crate) fn has_no_source(&self) -> Option<Why> {
        self.has_no_source.get().cloned()
    }

    /// A connection for requests.
    pub(crate) async fn connect(&self, to: SocketAddr) -> Result<Connection, NotConnected> {
        let connection = self.dial(to, self.source.filter(|_| self.has_no_source.get().is_none())).await?;
        self.opened.fetch_add(1, Relaxed);
        Ok(connection)
    }

    /// One from this machine's own address, which counts for nothing.
    pub(crate) async fn connect_as_probe(&self, to: SocketAddr) -> Result<Connection, NotConnected> {
        self.dial(to, None).await
    }

    async fn dial(&self, to: SocketAddr, source: Option<IpAddr>) -> Result<Connection, NotConnected> {
        let socket =
            self.socket(to, source).map_err(|error| NotConnected::Unable(error.to_string().into()))?;
        let stream = timeout(self.timeout, socket.connect(to)).await.map_err(|_| {
            let limit = self.timeout.as_secs_f64();
            NotConnected::Refused(format!("nothing answers at its address within {limit} s").into())
        })?;
        Ok(Connection::over(stream.map_err(|error| not_connected(&error))?, self.open.clone()).await)
    }

    fn socket(&self, to: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpSocket> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_nodelay(true)?;
        let Some(source) = source else { return Ok(socket) };
        // A port whose last connection has just ended can be had again: there are few of them.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        if let Err(error) = socket.bind((source, 0).into()) {
            // One that could be bound before has no port left for a while: better from elsewhere than not at all.
            if !self.has_bound.load(Relaxed) {
                self.give_up(source, &error);
            }
        } else {
            self.has_bound.store(true, Relaxed);
        }
        Ok(socket)
    }

    fn give_up(&self, source: IpAddr, error: &io::Error) {
        let why: Why = format!("{source} cannot be bound: {error}").into();
        if self.has_no_source.set(why.clone()).is_ok() {
            warn!(
                self.logger,
                "The server behind is asked from this machine's own address, which its rate limit spares ({why})"
            );
        }
    }
}

/// What is wrong here, and not there, is no reason to take it for down.
fn not_connected(error: &io::Error) -> NotConnected {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable, OutOfMemory, PermissionDenied};
    let why: Why = error.to_string().into();
    match error.kind() {
        AddrInUse | AddrNotAvailable | OutOfMemory | PermissionDenied => NotConnected::Unable(why),
        _ => NotConnected::Refused(why),
    }
}
