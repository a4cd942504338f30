//! From a token to credentials.

use std::sync::Arc;

use greenroom_core::{PluginMetadata, Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};

use crate::{BoxFuture, Credentials, ExternalTokens};

/// What stands behind [`Auth`].
pub trait AuthService: Send + Sync + 'static {
    /// Whose token it is; `AuthenticationError` if nobody's.
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Credentials>>;
}

/// Reads tokens. Backstage's `core.auth`.
#[derive(Clone)]
pub struct Auth(Arc<dyn AuthService>);

impl Service for Auth {
    const ID: &'static str = "core.auth";
    type Scope = scope::Plugin;
}

impl Auth {
    /// A handle on an implementation of one's own.
    pub fn new(service: impl AuthService) -> Self {
        Self(Arc::new(service))
    }

    /// Accepts external tokens, as far as they are not restricted to other plugins than `plugin`.
    pub fn external(tokens: ExternalTokens, plugin: impl Into<Arc<str>>) -> Self {
        Self::new(External { tokens, plugin: plugin.into() })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |tokens: ExternalTokens, me: PluginMetadata| Ok(Self::external(tokens, me.id())))
    }

    /// Whose token it is; `AuthenticationError: Illegal token` if nobody's.
    pub async fn authenticate(&self, token: &str) -> Result<Credentials> {
        self.0.authenticate(token).await
    }
}

struct External {
    tokens: ExternalTokens,
    plugin: Arc<str>,
}

impl AuthService for External {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            match self.tokens.verify(token, &self.plugin)? {
                Some(principal) => Ok(Credentials::of(principal)),
                None => Err(Error::authentication("Illegal token").into()),
            }
        })
    }
}
