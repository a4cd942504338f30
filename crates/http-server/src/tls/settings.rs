//! `backend.https`.

use std::fmt;

use greenroom_config::{ConfigError, RootConfig};
use http::Uri;
use serde_json::Value;

use super::Certificate;

const HTTPS: &str = "backend.https";
const CERT: &str = "backend.https.certificate.cert";
const KEY: &str = "backend.https.certificate.key";
const BASE_URL: &str = "backend.baseUrl";

/// What a server that encrypts shows to its clients.
#[derive(Clone)]
pub enum Https {
    /// `backend.https.certificate`: what the config holds.
    Given {
        /// With its key.
        certificate: Certificate,
        /// The host of `backend.baseUrl`, if there is one.
        hostname: Option<String>,
    },
    /// `backend.https: true`: a certificate that nobody vouches for, kept in the data directory.
    SelfSigned {
        /// The host of `backend.baseUrl`, which the certificate names besides this machine.
        hostname: String,
    },
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given { hostname, .. } => f.debug_struct("Given").field("hostname", hostname).finish(),
            Self::SelfSigned { hostname } => {
                f.debug_struct("SelfSigned").field("hostname", hostname).finish()
            }
        }
    }
}

impl Https {
    /// Reads `backend.https`.
    pub fn from_config(config: &RootConfig) -> Result<Option<Self>, ConfigError> {
        match config.optional_get(HTTPS)? {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => {
                let hostname = hostname(config)?;
                return Ok(Some(Self::SelfSigned { hostname }));
            }
            Some(_) => config.optional_config(HTTPS)?,
        };
        let (cert, key) = (config.string(CERT)?, config.string(KEY)?);
        let certificate = Certificate::from_pem(&cert, &key).map_err(|fault| {
            let (key, text) = match fault.is_of_key {
                true => (KEY, fault.text),
                false => (CERT, fault.text),
            };
            // If the two are mixed up, the line that would be shown holds the key.
            ConfigError::invalid(config, key, format!("Invalid value in {key}: {text}")).without_line()
        })?;
        Ok(Some(Self::Given { certificate, hostname: hostname(config).ok() }))
    }

    /// Why clients may refuse the given certificate now: its dates, its names, its version. Each a sentence.
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::Given { certificate, hostname } => certificate.warnings(hostname.as_deref()),
            Self::SelfSigned { .. } => vec![],
        }
    }
}

/// In lower case, an IPv6 address without its brackets.
fn hostname(config: &RootConfig) -> Result<String, ConfigError> {
    let url = config.string(BASE_URL)?;
    let parsed = url.parse::<Uri>().ok().filter(|uri| uri.scheme().is_some());
    let host = parsed.as_ref().and_then(Uri::host).filter(|host| !host.is_empty());
    host.map(|host| host.trim_matches(['[', ']']).to_ascii_lowercase()).ok_or_else(|| {
        let shown = greenroom_redact::broken_url(&url);
        ConfigError::invalid(config, BASE_URL, format!("Invalid baseUrl \"{shown}\""))
    })
}
