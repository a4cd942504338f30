//! From a request to credentials.

use std::sync::Arc;

use greenroom_config::RootConfig;
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result, describe};
use http::{HeaderMap, header::AUTHORIZATION};

use crate::{
    Auth, AuthenticateOptions, BoxFuture, Clock, Credentials, Principal, UserCookie, UserTokens,
    cookie::{self, CookieScope},
};

const LIMITED: AuthenticateOptions = AuthenticateOptions { allow_limited_access: true };

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
    /// People.
    pub const USER: Self = Self { none: false, user: true, service: false };
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

    /// Gives the browser its user's cookie. For the credentials of nobody, deletes the cookie.
    fn issue_user_cookie<'a>(
        &'a self,
        _: &'a HeaderMap,
        _: &'a Credentials,
    ) -> BoxFuture<'a, Result<UserCookie>> {
        Box::pin(async { Err(Error::not_implemented("This HTTP auth service issues no cookies").into()) })
    }
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

    /// Reads `Authorization: Bearer <token>`, and the cookie where limited access will do; issues cookies for the host of
    /// `backend.baseUrl`.
    pub fn of_plugin(auth: Auth, config: RootConfig, clock: Clock) -> Self {
        Self::new(OfRequests { auth, config, clock })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |auth: Auth, config: RootConfig, users: UserTokens| {
            Ok(Self::of_plugin(auth, config, users.clock().clone()))
        })
    }

    /// Whose request it is, if the route accepts them.
    ///
    /// Errors: 401 `Illegal token`, and those of [`AllowedPrincipals::check`] (contract: auth-1, auth-4).
    pub async fn credentials(&self, headers: &HeaderMap, allow: AllowedPrincipals) -> Result<Credentials> {
        self.credentials_with(headers, allow, AuthenticateOptions::default()).await
    }

    /// The same, where a limited user token may do, and with it the cookie that holds one; a bearer token counts before it.
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

    /// Gives the browser that has sent these headers a cookie, by which it is known where
    /// [limited access](AuthenticateOptions::allow_limited_access) will do. It keeps the one that it has if that is the same
    /// user's and good for five minutes more. For the credentials of [nobody](Credentials::none), it deletes the cookie.
    ///
    /// ```
    /// # use greenroom_auth::{AllowedPrincipals, HttpAuth};
    /// # use greenroom_errors::Result;
    /// # use http::{HeaderMap, header::SET_COOKIE};
    /// async fn sign_in(http_auth: &HttpAuth, request: &HeaderMap, answer: &mut HeaderMap) -> Result {
    ///     let user = http_auth.credentials(request, AllowedPrincipals::USER).await?;
    ///     if let Some(value) = http_auth.issue_user_cookie(request, &user).await?.set_cookie {
    ///         answer.append(SET_COOKIE, value);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Errors: 401 `Refused to issue cookie for non-user principal`; no `backend.baseUrl`, whose host the cookie is for.
    pub async fn issue_user_cookie(
        &self,
        headers: &HeaderMap,
        credentials: &Credentials,
    ) -> Result<UserCookie> {
        self.0.issue_user_cookie(headers, credentials).await
    }
}

struct OfRequests {
    auth: Auth,
    config: RootConfig,
    clock: Clock,
}

impl HttpAuthService for OfRequests {
    fn credentials<'a>(
        &'a self,
        headers: &'a HeaderMap,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            if let Some(token) = bearer_token(headers) {
                return self.auth.authenticate_with(token, options).await;
            }
            match cookie::token(headers).filter(|_| options.allow_limited_access) {
                Some(token) => self.auth.authenticate_with(&token, options).await,
                None => Ok(Credentials::none()),
            }
        })
    }

    fn issue_user_cookie<'a>(
        &'a self,
        headers: &'a HeaderMap,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<UserCookie>> {
        Box::pin(async move {
            let scope = || CookieScope::from_config(&self.config);
            let user = match credentials.principal() {
                Principal::None => {
                    return Ok(UserCookie {
                        expires_at: self.clock.now(),
                        set_cookie: Some(scope()?.clear()?),
                    });
                }
                Principal::Service { .. } => {
                    return Err(
                        Error::authentication("Refused to issue cookie for non-user principal").into()
                    );
                }
                Principal::User { user_entity_ref, .. } => user_entity_ref,
            };
            if let Some(known) = self.known_by_cookie(headers).await?
                && known.principal().as_user() == Some(user)
                && let Some(expires_at) = known.expires_at()
                && cookie::lasts(expires_at, self.clock.now())
            {
                return Ok(UserCookie { expires_at, set_cookie: None });
            }
            let token = self.auth.limited_user_token(credentials).await?;
            Ok(UserCookie { expires_at: token.expires_at, set_cookie: Some(scope()?.set(&token)?) })
        })
    }
}

impl OfRequests {
    /// Whose cookie a browser has: one that is nobody's is none.
    async fn known_by_cookie(&self, headers: &HeaderMap) -> Result<Option<Credentials>> {
        let Some(token) = cookie::token(headers) else { return Ok(None) };
        match self.auth.authenticate_with(&token, LIMITED).await {
            Ok(known) => Ok(Some(known)),
            Err(error) if describe(&*error).name == "AuthenticationError" => Ok(None),
            Err(error) => Err(error),
        }
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
