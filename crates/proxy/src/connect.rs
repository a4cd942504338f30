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

/// How long a server on this machine may have its queue of connections full.
const BUSY: Duration = Duration::from_secs(60);

/// Makes connections.
pub(crate) struct Connector {
    source: Option<IpAddr>,
    /// Why it is not asked from there.
    has_no_source: OnceLock<Why>,
    has_bound: AtomicBool,
    timeout: Duration,
    headers: u32,
    opened: AtomicU64,
    open: Arc<AtomicUsize>,
    logger: Logger,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NotConnected {
    /// Nobody takes it.
    Refused(Why),
    /// This machine cannot make one, or the server on it is too busy to take it: which says nothing of whether it is there.
    Unable(Why),
}

impl Connector {
    pub(crate) fn new(upstream: &Upstream, logger: Logger) -> Self {
        Self {
            source: upstream.source,
            has_no_source: OnceLock::new(),
            has_bound: AtomicBool::new(false),
            timeout: upstream.connect_timeout,
            headers: upstream.headers,
            opened: AtomicU64::new(0),
            open: Arc::default(),
            logger,
        }
    }

    /// How many were made.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// How many are open, for requests.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Why the server behind is not asked from the address from which it should be.
    pub(crate) fn has_no_source(&self) -> Option<Why> {
        self.has_no_source.get().cloned()
    }

    /// A connection for requests.
    pub(crate) async fn connect(&self, to: SocketAddr) -> Result<Connection, NotConnected> {
        // On this machine nobody is out of reach: who does not answer is busy, and is waited for as without us.
        let limit = if to.ip().is_loopback() { BUSY } else { self.timeout };
        let source = self.source.filter(|_| self.has_no_source.get().is_none());
        let connection = self.dial(to, source, limit, self.open.clone()).await?;
        self.opened.fetch_add(1, Relaxed);
        Ok(connection)
    }

    /// One from this machine's own address, which counts for nothing.
    pub(crate) async fn connect_as_probe(&self, to: SocketAddr) -> Result<Connection, NotConnected> {
        self.dial(to, None, self.timeout, Arc::default()).await
    }

    async fn dial(
        &self,
        to: SocketAddr,
        source: Option<IpAddr>,
        limit: Duration,
        open: Arc<AtomicUsize>,
    ) -> Result<Connection, NotConnected> {
        let socket =
            self.socket(to, source).map_err(|error| NotConnected::Unable(error.to_string().into()))?;
        let stream = timeout(limit, socket.connect(to)).await.map_err(|_| {
            let why: Why = format!("nothing answers at its address within {} s", limit.as_secs_f64()).into();
            if to.ip().is_loopback() { NotConnected::Unable(why) } else { NotConnected::Refused(why) }
        })?;
        let stream = stream.map_err(|error| not_connected(&error))?;
        Ok(Connection::over(stream, open, self.headers).await)
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

#[cfg(test)]
mod tests {
    use std::{net::TcpStream, pin::pin};

    use greenroom_logging::Logger;
    use socket2::{Domain, Socket, Type};

    use super::*;

    /// A listener whose queue is full, and those who wait in it.
    fn full() -> (std::net::TcpListener, Vec<TcpStream>) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(1).unwrap();
        let listener = std::net::TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let soon = Duration::from_millis(200);
        let waiting =
            std::iter::from_fn(|| TcpStream::connect_timeout(&address, soon).ok()).take(16).collect();
        (listener, waiting)
    }

    #[tokio::test]
    async fn a_server_on_this_machine_that_is_too_busy_to_take_a_connection_is_waited_for_and_not_gone() {
        let (listener, _waiting) = full();
        let address = listener.local_addr().unwrap();
        let timeout = Duration::from_millis(50);
        let (pause, headers) = (Duration::ZERO, 100);
        let upstream = Upstream { address, source: None, connect_timeout: timeout, pause, headers };
        let connector = Connector::new(&upstream, Logger::noop());
        let Err(NotConnected::Unable(why)) = connector.connect_as_probe(address).await else { panic!() };
        assert_eq!(&*why, "nothing answers at its address within 0.05 s");
        let mut asked = pin!(connector.connect(address));
        assert!(tokio::time::timeout(timeout * 4, &mut asked).await.is_err(), "it waits");
        listener.accept().unwrap();
        assert!(asked.await.is_ok());
    }
}
