//! From a token to credentials, and from credentials to tokens.

use std::sync::Arc;

use greenroom_core::{PluginMetadata, Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use greenroom_logging::{Logger, warn};

use crate::{
    BoxFuture, Clock, Credentials, ExternalTokens, LimitedUserToken, PluginKeys, Principal, PublicKey,
    UserTokens,
    user::{Kind, kind, limited},
};

/// How a token is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthenticateOptions {
    /// Whether a limited user token will do.
    pub allow_limited_access: bool,
}

/// What stands behind [`Auth`]. All but [`authenticate`](Self::authenticate) has a default, so that a fake is short.
pub trait AuthService: Send + Sync + 'static {
    /// Whose token it is; `AuthenticationError` if nobody's.
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>>;

    /// The credentials of the plugin itself.
    fn own_service_credentials(&self) -> Result<Credentials> {
        Err(Error::not_implemented("This auth service does not know which plugin it serves").into())
    }

    /// A token with which the plugin calls another one on behalf of somebody.
    fn plugin_request_token<'a>(
        &'a self,
        on_behalf_of: &'a Credentials,
        target_plugin_id: &'a str,
    ) -> BoxFuture<'a, Result<String>> {
        let text = format!(
            "No token for a request to the plugin '{target_plugin_id}' can be issued on behalf of {on_behalf_of}: this \
             backend does not issue tokens between plugins yet"
        );
        Box::pin(async { Err(Error::not_implemented(text).into()) })
    }

    /// The token of a user, cut down to who it is.
    fn limited_user_token<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<LimitedUserToken>> {
        Box::pin(async move {
            let missing = || Error::authentication("User credentials is unexpectedly missing token");
            Ok(limited(credentials.token().ok_or_else(missing)?)?)
        })
    }

    /// The keys by which others verify what [`plugin_request_token`](Self::plugin_request_token) has issued: none, if it
    /// never has.
    fn public_service_keys(&self) -> BoxFuture<'_, Result<Vec<PublicKey>>> {
        Box::pin(async { Ok(vec![]) })
    }
}

/// Reads tokens and issues them. Backstage's `core.auth`.
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

    /// Accepts external tokens, as far as they are not restricted to other plugins than `plugin`, and nothing else.
    pub fn external(tokens: ExternalTokens, plugin: impl Into<Arc<str>>) -> Self {
        let users = UserTokens::new(Clock::default());
        let (plugin, keys) = (plugin.into(), PluginKeys::default());
        Self::new(Tokens { external: tokens, users, keys, plugin, logger: None })
    }

    /// Accepts the tokens of users, and external ones as [`external`](Self::external) does.
    pub fn of_plugin(
        plugin: impl Into<Arc<str>>,
        users: UserTokens,
        external: ExternalTokens,
        logger: Logger,
    ) -> Self {
        let (plugin, keys) = (plugin.into(), PluginKeys::default());
        Self::new(Tokens { external, users, keys, plugin, logger: Some(logger) })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(
            async |external: ExternalTokens,
                   users: UserTokens,
                   keys: PluginKeys,
                   logger: Logger,
                   me: PluginMetadata| {
                let plugin = me.id().into();
                Ok(Self::new(Tokens { external, users, keys, plugin, logger: Some(logger) }))
            },
        )
    }

    /// Whose token it is; `AuthenticationError: Illegal token` if nobody's.
    pub async fn authenticate(&self, token: &str) -> Result<Credentials> {
        self.authenticate_with(token, AuthenticateOptions::default()).await
    }

    /// The same, where a limited user token may do.
    pub async fn authenticate_with(&self, token: &str, options: AuthenticateOptions) -> Result<Credentials> {
        self.0.authenticate(token, options).await
    }

    /// The credentials of nobody.
    pub fn none_credentials(&self) -> Credentials {
        Credentials::none()
    }

    /// The credentials of the plugin itself, for what it does on its own behalf.
    pub fn own_service_credentials(&self) -> Result<Credentials> {
        self.0.own_service_credentials()
    }

    /// A token with which the plugin calls another one, on behalf of who called it or of itself.
    ///
    /// # Errors
    /// 401 on behalf of nobody. All else is a `NotImplementedError` so far: tokens between plugins are to come.
    pub async fn plugin_request_token(
        &self,
        on_behalf_of: &Credentials,
        target_plugin_id: &str,
    ) -> Result<String> {
        self.0.plugin_request_token(on_behalf_of, target_plugin_id).await
    }

    /// The token of a user, cut down to who it is: for a cookie, where a whole token would be too much to lose.
    pub async fn limited_user_token(&self, credentials: &Credentials) -> Result<LimitedUserToken> {
        self.0.limited_user_token(credentials).await
    }

    /// The public keys of the tokens that this plugin has issued for requests to others.
    pub async fn public_service_keys(&self) -> Result<Vec<PublicKey>> {
        self.0.public_service_keys().await
    }
}

/// What a backend accepts: tokens of plugins, users, systems outside, in this order.
struct Tokens {
    external: ExternalTokens,
    users: UserTokens,
    /// What others verify tokens of this plugin by.
    keys: PluginKeys,
    plugin: Arc<str>,
    logger: Option<Logger>,
}

impl AuthService for Tokens {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            match kind(token) {
                Some(Kind::Plugin) => {
                    if let Some(logger) = &self.logger {
                        warn!(
                            logger,
                            "Failed to verify incoming plugin token: this backend does not read tokens between plugins yet"
                        );
                    }
                    return Err(Error::authentication("Failed plugin token verification").into());
                }
                Some(_) => {
                    let user = self.users.authenticate(token, options, self.logger.as_ref()).await?;
                    if let Some(credentials) = user {
                        return Ok(credentials);
                    }
                }
                None => {}
            }
            match self.external.verify(token, &self.plugin)? {
                Some(principal) => Ok(Credentials::of(principal)),
                None => Err(Error::authentication("Illegal token").into()),
            }
        })
    }

    fn own_service_credentials(&self) -> Result<Credentials> {
        Ok(Credentials::of(Principal::service(format!("plugin:{}", self.plugin))))
    }

    fn public_service_keys(&self) -> BoxFuture<'_, Result<Vec<PublicKey>>> {
        Box::pin(async { Ok(self.keys.listed().to_vec()) })
    }

    fn plugin_request_token<'a>(
        &'a self,
        on_behalf_of: &'a Credentials,
        target: &'a str,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            match on_behalf_of.principal() {
                // Where everybody may call, nobody needs a token.
                Principal::None if self.external.policy_is_disabled() => Ok(String::new()),
                Principal::None => Err(Error::authentication(
                    "Refused to issue service token for credential type 'none'",
                )
                .into()),
                _ => Err(Error::not_implemented(format!(
                    "The plugin '{}' cannot call the plugin '{target}' on behalf of a {}: this backend does not issue \
                     tokens between plugins yet",
                    self.plugin,
                    on_behalf_of.principal().kind(),
                ))
                .into()),
            }
        })
    }
}
