//! A program of this workspace as a process: its own directory, an empty environment, a free port, pipes for its output.

use std::{ffi::OsString, fs, path::Path, process::Stdio, time::Duration};

use greenroom_conformance::backend::{Output, Stream};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{Answer, Request, binary};

/// How long a program may take to do what is waited for.
const DEADLINE: Duration = Duration::from_secs(20);
const LISTEN: &str = "APP_CONFIG_backend_listen";
const READINESS: &str = "/.backstage/health/v1/readiness";

/// A program to start.
#[derive(Debug)]
pub struct Program {
    command: Command,
    directory: TempDir,
}

impl Program {
    /// The `greenroom` command.
    pub fn greenroom() -> Self {
        Self::of("greenroom-cli", "greenroom")
    }

    /// A program of `examples/`.
    pub fn example(name: &str) -> Self {
        Self::of("greenroom-examples", name)
    }

    /// A program of any package, with an `app-config.yaml` that says nothing.
    #[track_caller]
    pub fn of(package: &str, name: &str) -> Self {
        let binary = binary::path(package, name).unwrap_or_else(|error| panic!("{error}"));
        let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("no directory: {error}"));
        let mut command = Command::new(binary);
        command.env_clear().current_dir(directory.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, directory }.config("app: {}\n")
    }

    /// Replaces `app-config.yaml`.
    #[must_use]
    pub fn config(self, yaml: &str) -> Self {
        self.file("app-config.yaml", yaml)
    }

    /// Writes a file into the program's directory.
    #[must_use]
    #[track_caller]
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.directory.path().join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// Removes a file from it.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        let _ = fs::remove_file(self.directory.path().join(name));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds arguments, separated by spaces.
    #[must_use]
    pub fn args(mut self, words: &str) -> Self {
        self.command.args(words.split_whitespace());
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, word: impl Into<OsString>) -> Self {
        self.command.arg(word.into());
        self
    }

    /// Runs it until it ends by itself.
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Finished> {
        let server = self.spawn();
        async move { server.finished().await }
    }

    /// Starts it and waits for nothing; it has no port then.
    #[track_caller]
    pub fn spawn(mut self) -> Server {
        let child = self.command.spawn().unwrap_or_else(|error| panic!("{error}"));
        Server::new(child, self.directory)
    }

    /// Starts it and waits until it has started, on a free port unless one was set.
    pub async fn start(self) -> Server {
        let server = self.listen().await;
        server.settled().await;
        server
    }

    /// The same, and waits only until it listens.
    pub async fn listen(mut self) -> Server {
        if !self.command.as_std().get_envs().any(|(name, _)| name == LISTEN) {
            self.command.env(LISTEN, "127.0.0.1:0");
        }
        let mut server = self.spawn();
        server.port = server.listening().await;
        server
    }
}

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    stdout: Output,
    stderr: Output,
    port: u16,
    directory: TempDir,
}

impl Server {
    fn new(mut child: Child, directory: TempDir) -> Self {
        let stdout = child.stdout.take().map(|stream| Box::new(stream) as Stream);
        let stderr = child.stderr.take().map(|stream| Box::new(stream) as Stream);
        Self { stdout: Output::of(stdout), stderr: Output::of(stderr), child, port: 0, directory }
    }

    /// Where it runs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Its process; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(&Request::new("GET", path)).await
    }

    /// Sends any request.
    pub async fn send(&self, request: &Request) -> Answer {
        let answer = request.send(self.port).await;
        answer.unwrap_or_else(|error| panic!("{request:?}: {error}\n{}", self.printed()))
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.stdout.text().lines().map(str::to_owned).collect()
    }

    /// Waits until the log has more lines than this.
    pub async fn log_beyond(&self, lines: usize) {
        self.stdout.grows_beyond(lines).await;
    }

    /// The first log line with this text, now or later.
    pub async fn line(&self, text: &str) -> String {
        let came = timeout(DEADLINE, self.stdout.contains(text)).await;
        let line = self.log().into_iter().find(|line| line.contains(text));
        match line.filter(|_| came == Ok(true)) {
            Some(line) => line,
            None => panic!("no line with {text:?}\n{}", self.printed()),
        }
    }

    /// Waits until it has told people this.
    pub async fn said(&self, text: &str) {
        let came = timeout(DEADLINE, self.stderr.contains(text)).await;
        assert_eq!(came, Ok(true), "{text:?} was not said\n{}", self.printed());
    }

    /// The first log line with this text, now or later, as JSON.
    pub async fn json_line(&self, text: &str) -> Value {
        let line = self.line(text).await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        let id = self.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let id = id.unwrap_or_else(|| panic!("it has ended\n{}", self.printed()));
        kill_process(id, Signal::TERM).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops it and waits for its end.
    pub async fn stop(self) -> Finished {
        self.terminate();
        self.finished().await
    }

    /// Waits for its end.
    pub async fn finished(mut self) -> Finished {
        let Ok(status) = timeout(DEADLINE, self.child.wait()).await else {
            panic!("it does not end\n{}", self.printed());
        };
        let code = status.ok().and_then(|status| status.code());
        self.stdout.ended().await;
        self.stderr.ended().await;
        Finished { code, stdout: self.stdout.text(), stderr: self.stderr.text() }
    }

    /// All that it has printed, for whoever looks for a fault.
    pub fn printed(&self) -> String {
        format!("stdout:\n{}\nstderr:\n{}", self.stdout.text(), self.stderr.text())
    }

    async fn listening(&self) -> u16 {
        let line = self.line("Listening on ").await;
        let rest = line.split("Listening on ").nth(1).unwrap_or_default();
        let address = rest.split([' ', '"']).next().unwrap_or_default();
        let digits = address.rsplit(':').next().unwrap_or_default();
        digits.parse().unwrap_or_else(|_| panic!("no port in {line:?}"))
    }

    /// Waits until readiness says something else than that the backend has not started.
    async fn settled(&self) {
        self.line("Plugin initialization complete").await;
        let started = async {
            while self.get(READINESS).await.body.contains("has not started yet") {
                sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(DEADLINE, started).await.is_err() {
            panic!("it does not get ready\n{}", self.printed());
        }
    }
}

/// A program that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The log, or what was asked for.
    pub stdout: String,
    /// What it told people.
    pub stderr: String,
}
