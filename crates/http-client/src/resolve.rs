//! From a name to addresses that a call may reach.

use std::{
    error::Error as StdError,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};

use greenroom_context::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::{addresses::Reach, error::Fault};

/// Finds the addresses of a name; the system does unless told otherwise.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses, in the order in which to try them.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// What the operating system says: its files, its name servers.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives the connector no address that is out of reach. What it gives is what is connected to.
#[derive(Clone)]
pub(crate) struct Reachable {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) reach: Reach,
}

/// Why a name leads nowhere.
#[derive(Debug)]
pub(crate) struct NoAddress(pub(crate) Fault);

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl StdError for NoAddress {}

impl Service<Name> for Reachable {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = BoxFuture<'static, Result<Self::Response, NoAddress>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, reach } = self.clone();
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await;
            let found = found.map_err(|error| NoAddress(Fault::Name(error.to_string())))?;
            let mut refused = None;
            let reachable: Vec<_> = found
                .into_iter()
                .filter(|address| match reach.refuses(*address) {
                    None => true,
                    Some(fault) => {
                        refused.get_or_insert(fault);
                        false
                    }
                })
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if reachable.is_empty() {
                return Err(NoAddress(refused.unwrap_or_else(|| Fault::Name("none is known".to_owned()))));
            }
            Ok(reachable.into_iter())
        })
    }
}
