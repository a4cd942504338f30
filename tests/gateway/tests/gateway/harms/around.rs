//! `greenroom run --gateway -- node harms.js`, with an output of the test's choice.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use greenroom_conformance::{peer, ports::free_port, version::Version, wire::Answer};
use greenroom_gateway_tests::{Connection, in_time, process, setup::greenroom};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinHandle,
    time::sleep,
};

/// The script.
pub(super) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/harms.js")
}

/// What runs, until it is dropped.
pub(super) struct Around {
    process: Child,
    id: u32,
    port: u16,
    stderr: Arc<Mutex<Vec<u8>>>,
    read: JoinHandle<()>,
    _dir: TempDir,
}

impl Around {
    /// Runs the script, and waits until it answers.
    pub(super) async fn start(stdout: Stdio, env: &[(&str, &str)], config: &str) -> Self {
        let around = Self::of(&[], stdout, env, config);
        around.is_up().await;
        around
    }

    /// Runs `node` with these words, or with the script if there are none, and waits for nothing.
    pub(super) fn of(words: &[&str], stdout: Stdio, env: &[(&str, &str)], config: &str) -> Self {
        let (node, _) = peer::node(Version::newest()).unwrap_or_else(|error| panic!("{error}"));
        let (port, dir) = (free_port().expect("a port"), tempfile::tempdir().expect("a directory"));
        let base = format!("backend: {{baseUrl: 'http://localhost:{port}', listen: '127.0.0.1:{port}'}}");
        let files = [("base.yaml", base.as_str()), ("own.yaml", config)];
        let files = files.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| {
            let file = dir.path().join(name);
            fs::write(&file, text).expect("a file");
            file
        });
        let files: Vec<_> = files.collect();
        let mut command = Command::new(greenroom());
        command.args(["run", "--gateway", "--"]).arg(node);
        match words {
            [] => command.arg(script()),
            words => command.args(words),
        };
        for file in files {
            command.arg("--config").arg(file);
        }
        command.env("NODE_ENV", "production").env("LOG_FORMAT", "backstage").envs(env.iter().copied());
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().expect("it starts");
        let stderr = Arc::<Mutex<Vec<u8>>>::default();
        let pipe = process.stderr.take().expect("a pipe");
        let read = spawn(collect(pipe, stderr.clone()));
        let id = process.id().expect("it runs");
        Self { process, id, port, stderr, read, _dir: dir }
    }

    /// Waits until the child answers.
    pub(super) async fn is_up(&self) {
        in_time("an answer of Node", async {
            loop {
                if let Ok(mut connection) = Connection::open("127.0.0.1", self.port).await
                    && connection.get("/ok").await.head.status == 200
                {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    pub(super) async fn connect(&self) -> Connection {
        Connection::to(self.port).await
    }

    pub(super) async fn answer(&self, path: &str) -> Answer<Vec<u8>> {
        self.connect().await.get(path).await
    }

    /// The status, and the body.
    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.answer(path).await;
        (answer.head.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// A request of which the answer has begun.
    pub(super) async fn begin(&self, path: &str) -> Connection {
        let mut connection = self.connect().await;
        connection.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        connection.until(b"data: begun").await;
        connection
    }

    /// What the child answers who asks it directly.
    pub(super) async fn at_child(&self, path: &str) -> String {
        let listens = process::listens(self.node());
        let port = listens[0].rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let answer = Connection::to(port).await.get(path).await;
        String::from_utf8_lossy(&answer.body).into_owned()
    }

    fn node(&self) -> u32 {
        let children = process::children(self.id);
        let [node] = children[..] else { panic!("{children:?}") };
        node
    }

    /// What we have resident, and what the child has.
    pub(super) async fn memory(&self) -> (usize, usize) {
        let of_node = self.get("/memory").await.1.parse().expect("a number");
        (process::resident(self.id), of_node)
    }

    /// Waits until the child that runs now has ended.
    pub(super) async fn child_ends(&self) {
        let children = process::children(self.id);
        in_time("the child's end", async {
            while children.iter().any(|child| process::runs(*child)) {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    /// Its exit code.
    pub(super) async fn exit(&mut self) -> Option<i32> {
        in_time("its end", self.process.wait()).await.expect("its status").code()
    }

    /// Reads its output to the end.
    pub(super) fn collect(&mut self) -> JoinHandle<String> {
        let mut pipe = self.process.stdout.take().expect("a pipe");
        spawn(async move {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes).await;
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }

    /// All that it has said on standard error, once it has ended.
    pub(super) async fn stderr(&mut self) -> String {
        in_time("the end of standard error", &mut self.read).await.expect("a task");
        String::from_utf8_lossy(&self.stderr.lock().expect("no panic")).into_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "it belongs to a test, and to no backend")]
fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

async fn collect(mut pipe: impl AsyncRead + Unpin, into: Arc<Mutex<Vec<u8>>>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut bytes).await {
        into.lock().expect("no panic").extend_from_slice(&bytes[..count]);
    }
}
