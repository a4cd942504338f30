//! A portal as its users have it: the stock front end of Backstage in a browser, served by the real binary, with Datadog's SDK
//! and a stand-in for Datadog's intake.
//!
//! [`portal`] starts the binary; [`browser`] does what a user does, and remembers what a developer would see; [`intake`] is told
//! how to answer, and gives back the [`events`] that it got. All hosts are names that only this browser knows, served over TLS
//! by one [`certificate`]; it can reach nothing else. The tests are in `tests/browser`.

pub mod browser;
pub mod certificate;
pub mod events;
pub mod intake;
pub mod node;
pub mod portal;

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

pub use browser::{Browser, Seen};
pub use certificate::Certificate;
pub use events::Events;
pub use intake::{Intake, Mood};
pub use node::Node;
pub use portal::{Line, Portal};

/// How long anything may take that is waited for. The SDK sends once in 30 seconds, unless the page goes.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// Where `cargo xtask app` and `browser/install.sh` put things.
fn target() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    env::var_os("CARGO_TARGET_DIR").map_or_else(beside, PathBuf::from)
}

/// What `browser/install.sh` has installed.
fn installed() -> PathBuf {
    target().join("portal")
}

/// The archive of the SDK that `greenroom rum sdk` takes.
pub fn tarball() -> PathBuf {
    installed().join("datadog-browser-rum-7.16.2.tgz")
}

/// Datadog's SDK as npm has it, of a major version.
pub fn sdk(major: u8) -> PathBuf {
    installed().join(format!("node_modules/datadog-rum-{major}"))
}
