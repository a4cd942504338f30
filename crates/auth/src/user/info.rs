//! What is known of a user beyond their name.

use std::{fmt, sync::Arc};

use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use serde::Serialize;
use serde_json::Value;

use super::{UserTokens, decoded};
use crate::{BoxFuture, Credentials};

/// Who a user is, and on whose behalf they own what they own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity {
    /// Such as `user:default/ada`.
    pub user_entity_ref: String,
    /// The user and their groups.
    pub ownership_entity_refs: Vec<String>,
}

/// What stands behind [`UserInfo`].
pub trait UserInfoService: Send + Sync + 'static {
    /// What is known of the user of these credentials.
    fn user_info<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<UserIdentity>>;
}

/// Tells what is known of a user. Backstage's `core.userInfo`.
///
/// ```
/// use greenroom_auth::{Credentials, UserInfo};
/// use greenroom_errors::Result;
///
/// async fn owns(users: &UserInfo, credentials: &Credentials, owner: &str) -> Result<bool> {
///     let user = users.user_info(credentials).await?;
///     Ok(user.ownership_entity_refs.iter().any(|one| one == owner))
/// }
/// ```
#[derive(Clone)]
pub struct UserInfo(Arc<dyn UserInfoService>);

impl Service for UserInfo {
    const ID: &'static str = "core.userInfo";
    type Scope = scope::Plugin;

    fn default_factory() -> Option<ServiceFactory> {
        Some(Self::factory())
    }
}

impl UserInfo {
    /// A handle on an implementation of one's own.
    pub fn new(service: impl UserInfoService) -> Self {
        Self(Arc::new(service))
    }

    /// The default factory: what the token says, else what the plugin `auth` knows.
    pub fn factory() -> ServiceFactory {
        service(async |tokens: UserTokens| Ok(Self::of(tokens)))
    }

    /// What tokens say, else what the auth backend behind them knows.
    pub fn of(tokens: UserTokens) -> Self {
        Self::new(FromTokens(tokens))
    }

    /// What is known of the user of these credentials.
    ///
    /// # Errors
    /// For credentials that are no user's, and where nobody knows on whose behalf the user owns.
    pub async fn user_info(&self, credentials: &Credentials) -> Result<UserIdentity> {
        self.0.user_info(credentials).await
    }
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfo").finish_non_exhaustive()
    }
}

struct FromTokens(UserTokens);

impl UserInfoService for FromTokens {
    fn user_info<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<UserIdentity>> {
        Box::pin(async move {
            let user = credentials.principal().as_user();
            let user = user.ok_or_else(|| Error::new("Only user credentials are supported"))?;
            let unknown = || Error::new("Ownership entity refs can not be determined");
            let refs = match credentials.token().and_then(ownership_in) {
                Some(claim) => serde_json::from_value(claim)
                    .map_err(|_| Error::new("Ownership entity refs must be an array of strings"))?,
                None => {
                    let backend = self.0.backend().ok_or_else(unknown)?;
                    backend.ownership(credentials).await?.ok_or_else(unknown)?
                }
            };
            Ok(UserIdentity { user_entity_ref: user.to_owned(), ownership_entity_refs: refs })
        })
    }
}

/// The claim `ent` of a token that has been verified.
fn ownership_in(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1).and_then(decoded)?;
    payload.get("ent").filter(|ent| !ent.is_null()).cloned()
}
