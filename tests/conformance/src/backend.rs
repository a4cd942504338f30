//! A backend process: started on a free port with a scenario's configuration, watched, and stopped.
//!
//! Any command will do that takes `--config <file>` arguments, reads `FEATURES`, logs to stdout and stops on SIGTERM.

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustls::ClientConfig;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::ports::free_port;
use crate::scenarios::Scenario;
use crate::transcript::Request;
use crate::wire::Outcome;

mod listener;
mod output;

pub use output::{Output, Stream};

/// What stands in configuration for the port on which a backend listens: the one of the recordings.
pub(crate) const RECORDED_PORT: &str = "17041";
/// How long a backend may take to reach a state that is waited for.
const DEADLINE: Duration = Duration::from_secs(90);
/// How often a state of the foreign process is looked at.
const POLL: Duration = Duration::from_millis(20);
/// How often another port is tried when the chosen one was taken meanwhile.
const ATTEMPTS: usize = 5;

/// Which command the backend is, and what it is given besides what the scenario says.
#[derive(Clone, Debug)]
pub struct Launch {
    command: Vec<OsString>,
    directory: Option<PathBuf>,
    env: Vec<(OsString, OsString)>,
    configs: Vec<String>,
    tls: Option<Arc<ClientConfig>>,
}

impl Launch {
    /// The command in `BACKEND_CMD` (words separated by spaces), run in `BACKEND_DIR` if set, else the given program.
    pub fn from_env_or(program: &str) -> Self {
        match std::env::var("BACKEND_CMD") {
            Ok(command) if !command.trim().is_empty() => {
                let launch = Self::new(command.split_whitespace());
                match std::env::var_os("BACKEND_DIR") {
                    Some(directory) => launch.in_directory(directory),
                    None => launch,
                }
            }
            _ => Self::new([program]),
        }
    }

    /// A program and its arguments; at least one word.
    pub fn new(words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let command = words.into_iter().map(Into::into).collect();
        Self { command, directory: None, env: Vec::new(), configs: Vec::new(), tls: None }
    }

    /// Adds arguments, before those that say where the configuration is.
    #[must_use]
    pub fn with_arguments(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.command.extend(words.into_iter().map(Into::into));
        self
    }

    /// Runs it there.
    #[must_use]
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets an environment variable; those of a scenario win.
    #[must_use]
    pub fn with_env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds configuration (YAML) under that of the scenario, and over what was added before.
    #[must_use]
    pub fn with_config(mut self, yaml: &str) -> Self {
        self.configs.push(yaml.to_owned());
        self
    }

    /// Speaks TLS with it.
    #[must_use]
    pub fn over_tls(mut self, tls: Arc<ClientConfig>) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// A running backend; killed when dropped.
#[derive(Debug)]
pub struct Backend {
    child: Child,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    output: Output,
    _directory: TempDir,
}

impl Backend {
    /// Starts a backend and waits until it listens (it need not be ready).
    pub async fn start(launch: &Launch, scenario: &Scenario) -> io::Result<Self> {
        for _ in 1..ATTEMPTS {
            match Self::attempt(launch, scenario).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
                other => return other,
            }
        }
        Self::attempt(launch, scenario).await
    }

    async fn attempt(launch: &Launch, scenario: &Scenario) -> io::Result<Self> {
        let mut backend = Self::spawn(launch, scenario)?;
        backend.listening().await?;
        Ok(backend)
    }

    /// Starts a backend and waits for nothing: it may be meant not to come up.
    pub fn spawn(launch: &Launch, scenario: &Scenario) -> io::Result<Self> {
        let port = free_port()?;
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(&launch.command[0]);
        command.args(&launch.command[1..]);
        if let Some(directory) = &launch.directory {
            command.current_dir(directory);
        }
        for file in write_configs(directory.path(), port, &launch.configs, scenario.config)? {
            command.arg("--config").arg(file);
        }
        for name in ["NODE_ENV", "LOG_LEVEL", "LOG_FORMAT"] {
            command.env_remove(name);
        }
        command.envs(launch.env.iter().map(|(name, value)| (name, value)));
        command.env("FEATURES", scenario.features).envs(scenario.env.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = Output::collect(&mut child);
        Ok(Self { child, port, tls: launch.tls.clone(), output, _directory: directory })
    }

    /// A client of this backend.
    pub fn client(&self) -> Client {
        let client = Client::new(self.port);
        match &self.tls {
            Some(tls) => client.over_tls(tls.clone()),
            None => client,
        }
    }

    /// All it has printed, stdout and stderr, in the order of arrival.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// How many lines it has printed.
    pub fn lines(&self) -> usize {
        self.output.count()
    }

    /// Waits until it has printed more lines than this; for ever if it never will.
    pub async fn more_lines_than(&self, count: usize) {
        self.output.grows_beyond(count).await;
    }

    /// Waits until a line with this text has been printed.
    pub async fn await_line(&self, text: &str) -> io::Result<()> {
        match timeout(DEADLINE, self.output.contains(text)).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(failed(io::ErrorKind::UnexpectedEof, &format!("ended without printing {text:?}")))
            }
            Err(_) => Err(failed(io::ErrorKind::TimedOut, &format!("did not print {text:?}"))),
        }
    }

    /// Waits until a GET of `path` is answered with `status`.
    pub async fn await_status(&self, path: &str, status: u16) -> io::Result<()> {
        let (client, request) = (self.client(), Request::get(path));
        self.poll(&format!("GET {path} to answer {status}"), async || {
            let outcome = client.exchange(&request).await;
            matches!(outcome, Ok(Outcome::Answered(a)) if a.first().is_some_and(|a| a.head.status == status))
        })
        .await
    }

    /// Waits until new connections are refused.
    pub async fn await_refused(&self) -> io::Result<()> {
        self.poll("new connections to be refused", async || !self.accepts().await).await
    }

    /// The port on which it is asked to listen.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let id = id.ok_or_else(|| failed(io::ErrorKind::NotFound, "has already exited"))?;
        Ok(kill_process(id, signal)?)
    }

    /// Waits for its end; `None` is an exit code when a signal ended it.
    pub async fn exit(&mut self) -> io::Result<Option<i32>> {
        match timeout(DEADLINE, self.child.wait()).await {
            Ok(status) => {
                self.output.ended().await;
                Ok(status?.code())
            }
            Err(_) => Err(failed(io::ErrorKind::TimedOut, "did not exit")),
        }
    }

    /// The number of the signal that ended it, if one has.
    pub fn ended_by(&mut self) -> io::Result<Option<i32>> {
        Ok(self.child.try_wait()?.and_then(|status| status.signal()))
    }

    /// Whether it has ended.
    pub fn has_exited(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    async fn accepts(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok()
    }

    async fn listening(&mut self) -> io::Result<()> {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while !self.accepts().await {
            if let Some(status) = self.child.try_wait()? {
                self.output.ended().await;
                let kind = if self.found_its_port_taken() {
                    io::ErrorKind::AddrInUse
                } else {
                    io::ErrorKind::BrokenPipe
                };
                return Err(self.not_started(kind, &format!("exited before it listened ({status})")));
            }
            // Node stays without its port.
            if self.found_its_port_taken() {
                return Err(self.not_started(io::ErrorKind::AddrInUse, "found its port taken"));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(self.not_started(io::ErrorKind::TimedOut, "did not listen"));
            }
            sleep(POLL).await;
        }
        // Whoever took the port between our looking and its binding is not who we want to talk to.
        match self.child.id().and_then(|id| listener::is(id, self.port)) {
            Some(false) => {
                Err(self.not_started(io::ErrorKind::AddrInUse, "listens, but another process answers"))
            }
            _ => Ok(()),
        }
    }

    fn found_its_port_taken(&self) -> bool {
        let printed = self.output().to_ascii_lowercase();
        printed.contains("eaddrinuse") || printed.contains("address already in use")
    }

    async fn poll(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) -> io::Result<()> {
        let until_it_holds = async {
            while !holds().await {
                sleep(POLL).await;
            }
        };
        let late = |_| failed(io::ErrorKind::TimedOut, &format!("waited in vain for {what}"));
        timeout(DEADLINE, until_it_holds).await.map_err(late)
    }

    /// An error of a start: nobody will have a backend to ask what it printed.
    fn not_started(&self, kind: io::ErrorKind, what: &str) -> io::Error {
        io::Error::new(kind, format!("the backend {what}; it printed:\n{}", self.output()))
    }
}

fn failed(kind: io::ErrorKind, what: &str) -> io::Error {
    io::Error::new(kind, format!("the backend {what}"))
}

/// The configuration that every recording shared, those of the command, and the scenario's own on top.
fn write_configs(directory: &Path, port: u16, under: &[String], over: &str) -> io::Result<Vec<PathBuf>> {
    // An object cannot be laid over a text.
    let listen = if over.contains("listen: {") { String::new() } else { format!("  listen: ':{port}'\n") };
    let base = format!(
        "app: {{title: Conformance, baseUrl: 'http://localhost:{port}'}}\n\
         backend:\n  baseUrl: http://localhost:{port}\n{listen}  \
         database: {{client: better-sqlite3, connection: ':memory:'}}\n"
    );
    let mut layers = vec![("base.yaml".to_owned(), base.as_str())];
    layers.extend(under.iter().enumerate().map(|(at, text)| (format!("command-{at}.yaml"), text.as_str())));
    layers.push(("overlay.yaml".to_owned(), over));
    let mut files = Vec::new();
    for (name, text) in layers {
        if !text.is_empty() {
            let file = directory.join(name);
            std::fs::write(&file, text.replace(RECORDED_PORT, &port.to_string()))?;
            files.push(file);
        }
    }
    Ok(files)
}
