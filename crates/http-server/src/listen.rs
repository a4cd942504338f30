//! `backend.listen`.

use std::path::{Path, PathBuf};

use greenroom_config::{ConfigError, RootConfig, all};
use serde_json::Value;
use socket2::SockAddr;

/// The config key of the address.
pub const LISTEN: &str = "backend.listen";

const UNIX: &str = "unix:";

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// On a port.
    Tcp {
        /// A name or an address without brackets; empty for all of IPv6 and IPv4.
        host: String,
        /// The port; 0 for any free one.
        port: u16,
    },
    /// On a socket in the file system.
    Unix(PathBuf),
}

impl Listen {
    /// Forms: `7007`, `':7007'`, `'host:7007'`, `'[::1]:7007'`, `{host, port}`, `unix:/path`. Contract: http-1.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        match config.optional_get(LISTEN)? {
            None => Ok(Self::Tcp { host: String::new(), port: 7007 }),
            Some(Value::Object(_)) => {
                let (host, port) = all((host(config), port(config)))?;
                Ok(Self::Tcp { host: host.trim_matches(['[', ']']).to_owned(), port })
            }
            Some(value) => Self::parse(&value).map_err(|fault| ConfigError::invalid(config, LISTEN, fault)),
        }
    }

    /// The same of another key, which may be missing, without the form `{host, port}`.
    pub fn optional(config: &RootConfig, key: &str) -> Result<Option<Self>, ConfigError> {
        let Some(value) = config.optional_get(key)? else { return Ok(None) };
        Self::parse(&value).map(Some).map_err(|fault| ConfigError::invalid(config, key, fault))
    }

    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some(path) = text.strip_prefix(UNIX) {
            return socket(path)
                .map_err(|expected| format!("Unable to listen on {text}, expected {expected}"));
        }
        let expected = "expected <port> or <host>:<port>";
        tcp(&text).ok_or_else(|| format!("Unable to parse listen address {text}, {expected}"))
    }
}

pub(crate) const HOST: &str = "backend.listen.host";
pub(crate) const PORT: &str = "backend.listen.port";

fn host(config: &RootConfig) -> Result<String, ConfigError> {
    let host = match config.optional_get(HOST)? {
        // An empty text, which a variable may hold, is all addresses as in Node.
        Some(Value::String(host)) if host.is_empty() => host,
        _ => config.optional_string(HOST)?.unwrap_or_default(),
    };
    match host.starts_with(UNIX) {
        true => {
            let text = format!("Unable to listen on host {host}, expected {LISTEN}: {host}");
            Err(ConfigError::invalid(config, HOST, text))
        }
        false => Ok(host),
    }
}

fn port(config: &RootConfig) -> Result<u16, ConfigError> {
    let Some(port) = config.optional_number(PORT)? else { return Ok(7007) };
    as_port(port).ok_or_else(|| {
        let text = format!("Unable to parse listen port {port}, expected 0 to 65535");
        ConfigError::invalid(config, PORT, text)
    })
}

fn tcp(text: &str) -> Option<Listen> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().ok().map(|_| inside)?,
        None if host.contains(':') => return None,
        None => host,
    };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    Some(Listen::Tcp { host: host.to_owned(), port: port.parse().ok().filter(|_| digits)? })
}

fn socket(path: &str) -> Result<Listen, &'static str> {
    if !Path::new(path).is_absolute() {
        return Err("an absolute path: unix:/run/greenroom.sock");
    }
    // The system's own limit: 107 bytes on Linux.
    SockAddr::unix(path).map_err(|_| "a path of at most 100 bytes")?;
    Ok(Listen::Unix(PathBuf::from(path)))
}

fn as_port(number: f64) -> Option<u16> {
    let port = number as u16;
    (f64::from(port) == number).then_some(port)
}
