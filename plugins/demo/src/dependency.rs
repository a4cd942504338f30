//! Something that the backend depends on, and that one can break: a server on a port of this machine, which does nothing.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use greenroom::{health::CheckHandle, prelude::*};
use parking_lot::Mutex;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// The check's name within the plugin.
const CHECK: &str = "dependency";

/// See the module.
#[derive(Clone)]
pub(crate) struct Dependency(Arc<Inner>);

struct Inner {
    mends_after: Duration,
    address: Mutex<SocketAddr>,
    state: tokio::sync::Mutex<State>,
    check: OnceLock<CheckHandle>,
}

enum State {
    /// What accepts connections.
    Up(JoinHandle<Option<()>>),
    Broken {
        until: SystemTime,
        /// Its end tells that somebody has mended it before.
        _mended: oneshot::Sender<()>,
    },
}

impl Dependency {
    /// Starts it; it mends itself so long after it was broken.
    pub(crate) async fn start(mends_after: Duration) -> io::Result<Self> {
        let (address, server) = serve((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let state = tokio::sync::Mutex::new(State::Up(server));
        let address = Mutex::new(address);
        Ok(Self(Arc::new(Inner { mends_after, address, state, check: OnceLock::new() })))
    }

    /// Has readiness depend on it.
    pub(crate) fn watch(&self, health: &HealthChecks) {
        let watched = self.clone();
        let check = health.declare(CHECK).readiness().run(async move || watched.probe().await);
        let _ = self.0.check.set(check);
    }

    async fn probe(&self) -> Check {
        let address = *self.0.address.lock();
        match TcpStream::connect(address).await {
            Ok(_) => Check::pass(),
            Err(error) => Check::fail(format!("nobody listens on {address}: {error}")),
        }
    }

    /// Until when it is broken, if it is.
    pub(crate) async fn broken_until(&self) -> Option<SystemTime> {
        match &*self.0.state.lock().await {
            State::Up(_) => None,
            State::Broken { until, .. } => Some(*until),
        }
    }

    /// Takes it away, and comes back once readiness knows. One that is broken stays so until it would have been mended anyway.
    pub(crate) async fn break_down(&self) {
        {
            let mut state = self.0.state.lock().await;
            let State::Up(server) = &mut *state else { return };
            server.abort();
            // Only then the port is closed.
            let _ = server.await;
            let (mended, is_mended) = oneshot::channel();
            let (later, after) = (self.clone(), self.0.mends_after);
            *state = State::Broken { until: SystemTime::now() + after, _mended: mended };
            spawn("mend the demo's dependency", async move {
                if timeout(after, is_mended).await.is_err() {
                    later.mend().await;
                }
            });
        }
        self.tell().await;
    }

    /// Brings it back, at its old place if that is free, and comes back once readiness knows.
    pub(crate) async fn mend(&self) {
        {
            let mut state = self.0.state.lock().await;
            if let State::Up(_) = &*state {
                return;
            }
            let before = *self.0.address.lock();
            let served = match serve(before).await {
                Ok(served) => Ok(served),
                Err(_) => serve((Ipv4Addr::LOCALHOST, 0).into()).await,
            };
            // Without a port it stays broken, and its check says so.
            if let Ok((address, server)) = served {
                *self.0.address.lock() = address;
                *state = State::Up(server);
            }
        }
        self.tell().await;
    }

    async fn tell(&self) {
        if let Some(check) = self.0.check.get() {
            check.run_now().await;
        }
    }
}

/// Accepts whoever comes, and says nothing.
async fn serve(at: SocketAddr) -> io::Result<(SocketAddr, JoinHandle<Option<()>>)> {
    let listener = TcpListener::bind(at).await?;
    let address = listener.local_addr()?;
    let server = spawn("the demo's dependency", async move {
        loop {
            if listener.accept().await.is_err() {
                // Out of files, for example: others need a moment to give some back.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    Ok((address, server))
}
