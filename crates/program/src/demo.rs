//! `greenroom.demo: true`: a token for the first ten minutes, on this machine only.
//!
//! The token lives in a file that only its owner reads, as a header line for `curl -H @file`; it is masked in the
//! log, and good for nothing while no demo runs. Later starts keep it, and so do others from the same directory: what was
//! pasted once works on.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use greenroom::{
    auth::ExternalTokens,
    config::{ConfigError, RootConfig},
    core::Backend,
    data_dir::{DEMO_HEADER, PrivateFile},
    http::Listen,
    prelude::{RootLogger, decorate},
};

const KEY: &str = "greenroom.demo";
/// How the header line begins.
const START: &str = "Authorization: Bearer ";
/// How many random bytes a token has.
const BYTES: usize = 32;

/// A demo that is on.
pub(crate) struct Demo {
    token: String,
    /// Where the header line is.
    pub(crate) header_file: PathBuf,
    /// In its place only once the port is held: another instance may be running, and its file must stay.
    written: PrivateFile,
}

/// The file that could not be made, and why.
#[derive(Debug)]
pub(crate) struct NotWritten(pub(crate) PathBuf, pub(crate) std::io::Error);

impl Demo {
    /// Takes the token that is there, or makes one, and writes the file that holds it.
    pub(crate) fn prepare(data_dir: &Path) -> Result<Self, NotWritten> {
        let header_file = data_dir.join(DEMO_HEADER);
        let prepared = kept(&header_file)
            .map_or_else(token, Ok)
            .and_then(|token| Ok((PrivateFile::write(&header_file, &format!("{START}{token}\n"))?, token)));
        match prepared {
            Ok((written, token)) => Ok(Self { token, header_file, written }),
            Err(error) => Err(NotWritten(header_file, error)),
        }
    }

    /// Puts the header line in its place, for a backend that holds its port.
    pub(crate) fn publish(&self) -> std::io::Result<()> {
        self.written.publish()
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
    if !config.optional_switch(KEY)?.unwrap_or(false) {
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

/// The token of an earlier start, where nobody else can have read or written it.
fn kept(file: &Path) -> Option<String> {
    let line = PrivateFile::read(file).ok()?;
    let token = line.strip_prefix(START)?.trim_end();
    (token.len() == 2 * BYTES && token.bytes().all(|c| c.is_ascii_hexdigit())).then(|| token.to_owned())
}

fn token() -> std::io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    fn token_of(dir: &Path) -> String {
        let demo = Demo::prepare(dir).expect("it can be written");
        demo.publish().expect("it can be put in its place");
        assert_eq!(fs::read_to_string(&demo.header_file).unwrap(), format!("{START}{}\n", demo.token));
        demo.token.clone()
    }

    #[test]
    fn the_token_is_kept_while_only_its_owner_could_touch_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("demo.header");
        let first = token_of(dir.path());
        assert_eq!(token_of(dir.path()), first);

        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let second = token_of(dir.path());
        assert_ne!(second, first);

        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        symlink(&elsewhere, &file).unwrap();
        assert_ne!(token_of(dir.path()), second);

        fs::write(&file, format!("{START}short\n")).unwrap();
        assert_ne!(token_of(dir.path()), "short");
    }
}
