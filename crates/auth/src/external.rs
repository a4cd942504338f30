//! `backend.auth.externalAccess`: tokens for systems outside of Backstage.
//!
//! Contract: auth-9 to auth-11.

mod keys;
mod restrictions;

use std::{collections::BTreeMap, sync::Arc};

use greenroom_config::{Config, ConfigError, DeclareConfig, RootConfig, all, each};
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use subtle::ConstantTimeEq;

use self::keys::refuse_unknown_keys;
use crate::{AccessRestrictions, Principal};

const KEY: &str = "backend.auth.externalAccess";

/// The external tokens that the config lists.
#[derive(Clone, Debug, Default)]
pub struct ExternalTokens {
    tokens: Arc<[StaticToken]>,
    unsupported: Arc<[String]>,
    open: bool,
}

#[derive(Clone)]
struct StaticToken {
    token: String,
    subject: Arc<str>,
    /// By plugin id; `None` for every plugin.
    restrictions: Option<BTreeMap<String, AccessRestrictions>>,
}

impl std::fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticToken").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Service for ExternalTokens {
    const ID: &'static str = "greenroom.externalTokens";
    type Scope = scope::Root;
}

impl ExternalTokens {
    /// Reads and checks `backend.auth`.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let access = || each(config.optional_config_array(KEY)?.unwrap_or_default().iter().map(access));
        let open = config.optional_boolean("backend.auth.dangerouslyDisableDefaultAuthPolicy");
        let (access, open) = all((access(), open))?;
        let (mut tokens, mut unsupported) = (vec![], vec![]);
        for access in access {
            match access {
                Access::Static(token) => tokens.push(token),
                Access::Unsupported(told) => unsupported.push(told),
            }
        }
        Ok(Self { tokens: tokens.into(), unsupported: unsupported.into(), open: open.unwrap_or(false) })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::from_config(&config)?))
            .reads_with_warnings(Self::from_config, |tokens| tokens.unsupported.to_vec())
    }

    /// The same, and one token more, for a service of that subject.
    #[must_use]
    pub fn with_static(self, token: impl Into<String>, subject: impl Into<Arc<str>>) -> Self {
        let one = StaticToken { token: token.into(), subject: subject.into(), restrictions: None };
        let all = self.tokens.iter().cloned().chain([one]);
        Self { tokens: all.collect(), ..self }
    }

    /// What the config lists and this version cannot verify, each a sentence for the log.
    pub fn unsupported(&self) -> &[String] {
        &self.unsupported
    }

    /// Whether `backend.auth.dangerouslyDisableDefaultAuthPolicy` opens every route.
    pub fn policy_is_disabled(&self) -> bool {
        self.open
    }

    /// The principal of a token at `plugin`; `None` for an unknown token, `NotAllowedError` for one that is restricted
    /// to other plugins. Every token is compared, in constant time.
    pub fn verify(&self, token: &str, plugin: &str) -> Result<Option<Principal>, Error> {
        let Some(found) = self.find(token) else { return Ok(None) };
        let access_restrictions = match &found.restrictions {
            None => None,
            Some(plugins) => Some(plugins.get(plugin).cloned().ok_or_else(|| {
                let names: Vec<_> = plugins.keys().map(|plugin| format!("'{plugin}'")).collect();
                Error::not_allowed(format!(
                    "This token's access is restricted to plugin(s) {}",
                    names.join(", ")
                ))
            })?),
        };
        Ok(Some(Principal::Service { subject: found.subject.clone(), access_restrictions }))
    }
}

impl ExternalTokens {
    /// Whether it is one of them, wherever it may be used.
    pub(crate) fn has(&self, token: &str) -> bool {
        self.find(token).is_some()
    }

    fn find(&self, token: &str) -> Option<&StaticToken> {
        let matches = |t: &StaticToken| bool::from(t.token.as_bytes().ct_eq(token.as_bytes()));
        self.tokens.iter().fold(None, |found, t| if matches(t) { Some(t) } else { found })
    }
}

/// One entry of the list.
enum Access {
    Static(StaticToken),
    /// What there is to tell of one that this version cannot verify.
    Unsupported(String),
}

fn access(entry: &Config) -> Result<Access, ConfigError> {
    refuse_unknown_keys(entry, "", &["type", "options", "accessRestrictions"], KEY)?;
    match entry.string("type")?.as_str() {
        "static" => static_token(entry).map(Access::Static),
        known @ ("legacy" | "jwks") => {
            restrictions::read(entry)?;
            let place = entry.place("type").map(|place| format!(" ({place})")).unwrap_or_default();
            Ok(Access::Unsupported(format!(
                "External access of type '{known}' is not supported yet, its tokens will be refused{place}"
            )))
        }
        other => {
            let text = format!("Unknown type '{other}' in {KEY}, expected one of 'static', 'legacy', 'jwks'");
            Err(ConfigError::invalid(entry, "type", text))
        }
    }
}

fn static_token(entry: &Config) -> Result<StaticToken, ConfigError> {
    refuse_unknown_keys(entry, "options", &["token", "subject"], "options")?;
    let token = entry.string("options.token")?;
    let invalid = |key, text: &str| Err(ConfigError::invalid(entry, key, text));
    if token.chars().any(char::is_whitespace) {
        return invalid("options.token", "Illegal token, must be a set of non-space characters");
    }
    if token.len() < 8 {
        return invalid("options.token", "Illegal token, must be at least 8 characters length");
    }
    let subject = entry.string("options.subject")?;
    if subject.chars().any(char::is_whitespace) {
        return invalid("options.subject", "Illegal subject, must be a set of non-space characters");
    }
    let restrictions = restrictions::read(entry)?;
    Ok(StaticToken { token, subject: subject.into(), restrictions })
}
