//! From a URL to a connection: proxy or not, addresses checked, encrypted or not, within a deadline.

use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use greenroom_context::BoxFuture;
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use crate::{
    addresses::Reach,
    error::{CallError, Fault, Seconds, Stage, causes, innermost},
    proxies::Proxies,
    resolve::{NoAddress, Reachable, Resolve},
    stream::Stream,
    target::Target,
    tls::Tls,
    tunnel,
};

/// Makes connections that may reach so far.
#[derive(Clone)]
pub(crate) struct Connector {
    shared: Arc<Shared>,
    reach: Reach,
}

/// What all connectors of a client have in common.
pub(crate) struct Shared {
    pub(crate) tls: Tls,
    pub(crate) proxies: Proxies,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) deadline: Duration,
}

impl Connector {
    pub(crate) fn new(shared: Arc<Shared>, reach: Reach) -> Self {
        Self { shared, reach }
    }

    async fn connect(self, to: Uri) -> Result<Stream, CallError> {
        let target = Target::of(&to)?;
        let limit = self.shared.deadline;
        let connected = timeout(limit, self.dial(&to, &target)).await;
        let connected = connected.unwrap_or_else(|_| Err(self.late(&target)));
        connected.map_err(|fault| target.fail(fault))
    }

    fn late(&self, target: &Target) -> Fault {
        let limit = self.shared.deadline;
        match self.shared.proxies.find(target) {
            Ok(Some(proxy)) => Fault::ProxyFailed {
                proxy: proxy.name(),
                reason: format!("there was no connection through it within {}", Seconds(limit)),
            },
            _ => Fault::Deadline { of: Stage::Connect, limit },
        }
    }

    async fn dial(&self, to: &Uri, target: &Target) -> Result<Stream, Fault> {
        let encrypt = &self.shared.tls;
        match self.shared.proxies.find(target)? {
            None => {
                let stream = self.tcp(to, self.reach).await?;
                match target.is_https {
                    false => Ok(Stream::new(stream, false)),
                    true => Ok(Stream::new(
                        encrypt.connect(&target.host, stream).await.map_err(Fault::Tls)?,
                        false,
                    )),
                }
            }
            Some(proxy) => {
                let stream =
                    self.tcp(&proxy.uri, Reach::Named).await.map_err(|fault| Fault::ProxyFailed {
                        proxy: proxy.name(),
                        reason: match fault {
                            Fault::Name(reason) => format!("its name has no address ({reason})"),
                            Fault::Connect(reason) => reason,
                            fault => format!("{fault:?}"),
                        },
                    })?;
                if !target.is_https {
                    return Ok(Stream::new(stream, true));
                }
                let stream = tunnel::open(stream, proxy, target).await?;
                Ok(Stream::new(encrypt.connect(&target.host, stream).await.map_err(Fault::Tls)?, false))
            }
        }
    }

    /// The first connection that succeeds to one of the addresses.
    async fn tcp(&self, to: &Uri, reach: Reach) -> Result<TcpStream, Fault> {
        let resolver = self.shared.resolver.clone();
        let mut connector = HttpConnector::new_with_resolver(Reachable { resolver, reach });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        // Shared among the addresses, so that a dead one leaves time for the next.
        connector.set_connect_timeout(Some(self.shared.deadline));
        let connected = connector.call(to.clone()).await.map(TokioIo::into_inner);
        connected.map_err(|error| {
            let refused = causes(&error).find_map(|cause| cause.downcast_ref::<NoAddress>());
            if let Some(NoAddress(fault)) = refused {
                return fault.clone();
            }
            let io = causes(&error).find_map(|cause| cause.downcast_ref::<io::Error>());
            match io.map(io::Error::kind) {
                Some(io::ErrorKind::TimedOut) => Fault::Connect("nothing answers at its address".to_owned()),
                _ => Fault::Connect(innermost(&error)),
            }
        })
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = CallError;
    type Future = BoxFuture<'static, Result<Stream, CallError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        Box::pin(self.clone().connect(to))
    }
}
