//! The plugin `auth` of a backend elsewhere, for the plugins of this one.

use std::{fmt, time::Duration};

use greenroom_errors::{Error, Result};
use serde::Deserialize;
use tokio::time::timeout;

use super::{Issuer, RemoteKeys, keys::Found};
use crate::{AuthBackend, BoxFuture, Credentials, PublicKey};

/// Between two questions, in seconds. Shorter than for labels: who has just signed in would be refused.
const PAUSE: u64 = 1;
/// Longer than a question may take.
const DEADLINE: Duration = Duration::from_secs(6);

type UserInfo = dyn Fn(&str) -> BoxFuture<'static, Result<Option<Vec<u8>>>> + Send + Sync;

/// Has users accepted here who signed in at the backend elsewhere: what
/// [`UserTokens::set_auth_backend`](crate::UserTokens::set_auth_backend) takes where that one has the plugin `auth`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_auth::{Clock, KeysFault, RemoteAuth, RemoteKeys, UserTokens};
/// use greenroom_errors::Error;
///
/// let get = |path: String| async move { Err::<Vec<u8>, _>(format!("GET {path}: nobody listens")) };
/// let keys = RemoteKeys::new(
///     move |issuer| {
///         let answer = get(issuer.path());
///         Box::pin(async { answer.await.map_err(KeysFault::Unavailable) })
///     },
///     Clock::default(),
/// );
/// let user_info = move |_token: &str| {
///     let answer = get("/api/auth/v1/userinfo".to_owned());
///     Box::pin(async { answer.await.map(Some).map_err(|why| Error::new(why).into()) }) as _
/// };
/// let users = UserTokens::new(Clock::default());
/// users.set_auth_backend(RemoteAuth::new(keys, user_info)).unwrap();
/// # }
/// ```
pub struct RemoteAuth {
    keys: RemoteKeys,
    user_info: Box<UserInfo>,
}

impl RemoteAuth {
    /// By its keys. `user_info` asks it for `GET /api/auth/v1/userinfo` with this token as `Authorization: Bearer`, and
    /// returns the body of a 200, `None` for a 404.
    pub fn new(
        keys: RemoteKeys,
        user_info: impl Fn(&str) -> BoxFuture<'static, Result<Option<Vec<u8>>>> + Send + Sync + 'static,
    ) -> Self {
        Self { keys, user_info: Box::new(user_info) }
    }

    async fn find(&self, kid: &str) -> Result<Vec<PublicKey>> {
        let mut answers = self.keys.answers();
        let mut pause = PAUSE;
        loop {
            match self.keys.find(&Issuer::Users, kid, None, pause) {
                Found::Key(key) => return Ok(vec![key]),
                Found::Unusable | Found::Unknown(_) => return Ok(vec![]),
                Found::Unavailable(why) => return Err(Error::new(why).into()),
                Found::Pending => answers.changed().await?,
            }
            // Whoever has waited takes the answer that there is.
            pause = u64::MAX;
        }
    }
}

impl AuthBackend for RemoteAuth {
    fn keys<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Vec<PublicKey>>> {
        Box::pin(async move {
            let found = timeout(DEADLINE, self.find(kid)).await;
            found.unwrap_or_else(|_| {
                Err(Error::new("the keys of the auth backend are not there in time").into())
            })
        })
    }

    fn ownership<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<Option<Vec<String>>>> {
        #[derive(Deserialize)]
        struct Info {
            claims: Claims,
        }
        #[derive(Deserialize)]
        struct Claims {
            ent: Option<Vec<String>>,
        }
        Box::pin(async move {
            let Some(token) = credentials.token() else { return Ok(None) };
            let Some(body) = (self.user_info)(token).await? else { return Ok(None) };
            // The library's text may quote what it read.
            let info: Info = serde_json::from_slice(&body)
                .map_err(|_| Error::new("The auth backend's answer about a user has no claims"))?;
            Ok(info.claims.ent)
        })
    }
}

impl fmt::Debug for RemoteAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAuth").field("keys", &self.keys).finish_non_exhaustive()
    }
}
