//! What verifies user tokens in every plugin, and the auth backend behind it.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use greenroom_logging::{Logger, warn};

use super::verify::{Kind, Refused, key_id, verify};
use crate::{AuthenticateOptions, BoxFuture, Clock, Credentials, InvalidToken, Principal, PublicKey};

/// The plugin `auth`, as far as other plugins need it: the keys of its tokens, and what it knows of its users.
///
/// The plugin of this backend answers from memory. One that runs elsewhere is asked by HTTP:
/// [`RemoteAuth`](crate::RemoteAuth).
pub trait AuthBackend: Send + Sync + 'static {
    /// Its keys of that id: one if all is well.
    fn keys<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Vec<PublicKey>>>;

    /// On whose behalf the user of these credentials owns what they own; `None` if it does not know the user.
    fn ownership<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<Option<Vec<String>>>>;
}

/// Verifies user tokens, for all plugins, by the keys of the backend's plugin `auth`.
#[derive(Clone)]
pub struct UserTokens(Arc<Inner>);

struct Inner {
    backend: OnceLock<Box<dyn AuthBackend>>,
    clock: Clock,
    has_told: AtomicBool,
}

impl Service for UserTokens {
    const ID: &'static str = "greenroom.userTokens";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(Self::factory())
    }
}

impl UserTokens {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async || Ok(Self::new(Clock::default())))
    }

    /// Refuses every token until there is an [auth backend](Self::set_auth_backend).
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { backend: OnceLock::new(), clock, has_told: AtomicBool::new(false) }))
    }

    /// Accepts from now on what that backend has issued. There is one; a second one is an error.
    pub fn set_auth_backend(&self, backend: impl AuthBackend) -> Result {
        let set = self.0.backend.set(Box::new(backend));
        set.map_err(|_| Error::new("User tokens have an auth backend already").into())
    }

    /// By which tokens are issued and expire.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn backend(&self) -> Option<&dyn AuthBackend> {
        self.0.backend.get().map(|backend| &**backend)
    }

    /// Whose user token it is; `None` if it is no user's token. Why one is refused goes to the log.
    ///
    /// # Errors
    /// `AuthenticationError: Failed user token verification`, and `Illegal limited user token` for a limited one where
    /// these are not allowed.
    pub async fn authenticate(
        &self,
        token: &str,
        options: AuthenticateOptions,
        logger: Option<&Logger>,
    ) -> Result<Option<Credentials>> {
        let Some(kind) = super::kind(token).filter(|kind| *kind != Kind::Plugin) else { return Ok(None) };
        let verified = match self.verified(token, kind, logger).await {
            Ok(verified) => verified,
            Err(refused) => {
                if let (Refused::Unproved(_, why), Some(logger)) = (&refused, logger) {
                    warn!(logger, "Failed to verify incoming user token {why}");
                }
                return Err(refused.error().into());
            }
        };
        if kind == Kind::LimitedUser && !options.allow_limited_access {
            return Err(Error::authentication("Illegal limited user token").into());
        }
        Ok(Some(verified))
    }

    async fn verified(
        &self,
        token: &str,
        kind: Kind,
        logger: Option<&Logger>,
    ) -> std::result::Result<Credentials, Refused> {
        let Some(backend) = self.backend() else {
            self.tell_once(logger);
            return Err(Refused::Unknown);
        };
        let unknown_key = |why: String| Refused::Unproved(InvalidToken::UnknownKey, why);
        let kid = key_id(token).map_err(Refused::malformed)?;
        let keys = backend.keys(&kid).await;
        let keys = keys.map_err(|why| unknown_key(format!("no keys could be read: {why}")))?;
        let [key] = &*keys else {
            return Err(unknown_key(match keys.len() {
                0 => "no applicable key found in the JSON Web Key Set".to_owned(),
                _ => "multiple matching keys found in the JSON Web Key Set".to_owned(),
            }));
        };
        let verified = verify(token, kind, key, self.0.clock.seconds())?;
        let time = Duration::try_from_secs_f64(verified.expires).ok();
        let time = time.and_then(|since| UNIX_EPOCH.checked_add(since));
        let time = time.ok_or_else(|| Refused::malformed(r#""exp" is no time"#))?;
        Ok(Credentials::of(Principal::user(verified.subject)).with_token(token).expiring_at(time))
    }

    /// Each token would only repeat it.
    fn tell_once(&self, logger: Option<&Logger>) {
        let Some(logger) = logger else { return };
        if !self.0.has_told.swap(true, Ordering::Relaxed) {
            warn!(
                logger,
                "User tokens are refused: no plugin 'auth' has started in this backend, and the keys of one that runs \
                 elsewhere are not fetched yet"
            );
        }
    }
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_backend = self.0.backend.get().is_some();
        f.debug_struct("UserTokens").field("has_backend", &has_backend).finish_non_exhaustive()
    }
}
