//! What the config says of sign-ins.

use std::time::Duration;

use greenroom::{
    auth::{SigningAlgorithm, canonical_entity_ref},
    config::{Config, ConfigError, Result, all},
    prelude::{Logger, RootConfig, info, warn},
};

use crate::AuthProviders;

/// `auth` in config; the defaults are documented on the crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The external URL of the plugin.
    pub(crate) issuer: String,
    pub(crate) lifetime: Duration,
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) omits_ownership: bool,
    pub(crate) key_store: KeyStore,
    pub(crate) guest: GuestSettings,
    /// The names under `auth.providers` that are not null, each with its place.
    pub(crate) configured: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStore {
    Memory,
    /// What Node has; memory stands in for it.
    Database,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuestSettings {
    pub(crate) user_entity_ref: String,
    pub(crate) ownership_entity_refs: Vec<String>,
    pub(crate) is_allowed_outside_development: bool,
}

impl Default for GuestSettings {
    fn default() -> Self {
        Self {
            user_entity_ref: DEFAULT_USER.to_owned(),
            ownership_entity_refs: vec![DEFAULT_USER.to_owned()],
            is_allowed_outside_development: false,
        }
    }
}

/// Whom everybody is, unless the config says otherwise.
const DEFAULT_USER: &str = "user:development/guest";
const PROVIDERS: &str = "auth.providers";
const GUEST: &str = "auth.providers.guest";
const ALGORITHM: &str = "auth.identityTokenAlgorithm";
const KEY_STORE: &str = "auth.keyStore.provider";

impl Settings {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self> {
        let (base_url, lifetime, algorithm, omits_ownership, key_store, guest) = all((
            config.string("backend.baseUrl"),
            config.optional_duration("auth.backstageTokenExpiration"),
            algorithm(config),
            config.optional_boolean("auth.omitIdentityTokenOwnershipClaim"),
            key_store(config),
            guest(config),
        ))?;
        let (shortest, longest) = (Duration::from_secs(600), Duration::from_secs(86_400));
        let lifetime = lifetime.unwrap_or(Duration::from_secs(3600));
        Ok(Self {
            issuer: format!("{}/api/auth", base_url.trim_end_matches('/')),
            lifetime: Duration::from_secs_f64(lifetime.as_secs_f64().round()).clamp(shortest, longest),
            algorithm,
            omits_ownership: omits_ownership.unwrap_or(true),
            key_store,
            guest,
            configured: configured(config)?,
        })
    }

    /// Writes the lines that an operator should read at start.
    pub(crate) fn tell(&self, logger: &Logger, providers: &AuthProviders, development: bool) {
        info!(logger, "Configuring \"memory\" as KeyStore provider");
        if self.key_store == KeyStore::Database {
            info!(
                logger,
                "Signing keys are in memory, so that people sign in again after a restart: the key store 'database' is not \
                 there yet"
            );
        }
        for (id, place) in &self.configured {
            if providers.has(id) {
                info!(logger, "Configuring auth provider: {id}");
            } else {
                warn!(logger, "The auth provider '{id}' is not served by this backend{place}");
            }
        }
        let has_guest = self.configured.iter().any(|(id, _)| id == "guest");
        if has_guest && !development && !self.guest.is_allowed_outside_development {
            warn!(
                logger,
                "Guests are refused: NODE_ENV is not 'development', and \
                 auth.providers.guest.dangerouslyAllowOutsideDevelopment is not true"
            );
        }
    }
}

fn algorithm(config: &RootConfig) -> Result<SigningAlgorithm> {
    let Some(name) = config.optional_string(ALGORITHM)? else { return Ok(SigningAlgorithm::default()) };
    let found = SigningAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name);
    found.ok_or_else(|| {
        let text = format!(
            "Unsupported algorithm '{name}' at {ALGORITHM}, expected one of 'ES256', 'ES384', 'EdDSA'"
        );
        ConfigError::invalid(config, ALGORITHM, text)
    })
}

fn key_store(config: &RootConfig) -> Result<KeyStore> {
    match config.optional_string(KEY_STORE)?.as_deref() {
        None | Some("database") => Ok(KeyStore::Database),
        Some("memory") => Ok(KeyStore::Memory),
        Some(known @ ("static" | "firestore")) => {
            let text = format!("The key store '{known}' is not there yet, expected 'memory' or 'database'");
            Err(ConfigError::invalid(config, KEY_STORE, text))
        }
        Some(other) => {
            Err(ConfigError::invalid(config, KEY_STORE, format!("Unknown KeyStore provider: {other}")))
        }
    }
}

/// Each provider that is more than null; of a list or a text there are none.
fn configured(config: &RootConfig) -> Result<Vec<(String, String)>> {
    let Some(providers) = config.optional_config(PROVIDERS)? else { return Ok(vec![]) };
    let mut configured = vec![];
    for id in providers.keys() {
        if providers.has(&id)? {
            let place = providers.place(&id).map(|place| format!(" ({place})")).unwrap_or_default();
            configured.push((id, place));
        }
    }
    Ok(configured)
}

fn guest(config: &RootConfig) -> Result<GuestSettings> {
    let part = if config.has(GUEST)? { config.optional_config(GUEST)? } else { None };
    let Some(guest) = part else { return Ok(GuestSettings::default()) };
    let (user, ownership, allowed) = all((
        user_entity_ref(&guest),
        guest.optional_string_array("ownershipEntityRefs"),
        guest.optional_boolean("dangerouslyAllowOutsideDevelopment"),
    ))?;
    Ok(GuestSettings {
        ownership_entity_refs: ownership.unwrap_or_else(|| vec![user.clone()]),
        user_entity_ref: user,
        is_allowed_outside_development: allowed.unwrap_or(false),
    })
}

/// Completed as the catalog does for whom it looks up.
fn user_entity_ref(guest: &Config) -> Result<String> {
    let key = "userEntityRef";
    let Some(text) = guest.optional_string(key)? else { return Ok(DEFAULT_USER.to_owned()) };
    canonical_entity_ref(&text, Some("user")).ok_or_else(|| {
        let text = format!("'{text}' is no entity reference, expected <kind>:<namespace>/<name>");
        ConfigError::invalid(guest, key, text)
    })
}
