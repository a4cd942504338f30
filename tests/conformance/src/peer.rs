//! The real Node backend, as `peer/install.sh` has installed it.

use std::io;
use std::path::{Path, PathBuf};

use crate::backend::Launch;
use crate::version::Version;

/// The program `node`, and the directory of the packages that it runs; an error that says how to install them when that has
/// not been done.
pub fn node(version: Version) -> io::Result<(PathBuf, PathBuf)> {
    let peers = target().join("peer");
    let installed = peers.join(version.to_string());
    if !installed.join("installed").is_file() {
        let text = format!(
            "the Node backend {version} is not installed: run `sh tests/conformance/peer/install.sh`"
        );
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    let own = installed.join("node_modules/.bin/node");
    Ok((if own.exists() { own } else { PathBuf::from("node") }, installed))
}

/// How to start it.
pub fn launch(version: Version) -> io::Result<Launch> {
    let (node, installed) = node(version)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/backend.js");
    Ok(set_up(Launch::new([node, script]), &installed))
}

/// What starts a backend of the packages that are installed there, by whatever command, in their midst.
pub fn set_up(launch: Launch, installed: &Path) -> Launch {
    // With signing keys of its own the backend never opens a database.
    let config = format!(
        "backend: {{auth: {{pluginKeyStore: {{type: static, static: {{keys: [{{keyId: peer, algorithm: ES256, \
         publicKeyFile: '{keys}/public.pem', privateKeyFile: '{keys}/private.pem'}}]}}}}}}}}\n",
        keys = target().join("peer/keys").display(),
    );
    launch.with_env("NODE_PATH", installed.join("node_modules")).in_directory(installed).with_config(&config)
}

/// Cargo's target directory.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from)
}
