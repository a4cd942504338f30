//! `ssl` of a connection to PostgreSQL, as `pg` takes it.

use std::fmt;

use greenroom_config::{ConfigError, Result, RootConfig, Value, all};

use crate::connection::text;

/// Whether a connection is encrypted, and who may be at its other end.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// Nothing is encrypted.
    #[default]
    Off,
    /// The server has to be whom its certificate names; trusted are the authorities that browsers trust, and these.
    Verified {
        /// Certificates of authorities, as PEM text.
        ca: Option<String>,
        /// The client's own certificate and its key, as PEM text.
        client: Option<(String, String)>,
    },
    /// Whoever answers is believed: `rejectUnauthorized: false`.
    Unverified {
        /// The client's own certificate and its key, as PEM text.
        client: Option<(String, String)>,
    },
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Verified { .. } => "Verified",
            Self::Unverified { .. } => "Unverified",
        })
    }
}

impl Tls {
    /// With what belongs to it.
    pub(crate) fn new(verified: bool, ca: Option<String>, client: Option<(String, String)>) -> Self {
        if verified { Self::Verified { ca, client } } else { Self::Unverified { client } }
    }

    /// What stands at the key; `None` if nothing does. The server's certificate is checked for the name at `host_key`.
    pub(crate) fn read(config: &RootConfig, key: &str, host_key: &str) -> Result<Option<Self>> {
        let Some(node) = config.optional_node(key)? else { return Ok(None) };
        match &node.value {
            Value::Object(_) => Self::read_object(config, key, host_key).map(Some),
            Value::Bool(false) => Ok(Some(Self::Off)),
            Value::Bool(true) => Ok(Some(Self::new(true, None, None))),
            Value::String(text) => match &**text {
                "true" => Ok(Some(Self::new(true, None, None))),
                "false" => Ok(Some(Self::Off)),
                "no-verify" => Ok(Some(Self::new(false, None, None))),
                _ => Err(refused(config, key)),
            },
            _ => Err(refused(config, key)),
        }
    }

    fn read_object(config: &RootConfig, key: &str, host_key: &str) -> Result<Self> {
        let at = |name: &str| format!("{key}.{name}");
        if config.has(&at("passphrase"))? {
            let text = format!("{} is set, but keys with a passphrase are not supported", at("passphrase"));
            return Err(ConfigError::invalid(config, &at("passphrase"), text)
                .with_help("write the key without one: `openssl pkey -in key.pem -out plain.pem`"));
        }
        let (name, host) =
            (config.optional_string(&at("servername"))?, text(config, host_key).ok().flatten());
        if name.is_some() && name != host {
            let text =
                format!("{} is set, but a server's certificate is checked for {host_key}", at("servername"));
            return Err(ConfigError::invalid(config, &at("servername"), text)
                .with_help("write as `host` the name that the certificate has"));
        }
        let verified = config.optional_boolean(&at("rejectUnauthorized"))?.unwrap_or(true);
        let ca = match config.optional_node(&at("ca"))?.map(|node| node.value) {
            Some(Value::Array(_)) => config.optional_string_array(&at("ca"))?.map(|all| all.join("\n")),
            _ => config.optional_string(&at("ca"))?,
        };
        let (cert, own_key) = (config.optional_string(&at("cert"))?, config.optional_string(&at("key"))?);
        for (name, text) in [("ca", &ca), ("cert", &cert), ("key", &own_key)] {
            if text.as_deref().is_some_and(|text| !text.contains("-----BEGIN ")) {
                let text = format!("{} is no PEM text", at(name));
                return Err(ConfigError::invalid(config, &at(name), text)
                    .without_line()
                    .with_help("of a file it is read by `$file: <path>`"));
            }
        }
        // Where one of the two is missing, its reader says so.
        let client = match cert.is_some() || own_key.is_some() {
            true => Some(all((config.string(&at("cert")), config.string(&at("key"))))?),
            false => None,
        };
        Ok(Self::new(verified, ca, client))
    }
}

fn refused(config: &RootConfig, key: &str) -> ConfigError {
    ConfigError::invalid(config, key, format!("{key} is neither true, false nor an object"))
}
