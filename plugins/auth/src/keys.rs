//! The keys that sign tokens: those that the config names, else one at a time in memory, replaced before what it has signed
//! outlives it.

use std::time::{Duration, SystemTime};

use greenroom::{
    auth::{Clock, PublicKey, SigningAlgorithm, SigningKey, StaticKeys},
    errors::Error,
    prelude::{Logger, info},
};
use parking_lot::Mutex;

pub(crate) enum Keys {
    Static(StaticKeys),
    InMemory(InMemoryKeys),
}

impl Keys {
    /// The key to sign with.
    pub(crate) fn signing(&self) -> Result<SigningKey, Error> {
        match self {
            Self::InMemory(keys) => keys.signing(),
            Self::Static(keys) => Ok(keys.signing().clone()),
        }
    }

    /// Those that may have signed what is still good.
    pub(crate) fn listed(&self) -> Vec<PublicKey> {
        match self {
            Self::InMemory(keys) => keys.listed(),
            Self::Static(keys) => keys.public().iter().cloned().map(PublicKey::for_signatures).collect(),
        }
    }
}

/// In memory, made when first needed.
pub(crate) struct InMemoryKeys {
    /// Of a token: how long a key signs. A third of how long it is listed.
    lifetime: Duration,
    algorithm: SigningAlgorithm,
    clock: Clock,
    logger: Logger,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    signing: Option<(SystemTime, SigningKey)>,
    listed: Vec<(SystemTime, PublicKey)>,
}

impl InMemoryKeys {
    pub(crate) fn new(lifetime: Duration, algorithm: SigningAlgorithm, clock: Clock, logger: Logger) -> Self {
        Self { lifetime, algorithm, clock, logger, state: Mutex::default() }
    }

    fn signing(&self) -> Result<SigningKey, Error> {
        let now = self.clock.now();
        let mut state = self.state.lock();
        if let Some((made, key)) = &state.signing {
            if *made + self.lifetime > now {
                return Ok(key.clone());
            }
            info!(self.logger, "Signing key has expired, generating new key");
        }
        let key = SigningKey::generate(self.algorithm)?;
        info!(self.logger, "Created new signing key {}", key.public().kid());
        state.listed.push((now, key.public().clone()));
        state.signing = Some((now, key.clone()));
        Ok(key)
    }

    fn listed(&self) -> Vec<PublicKey> {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let is_listed = |made: &SystemTime| *made + 3 * self.lifetime >= now;
        let expired: Vec<_> = state.listed.iter().filter(|(made, _)| !is_listed(made)).collect();
        if !expired.is_empty() {
            let kids: Vec<_> = expired.iter().map(|(_, key)| key.kid()).collect();
            info!(self.logger, "Removing expired signing keys, '{}'", kids.join("', '"));
            state.listed.retain(|(made, _)| is_listed(made));
        }
        state.listed.iter().map(|(_, key)| key.clone()).collect()
    }
}
