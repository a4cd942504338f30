//! What lines must not hold, as the config says it, and what there is to say of it.

use greenroom_config::{Config, Result, RootConfig};
use greenroom_js::text::trim;

use crate::{Level, RootLogger};

const ALLOWLIST: &str = "backend.logger.redactAllowlist";

pub(crate) fn redact_allowlist(config: &Config) -> Result<Vec<String>> {
    Ok(config.optional_string_array(ALLOWLIST)?.unwrap_or_default())
}

/// The entries of `backend.logger.redactAllowlist` that are no secret of the config as a whole, and so do nothing.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_logging::unused_redact_allowlist;
///
/// let yaml = "backend: {auth: {keys: [{secret: mine}]}, logger: {redactAllowlist: [' mine ', theirs]}}";
/// let config = RootConfig::from_yaml(yaml).unwrap();
/// assert_eq!(unused_redact_allowlist(&config).unwrap(), ["theirs"]);
/// ```
///
/// # Errors
/// If it is no list of texts.
pub fn unused_redact_allowlist(config: &RootConfig) -> Result<Vec<String>> {
    let secrets = config.secrets();
    let mut allowed = redact_allowlist(config)?;
    allowed.retain(|entry| !secrets.iter().any(|secret| trim(secret) == trim(entry)));
    Ok(allowed)
}

/// What an operator should hear of secrets that are masked: those that ordinary text may hold, and those that are part of
/// what is never masked. Each a sentence with the key and the place.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_logging::doubtful_secrets;
///
/// let config = RootConfig::from_yaml("backend: {auth: {keys: [{secret: stage}, {secret: a-long-secret}]}}").unwrap();
/// let told = doubtful_secrets(&config).unwrap();
/// assert_eq!(told.len(), 2);
/// assert_eq!(
///     told[0],
///     "the secret 'backend.auth.keys[0].secret' is shorter than 8 characters: ordinary text that holds it is masked too \
///      (mock-config:1:34)"
/// );
/// ```
///
/// # Errors
/// If the list of secrets that need not be masked is none.
pub fn doubtful_secrets(config: &RootConfig) -> Result<Vec<String>> {
    let allowed = redact_allowlist(config)?;
    let meta = config.optional_get("backend.logger.meta").ok().flatten().unwrap_or_default();
    let service = meta["service"].as_str().unwrap_or("backstage");
    let names = || Level::ALL.iter().map(|level| level.as_str()).chain([service]);
    let mut told = Vec::new();
    for mut secret in config.hidden() {
        secret.masked.retain(|text| !allowed.iter().any(|allowed| trim(allowed) == text));
        let mut say =
            |what: &str| told.push(format!("the secret '{}' {what} ({})", secret.key, secret.place));
        if secret.is_short() {
            say("is shorter than 8 characters: ordinary text that holds it is masked too");
        }
        if let Some(name) = names().find(|name| secret.masked.iter().any(|text| name.contains(text.as_str())))
        {
            say(&format!("is part of '{name}', where it is not masked"));
        }
    }
    Ok(told)
}

impl RootLogger {
    /// Masks the secrets of a config besides those that are masked already, but those of its
    /// `backend.logger.redactAllowlist`, and tells how many of them are new.
    ///
    /// # Errors
    /// If that list is none; then the old one holds.
    pub fn mask_secrets(&self, config: &RootConfig) -> Result<()> {
        self.mask_from(config, config.secrets())
    }

    /// The same of a config that may be refused. What is masked stays so, and short secrets spoil ordinary text, even the
    /// warning of them: they are masked once the config holds.
    ///
    /// # Errors
    /// As [`mask_secrets`](Self::mask_secrets).
    pub fn mask_long_secrets(&self, config: &RootConfig) -> Result<()> {
        self.mask_from(config, config.long_secrets())
    }

    fn mask_from(&self, config: &RootConfig, secrets: Vec<String>) -> Result<()> {
        let allowed = redact_allowlist(config).map(|allowed| self.allow_in_lines(allowed));
        let new = self.add_redactions(secrets);
        if new > 0 {
            self.info(format_args!("Found {new} new secrets in config that will be redacted"));
        }
        allowed
    }
}
