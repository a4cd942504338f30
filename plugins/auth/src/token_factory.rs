//! Tokens of people who signed in, and what the plugin remembers of them.

use std::{sync::Arc, time::UNIX_EPOCH};

use greenroom::{
    auth::{AuthBackend, BoxFuture, Clock, PublicKey, UserClaims, UserTokenIssuer},
    prelude::*,
};
use indexmap::IndexMap;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    SignIn,
    keys::{InMemoryKeys, Keys},
    settings::{KeyStore, Settings},
};

/// As many users are remembered; whoever has not signed in for longest is forgotten first.
const MOST_USERS: usize = 10_000;

/// Issues tokens, and answers for them.
pub(crate) struct TokenFactory {
    issuer: UserTokenIssuer,
    keys: Keys,
    clock: Clock,
    logger: Logger,
    /// By entity reference, the latest sign-in last.
    ownership: Mutex<IndexMap<String, Vec<String>>>,
}

impl TokenFactory {
    pub(crate) fn new(settings: &Settings, clock: Clock, logger: &Logger) -> Self {
        let logger = logger.child(fields! { component: "token-factory" });
        let Settings { lifetime, algorithm, omits_ownership, issuer, key_store, .. } = settings;
        Self {
            issuer: UserTokenIssuer {
                issuer: issuer.clone(),
                lifetime: *lifetime,
                omits_ownership: *omits_ownership,
            },
            keys: match key_store {
                KeyStore::Static(keys) => Keys::Static(keys.clone()),
                _ => Keys::InMemory(InMemoryKeys::new(*lifetime, *algorithm, clock.clone(), logger.clone())),
            },
            clock,
            logger,
            ownership: Mutex::default(),
        }
    }

    /// A session: what the front end gets of somebody who is vouched for.
    pub(crate) fn new_session(&self, user: SignIn) -> Result<Value> {
        let claims = UserClaims::new(&user.user_entity_ref, &user.ownership_entity_refs);
        let key = self.keys.signing()?;
        let now = self.clock.now();
        let (sub, ent) = (&claims.sub, &claims.ent);
        let token = self.issuer.issue(&key, &claims, now)?;
        info!(self.logger, "Issuing token for {sub}, with entities {}", ent.join(","));
        self.remember(sub, ent);
        // The token counts whole seconds since it began; of the first one a part is over.
        let begun = now.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_millis();
        let left = (self.issuer.lifetime.as_secs_f64() - f64::from(begun) / 1000.0).round() as u64;
        Ok(json!({
            "profile": user.profile,
            "backstageIdentity": {
                "token": token,
                "identity": {"type": "user", "userEntityRef": sub, "ownershipEntityRefs": ent},
                "expiresInSeconds": left,
            },
        }))
    }

    fn remember(&self, user: &str, refs: &[String]) {
        let mut ownership = self.ownership.lock();
        ownership.shift_remove(user);
        ownership.insert(user.to_owned(), refs.to_owned());
        if ownership.len() > MOST_USERS {
            ownership.shift_remove_index(0);
        }
    }

    /// On whose behalf a user owns, if they signed in here.
    pub(crate) fn ownership_of(&self, user: &str) -> Option<Vec<String>> {
        self.ownership.lock().get(user).cloned()
    }

    /// The keys that verify tokens.
    pub(crate) fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.listed()
    }
}

/// What other plugins of this backend ask, without a request.
pub(crate) struct InProcess(pub(crate) Arc<TokenFactory>);

impl AuthBackend for InProcess {
    fn keys<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Vec<PublicKey>>> {
        let keys = self.0.public_keys().into_iter().filter(|key| key.kid() == kid).collect();
        Box::pin(async { Ok(keys) })
    }

    fn ownership<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<Option<Vec<String>>>> {
        let known = credentials.principal().as_user().and_then(|user| self.0.ownership_of(user));
        Box::pin(async { Ok(known) })
    }
}
