//! What is measured: the Node backend, Greenroom, and floors. How each is started.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Backstage's own backend.
    Node,
    /// The backend that does the same with Greenroom.
    Greenroom,
    /// A server of hyper alone.
    Hyper,
    /// A server of axum alone.
    Axum,
    /// A server of axum that writes the same lines.
    AxumLine,
    /// A server of axum that writes the same lines and answers with the same headers.
    AxumSame,
    /// `write(2)` of the same bytes, one for each line.
    Write,
    /// `write(2)` of the same bytes, 64 KiB each.
    WriteBatched,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Node,
        Self::Greenroom,
        Self::Hyper,
        Self::Axum,
        Self::AxumLine,
        Self::AxumSame,
        Self::Write,
        Self::WriteBatched,
    ];

    /// What the table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "Node",
            Self::Greenroom => "Greenroom",
            Self::Hyper => "bare hyper",
            Self::Axum => "bare axum",
            Self::AxumSame => "axum, the same lines and headers",
            Self::AxumLine => "axum and the same lines",
            Self::Write => "`write(2)` per line",
            Self::WriteBatched => "`write(2)` per 64 KiB",
        }
    }

    /// Whether a request to it leaves lines in its log.
    pub const fn writes_lines(self) -> bool {
        matches!(self, Self::Node | Self::Greenroom | Self::AxumSame | Self::AxumLine)
    }
}

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The checkout.
    pub workspace: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

impl Places {
    /// As cargo has told us.
    pub fn find() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), Into::into);
        Self { workspace, target }
    }

    /// The Node of the locked peer, or the one on the path.
    pub fn node(&self) -> PathBuf {
        let own = self.peer().join("node_modules/.bin/node");
        if own.exists() { own } else { "node".into() }
    }

    /// The newest Node backend that is installed.
    pub fn peer(&self) -> PathBuf {
        self.target.join("peer/newest")
    }

    /// A command on Node with the peer's packages.
    fn on_node(&self, script: &str) -> Command {
        let mut command = command(self.node());
        command.arg(self.workspace.join(script)).current_dir(self.peer());
        command.env("NODE_PATH", self.peer().join("node_modules"));
        command
    }

    fn release(&self, program: &str) -> Command {
        command(self.target.join("release").join(program))
    }

    /// What starts a server on this port with this config file.
    pub fn server(&self, subject: Subject, port: u16, config: &Path) -> Command {
        let mut command = match subject {
            Subject::Node => self.on_node("tests/conformance/peer/backend.js"),
            Subject::Greenroom => self.release("conformance-backend"),
            _ => self.release("bench-floors"),
        };
        match subject {
            Subject::Hyper => command.arg("hyper"),
            Subject::Axum => command.arg("axum"),
            Subject::AxumSame => command.arg("axum-same"),
            Subject::AxumLine => command.arg("axum-lines"),
            _ => return backend(command, config),
        };
        command.arg(port.to_string());
        command
    }

    /// What logs so many lines to its standard output and tells the nanoseconds on the other one.
    pub fn log_loop(&self, subject: Subject, lines: u64, secrets: usize) -> Command {
        let mut command = match subject {
            Subject::Node => self.on_node("bench/node/log.js"),
            _ => self.release("bench-log"),
        };
        match subject {
            Subject::Write => command.arg("write"),
            Subject::WriteBatched => command.arg("write-batched"),
            Subject::Greenroom => command.arg("greenroom"),
            _ => &mut command,
        };
        command.args([lines.to_string(), secrets.to_string()]);
        command
    }

    /// What prints a token of a plugin of the Node backend.
    pub fn plugin_token(&self, plugin: &str) -> Command {
        let mut command = self.on_node("bench/node/token.js");
        command.arg(self.target.join("peer/keys/private.pem")).arg(plugin);
        command
    }

    /// What logs a kind of line so many times to nowhere.
    pub fn lines(&self, kind: &str, times: u64) -> Command {
        let mut command = self.release("bench-lines");
        command.arg(kind).arg(times.to_string());
        command
    }

    /// Writes the config that both backends are given.
    pub fn write_config(&self, file: &Path, port: u16) -> io::Result<()> {
        let keys = self.target.join("peer/keys");
        let mut text = format!(
            "app: {{title: Benchmark, baseUrl: 'http://localhost:{port}'}}\n\
             backend:\n  baseUrl: http://localhost:{port}\n  listen: ':{port}'\n  \
             database: {{client: better-sqlite3, connection: ':memory:'}}\n"
        );
        // With signing keys of its own the Node backend never opens a database.
        if keys.is_dir() {
            let keys = keys.display();
            text.push_str(&format!(
                "  auth: {{pluginKeyStore: {{type: static, static: {{keys: [{{keyId: bench, algorithm: ES256, \
                 publicKeyFile: '{keys}/public.pem', privateKeyFile: '{keys}/private.pem'}}]}}}}}}\n"
            ));
        }
        fs::write(file, text)
    }
}

fn backend(mut command: Command, config: &Path) -> Command {
    command.arg("--config").arg(config).env("FEATURES", "healthcheck,tasks");
    command
}

/// A command that sees nothing of the caller's environment, so that default settings are what is measured.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let kept =
        ["PATH", "HOME", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept).env("NODE_ENV", "production");
    command
}
