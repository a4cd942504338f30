//! `greenroom.demo: true`: a token for the first ten minutes, on this machine only.
//!
//! The token lives in a file that only its owner reads, as a header line for `curl -H @file`; it is made anew at each
//! start, masked in the log, and good for nothing once the process has ended.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::IpAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use greenroom::{
    auth::ExternalTokens,
    config::{ConfigError, RootConfig},
    core::Backend,
    http::Listen,
    prelude::{RootLogger, decorate},
};
use serde_json::Value;

const KEY: &str = "greenroom.demo";

/// A demo that is on.
pub(crate) struct Demo {
    token: String,
    /// Where the header line is.
    pub(crate) header_file: PathBuf,
    /// Where it is until the port is held: another instance may be running, and its file must stay.
    beside: PathBuf,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Gone already, if it was published.
        let _ = fs::remove_file(&self.beside);
    }
}

/// The file that could not be made, and why.
#[derive(Debug)]
pub(crate) struct NotWritten(pub(crate) PathBuf, pub(crate) std::io::Error);

impl Demo {
    /// Makes a token, and the file that holds it.
    pub(crate) fn prepare(data_dir: &Path) -> Result<Self, NotWritten> {
        let header_file = data_dir.join("demo.header");
        match token().and_then(|token| Ok((write_beside(&header_file, &token)?, token))) {
            Ok((beside, token)) => Ok(Self { token, header_file, beside }),
            Err(error) => Err(NotWritten(header_file, error)),
        }
    }

    /// Puts the header line in its place, for a backend that holds its port.
    pub(crate) fn publish(&self) -> std::io::Result<()> {
        fs::rename(&self.beside, &self.header_file)
    }

    /// Makes the backend accept the token and the log hide it.
    pub(crate) fn add_to(&self, backend: Backend) -> Backend {
        let (accepted, masked) = (self.token.clone(), self.token.clone());
        let accept =
            decorate(async move |tokens: ExternalTokens| Ok(tokens.with_static(accepted, "greenroom-demo")));
        let mask = decorate(async move |logger: RootLogger| {
            logger.add_redactions([masked]);
            Ok(logger)
        });
        backend.add(accept).add(mask)
    }
}

/// Reads `greenroom.demo`: whether it is on. Refused in production and where others can connect.
pub(crate) fn check(config: &RootConfig, node_env: Option<&str>) -> Result<bool, ConfigError> {
    if !is_on(config)? {
        return Ok(false);
    }
    let refuse = |why: &str| {
        let text = format!("{KEY} is on, but {why}; switch it off, or take it out of this config");
        Err(ConfigError::invalid(config, KEY, text))
    };
    if node_env == Some("production") {
        return refuse("NODE_ENV is 'production'");
    }
    let loopback = match Listen::from_config(config)? {
        Listen::Tcp { host, .. } => {
            host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Listen::Unix(_) => true,
    };
    if loopback { Ok(true) } else { refuse("backend.listen is not a loopback address") }
}

/// A word that only resembles a boolean opens no door.
fn is_on(config: &RootConfig) -> Result<bool, ConfigError> {
    match config.optional_get(KEY)? {
        None => Ok(false),
        Some(Value::Bool(on)) => Ok(on),
        // What a variable of the environment holds is always text.
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
        Some(other) => {
            Err(ConfigError::invalid(config, KEY, format!("{KEY} is {other}, expected true or false")))
        }
    }
}

fn token() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes beside, to be renamed: nobody reads half a token, nor one through a link left in its place.
fn write_beside(file: &Path, token: &str) -> std::io::Result<PathBuf> {
    let dir = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let beside = dir.join(format!("demo.header.{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(&beside)?;
    writeln!(out, "Authorization: Bearer {token}")?;
    Ok(beside)
}
