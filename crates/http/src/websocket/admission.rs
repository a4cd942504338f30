//! Who may have a WebSocket of a plugin, and when.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use greenroom_auth::{Auth, Credentials, Principal, bearer_token};
use greenroom_context::Context;
use greenroom_errors::{Error, Result};
use greenroom_logging::{Logger, debug, warn};
use http::StatusCode;

use super::{
    WebSocketUpgrade,
    routes::{Handler, Route, told},
    upgrade::offered,
};
use crate::{AuthPolicy, pipeline::Gate};

/// As many tokens as one request may try.
const MOST_CANDIDATES: usize = 5;

/// What stands before the handlers of one plugin.
pub(crate) struct Admission {
    pub(crate) plugin: Arc<str>,
    pub(crate) gate: Gate,
    pub(crate) auth: Auth,
    /// Requests without credentials are let in, with `Credentials::none()`.
    pub(crate) lets_all_in: bool,
    pub(crate) logger: Logger,
}

impl Admission {
    /// The route of a handler behind this. `path` is relative to the plugin.
    pub(crate) fn before(
        self: &Arc<Self>,
        handler: Handler,
        path: &str,
        policy: Option<AuthPolicy>,
    ) -> impl Route {
        Admitted { admission: self.clone(), path: path.to_owned(), policy, handler }
    }

    async fn admit(&self, upgrade: &mut WebSocketUpgrade, policy: Option<AuthPolicy>) -> Result<(), Error> {
        self.gate.check().await?;
        if let Some(AuthPolicy::Unauthenticated) = policy {
            return Ok(());
        }
        (upgrade.credentials, upgrade.auth_protocol) = self.authenticate(upgrade).await?;
        self.gate.check().await
    }

    /// Tries the offered protocols, then the bearer token: the first that is a user's or a service's counts.
    async fn authenticate(&self, upgrade: &WebSocketUpgrade) -> Result<(Credentials, Option<String>), Error> {
        let protocols = offered(upgrade.headers());
        let bearer = bearer_token(upgrade.headers()).map(str::to_owned);
        let candidates = || protocols.iter().chain(&bearer);
        if candidates().count() > MOST_CANDIDATES {
            let text = format!("WebSocket authentication accepts at most {MOST_CANDIDATES} candidates");
            return Err(Error::authentication(text));
        }
        let (mut denied, mut illegal) = (None, None);
        for (index, token) in candidates().enumerate() {
            let source = if index < protocols.len() { "protocol" } else { "authorization" };
            let error = match self.auth.authenticate(token).await {
                Ok(credentials) if *credentials.principal() != Principal::None => {
                    let offered = protocols.contains(token).then(|| token.clone());
                    return Ok((credentials, offered));
                }
                Ok(_) => {
                    debug!(
                        self.logger,
                        source = source,
                        candidateIndex = index,
                        "WebSocket authentication candidate has no supported principal"
                    );
                    continue;
                }
                Err(error) => Error::from_any(error),
            };
            debug!(
                self.logger,
                source = source,
                candidateIndex = index,
                errorType = error.name(),
                "WebSocket authentication candidate failed"
            );
            match error.name() {
                "NotAllowedError" => denied = Some(error),
                "AuthenticationError" => illegal = illegal.or(Some(error)),
                _ => {}
            }
        }
        if self.lets_all_in {
            return Ok((Credentials::none(), None));
        }
        let missing = || Error::authentication("Missing or invalid WebSocket credentials");
        Err(denied.or(illegal).unwrap_or_else(missing))
    }
}

/// A handler and what stands before it.
struct Admitted {
    admission: Arc<Admission>,
    path: String,
    policy: Option<AuthPolicy>,
    handler: Handler,
}

impl Route for Admitted {
    fn run(&self, upgrade: WebSocketUpgrade) -> BoxFuture<'_, ()> {
        let context = Context::current().with_plugin(self.admission.plugin.clone());
        Box::pin(context.scope(told(&self.admission.logger, &self.path, self.admitted(upgrade))))
    }
}

impl Admitted {
    async fn admitted(&self, mut upgrade: WebSocketUpgrade) -> Result {
        let Admission { logger, plugin, .. } = &*self.admission;
        let Err(error) = self.admission.admit(&mut upgrade, self.policy).await else {
            return (self.handler)(upgrade).await;
        };
        let status = match error.name() {
            "AuthenticationError" => StatusCode::UNAUTHORIZED,
            "NotAllowedError" => StatusCode::FORBIDDEN,
            "ServiceUnavailableError" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        warn!(
            logger,
            pluginId = &**plugin,
            path = &*self.path,
            remoteAddress = upgrade.caller.peer.address.map(|address| address.to_string()),
            errorType = error.name(),
            status = status.to_string(),
            "WebSocket upgrade rejected"
        );
        upgrade.refuse(status).await;
        Ok(())
    }
}
