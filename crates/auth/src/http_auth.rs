//! From a request to credentials.

use std::sync::Arc;

use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use http::{HeaderMap, header::AUTHORIZATION};

use crate::{Auth, AuthenticateOptions, BoxFuture, Credentials, Principal};

/// Which principals a route accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedPrincipals {
    /// Nobody in particular.
    pub none: bool,
    /// People.
    pub user: bool,
    /// Plugins and systems outside.
    pub service: bool,
}

impl AllowedPrincipals {
    /// People and services: what plugin routes accept by default.
    pub const AUTHENTICATED: Self = Self { none: false, user: true, service: true };
    /// Anybody.
    pub const ANY: Self = Self { none: true, user: true, service: true };

    /// Refuses whoever is not among them.
    ///
    /// Errors: 401 `Missing credentials`, 403 `This endpoint does not allow '…' credentials`.
    pub fn check(self, principal: &Principal) -> Result<(), Error> {
        let allowed = match principal {
            Principal::None => self.none,
            Principal::User { .. } => self.user,
            Principal::Service { .. } => self.service,
        };
        match principal.kind() {
            _ if allowed => Ok(()),
            "none" => Err(Error::authentication("Missing credentials")),
            kind => Err(Error::not_allowed(format!("This endpoint does not allow '{kind}' credentials"))),
        }
    }
}

/// What stands behind [`HttpAuth`].
pub trait HttpAuthService: Send + Sync + 'static {
    /// Whose request it is, whatever that is; `AuthenticationError` for a token that is nobody's.
    fn credentials<'a>(
        &'a self,
        headers: &'a HeaderMap,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>>;
}

/// Reads the credentials of requests. Backstage's `core.httpAuth`.
#[derive(Clone)]
pub struct HttpAuth(Arc<dyn HttpAuthService>);

impl Service for HttpAuth {
    const ID: &'static str = "core.httpAuth";
    type Scope = scope::Plugin;
}

impl HttpAuth {
    /// A handle on an implementation of one's own.
    pub fn new(service: impl HttpAuthService) -> Self {
        Self(Arc::new(service))
    }

    /// Reads `Authorization: Bearer <token>`.
    pub fn bearer(auth: Auth) -> Self {
        Self::new(Bearer(auth))
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |auth: Auth| Ok(Self::bearer(auth)))
    }

    /// Whose request it is, if the route accepts them.
    ///
    /// Errors: 401 `Illegal token`, and those of [`AllowedPrincipals::check`] (contract: auth-1, auth-4).
    pub async fn credentials(&self, headers: &HeaderMap, allow: AllowedPrincipals) -> Result<Credentials> {
        self.credentials_with(headers, allow, AuthenticateOptions::default()).await
    }

    /// The same, where a limited user token may do.
    pub async fn credentials_with(
        &self,
        headers: &HeaderMap,
        allow: AllowedPrincipals,
        options: AuthenticateOptions,
    ) -> Result<Credentials> {
        let credentials = self.0.credentials(headers, options).await?;
        allow.check(credentials.principal())?;
        Ok(credentials)
    }
}

struct Bearer(Auth);

impl HttpAuthService for Bearer {
    fn credentials<'a>(
        &'a self,
        headers: &'a HeaderMap,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            match bearer_token(headers) {
                Some(token) => self.0.authenticate_with(token, options).await,
                None => Ok(Credentials::none()),
            }
        })
    }
}

/// The token of `Authorization: Bearer …`, in any case and with any number of spaces; other schemes hold none.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    let token = rest.trim_start_matches(' ');
    let one_word = !token.is_empty() && !token.contains(char::is_whitespace);
    (scheme.eq_ignore_ascii_case("bearer") && one_word).then_some(token)
}
