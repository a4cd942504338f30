//! What the config says of sign-ins.

use std::time::Duration;

use greenroom::{
    auth::{PrivateKeys, SigningAlgorithm, StaticKeys, canonical_entity_ref},
    config::{Config, ConfigError, Result, all, each},
    prelude::RootConfig,
};
use http::Uri;

/// `auth` in config; the defaults are documented on the crate.
#[derive(Clone, Debug)]
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
    /// Where they are.
    pub(crate) providers_place: String,
    /// That the lifetime is not what the config says.
    pub(crate) clamped: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum KeyStore {
    Memory,
    /// What Node has; memory stands in for it.
    Database,
    /// Files that the config names.
    Static(StaticKeys),
}

impl KeyStore {
    /// What is used, by Backstage's name for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Memory | Self::Database => "memory",
            Self::Static(_) => "static",
        }
    }
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
pub(crate) const PROVIDERS: &str = "auth.providers";
pub(crate) const GUEST: &str = "auth.providers.guest";
const BASE_URL: &str = "backend.baseUrl";
const LIFETIME: &str = "auth.backstageTokenExpiration";
const ALGORITHM: &str = "auth.identityTokenAlgorithm";
const KEY_STORE: &str = "auth.keyStore.provider";

impl Settings {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self> {
        let (issuer, (lifetime, clamped), algorithm, omits_ownership, key_store, guest) = all((
            issuer(config),
            lifetime(config),
            algorithm(config),
            config.optional_boolean("auth.omitIdentityTokenOwnershipClaim"),
            key_store(config),
            guest(config),
        ))?;
        let configured = configured(config)?;
        Ok(Self {
            issuer,
            lifetime,
            algorithm,
            omits_ownership: omits_ownership.unwrap_or(true),
            key_store,
            guest,
            clamped,
            providers_place: at(config, PROVIDERS),
            configured,
        })
    }
}

/// Below the URL of the backend. It goes into each token, and to whoever asks for the OpenID configuration.
fn issuer(config: &RootConfig) -> Result<String> {
    let base_url = config.string(BASE_URL)?;
    let refused = |why: &str| ConfigError::invalid(config, BASE_URL, format!("{BASE_URL} {why}"));
    let uri = base_url.parse::<Uri>().ok();
    let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    let authority = uri.as_ref().and_then(Uri::authority).filter(|authority| !authority.host().is_empty());
    match authority {
        None => Err(refused("is no URL, expected one such as 'http://localhost:7007'")),
        Some(authority) if authority.as_str().contains('@') => Err(refused(
            "has a user name, which would stand in every token: take what is before the '@' away",
        )),
        Some(_) => Ok(format!("{}/api/auth", base_url.trim_end_matches('/'))),
    }
}

/// How long a token is good, and that it is not what the config says.
fn lifetime(config: &RootConfig) -> Result<(Duration, Option<String>)> {
    let Some(wanted) = config.optional_duration(LIFETIME)? else {
        return Ok((Duration::from_secs(3600), None));
    };
    let (shortest, longest) = (Duration::from_secs(600), Duration::from_secs(86_400));
    let rounded = Duration::from_secs_f64(wanted.min(longest * 2).as_secs_f64().round());
    let told = |bound: &str| Some(format!("{LIFETIME}: tokens are good for {bound}{}", at(config, LIFETIME)));
    Ok(match rounded {
        short if short < shortest => (shortest, told("10 minutes, no token for less")),
        long if long > longest => (longest, told("24 hours, no token for more")),
        lifetime => (lifetime, None),
    })
}

/// Where a key is, for the end of a sentence.
fn at(config: &Config, key: &str) -> String {
    config.place(key).map(|place| format!(" ({place})")).unwrap_or_default()
}

fn algorithm(config: &RootConfig) -> Result<SigningAlgorithm> {
    let Some(name) = config.optional_string(ALGORITHM)? else { return Ok(SigningAlgorithm::default()) };
    SigningAlgorithm::named(&name).ok_or_else(|| {
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
        Some("static") => StaticKeys::from_config(config, "auth.keyStore.static.keys", PrivateKeys::OfEach)
            .map(KeyStore::Static),
        Some("firestore") => {
            let text =
                "The key store 'firestore' is not there yet, expected 'memory', 'database' or 'static'";
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
            let place = at(&providers, &id);
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
        ownership_entity_refs(&guest),
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
    canonical_entity_ref(&text, Some("user"))
        .ok_or_else(|| ConfigError::invalid(guest, key, no_reference(&text)))
}

fn ownership_entity_refs(guest: &Config) -> Result<Option<Vec<String>>> {
    let key = "ownershipEntityRefs";
    let Some(texts) = guest.optional_string_array(key)? else { return Ok(None) };
    let one = |(index, text): (usize, String)| {
        let found = canonical_entity_ref(&text, None);
        found.ok_or_else(|| ConfigError::invalid_element(guest, key, index, no_reference(&text)))
    };
    each(texts.into_iter().enumerate().map(one)).map(Some)
}

fn no_reference(text: &str) -> String {
    format!("'{text}' is no entity reference, expected <kind>:<namespace>/<name>")
}
