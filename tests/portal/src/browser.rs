//! A headless Chromium with one page: does what a user does, and remembers what a developer would see.
//!
//! `browser/drive.js` drives it, and speaks lines of JSON with this.

use std::{env, path::Path, process::Stdio};

use greenroom_conformance::backend::{Output, Stream};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    time::timeout,
};

use crate::{Certificate, DEADLINE, installed, target};

/// Those of a browser that nobody looks at and that calls nobody by itself.
const FLAGS: [&str; 6] = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The browser. It ends when dropped, because its driver reads no more.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    stdin: ChildStdin,
    stdout: Output,
    stderr: Output,
    number: usize,
    _home: TempDir,
}

/// What was seen of the page besides its content.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Errors on the console, each with the URL that it is about.
    pub errors: Vec<String>,
    /// Exceptions that nobody caught.
    pub exceptions: Vec<String>,
    /// What the page's policy forbade.
    pub violations: Vec<String>,
    /// Requests with their status.
    pub responses: Vec<(String, u64)>,
    /// Requests without an answer, with the reason.
    pub failures: Vec<String>,
    /// WebSockets that were opened.
    pub sockets: Vec<String>,
    /// What came through them.
    pub messages: Vec<String>,
}

impl Browser {
    /// Starts one that knows these hosts alone, each as a port of this machine, and takes this certificate.
    pub async fn start(hosts: &[(&str, u16)], certificate: &Certificate) -> Self {
        let rules = hosts.iter().map(|(name, port)| format!("MAP {name}:443 127.0.0.1:{port},"));
        let rules = rules.collect::<String>() + "MAP * ~NOTFOUND";
        let pin = format!("--ignore-certificate-errors-spki-list={}", certificate.pin);
        Self::launch(&[format!("--host-resolver-rules={rules}"), pin]).await
    }

    /// Starts one that knows this machine's address alone.
    pub async fn on_loopback() -> Self {
        Self::launch(&["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned()]).await
    }

    async fn launch(arguments: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap_or_else(|error| panic!("no directory: {error}"));
        // The front end's own Node; pages that need no front end are looked at with any.
        let node = target().join("app/tools/node_modules/node/bin/node");
        let mut command = Command::new(if node.exists() { node } else { "node".into() });
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/drive.js")).arg(installed());
        command.args(FLAGS).args(arguments);
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("node cannot be started: {error}"));
        let stdin = child.stdin.take().unwrap_or_else(|| panic!("node has no input"));
        let stdout = Output::of(child.stdout.take().map(|stream| Box::new(stream) as Stream));
        let stderr = Output::of(child.stderr.take().map(|stream| Box::new(stream) as Stream));
        let browser = Self { child, stdin, stdout, stderr, number: 0, _home: home };
        browser.line("the browser to start", "{\"ready\":").await;
        browser
    }

    /// Opens a page and waits until it has loaded.
    pub async fn open(&mut self, url: &str) {
        self.meet(url, 200).await;
    }

    /// The same of a page that is answered by another status.
    pub async fn meet(&mut self, url: &str, status: u16) {
        let met = self.ask(json!({"deed": "open", "url": url})).await;
        assert_eq!(met, status, "{url}");
    }

    /// Clicks what has this role and name, once it is there.
    pub async fn click(&mut self, role: &str, name: &str) {
        self.ask(json!({"deed": "click", "role": role, "name": name})).await;
    }

    /// Writes into the field that is labelled so, once it is there.
    pub async fn fill(&mut self, label: &str, text: &str) {
        self.ask(json!({"deed": "fill", "label": label, "text": text})).await;
    }

    /// Waits until a text is shown.
    pub async fn see(&mut self, text: &str) {
        self.ask(json!({"deed": "see", "text": text})).await;
    }

    /// Runs a script in the page; gives what it is worth, or what its promise is.
    pub async fn run(&mut self, script: &str) -> Value {
        self.ask(json!({"deed": "run", "script": script})).await
    }

    /// The names of all cookies.
    pub async fn cookies(&mut self) -> Vec<String> {
        let cookies = self.ask(json!({"deed": "cookies"})).await;
        let names = cookies.as_array().into_iter().flatten();
        names.filter_map(|cookie| cookie["name"].as_str().map(str::to_owned)).collect()
    }

    /// Writes a picture of the page, for whoever looks for a fault.
    pub async fn picture(&mut self, path: &Path) {
        self.ask(json!({"deed": "picture", "path": path})).await;
    }

    /// How wide and high the window is, and which colour scheme its user has chosen.
    pub async fn look(&mut self, (width, height): (u32, u32), scheme: &str) {
        self.ask(json!({"deed": "look", "width": width, "height": height, "scheme": scheme})).await;
    }

    /// Writes a small picture of the whole page, to be kept.
    pub async fn keep(&mut self, path: &Path) {
        self.ask(json!({"deed": "keep", "path": path})).await;
    }

    /// Presses a key.
    pub async fn press(&mut self, key: &str) {
        self.ask(json!({"deed": "press", "key": key})).await;
    }

    /// What keeps people from using the page: what axe-core calls serious or critical.
    pub async fn barriers(&mut self) -> Vec<String> {
        let found = self.ask(json!({"deed": "axe"})).await;
        found.as_array().into_iter().flatten().map(ToString::to_string).collect()
    }

    /// Closes the tab, as a user does it.
    pub async fn close_tab(&mut self) {
        self.ask(json!({"deed": "close"})).await;
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for line in self.stdout.text().lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            match line["saw"].as_str() {
                Some("console") if line["level"] == "error" => {
                    seen.errors.push(format!("{} {}", text("url"), text("text")));
                }
                Some("exception") => seen.exceptions.push(text("text")),
                Some("violation") => seen.violations.push(text("text")),
                Some("response") => {
                    seen.responses.push((text("url"), line["status"].as_u64().unwrap_or_default()))
                }
                Some("failure") => seen.failures.push(format!("{} {}", text("url"), text("text"))),
                Some("socket") => seen.sockets.push(text("url")),
                Some("message") => seen.messages.push(text("text")),
                _ => {}
            }
        }
        seen
    }

    /// Waits until what was seen is as it should be.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let waiting = async {
            loop {
                let lines = self.stdout.count();
                if is_so(&self.seen()) {
                    return;
                }
                self.stdout.grows_beyond(lines).await;
            }
        };
        if timeout(DEADLINE, waiting).await.is_err() {
            panic!("never seen: {what}\n{}", self.printed());
        }
    }

    /// Closes it and waits for its end.
    pub async fn end(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        let ended = timeout(DEADLINE, child.wait()).await;
        assert!(
            ended.is_ok_and(|status| status.is_ok_and(|status| status.success())),
            "the browser does not end"
        );
    }

    async fn ask(&mut self, mut what: Value) -> Value {
        self.number += 1;
        what["number"] = self.number.into();
        let written = self.stdin.write_all(format!("{what}\n").as_bytes()).await;
        written.unwrap_or_else(|error| panic!("{what}: {error}\n{}", self.printed()));
        let line = self.line(&what.to_string(), &format!("{{\"number\":{},", self.number)).await;
        let answer: Value = serde_json::from_str(&line).unwrap_or_default();
        match answer.get("answer") {
            Some(answer) => answer.clone(),
            None => panic!("{what}: {}\n{}", answer["failed"].as_str().unwrap_or(&line), self.printed()),
        }
    }

    /// The line that begins so, now or later.
    async fn line(&self, what: &str, start: &str) -> String {
        let came = timeout(DEADLINE, self.stdout.contains(start)).await;
        let lines = self.stdout.text();
        match lines.lines().find(|line| line.starts_with(start)) {
            Some(line) if came == Ok(true) => line.to_owned(),
            _ => panic!("waited for {what}\n{}", self.printed()),
        }
    }

    fn printed(&self) -> String {
        format!("seen: {:#?}\nstderr: {}", self.seen(), self.stderr.text())
    }
}
