//! Why Node has ended, as the log, the orchestrator and the next start are told.

mod leaks;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use greenroom_conformance::{
    backend::{Backend, Launch},
    peer,
    scenarios::{Scenario, Stage},
    version::Version,
};
use greenroom_gateway_tests::{Connection, Setup, in_time, printed, process, setup};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A directory of own files, and a file in which an orchestrator reads.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a directory"));
        fs::write(place.termination_log(), "").expect("a file");
        place
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    fn termination_log(&self) -> PathBuf {
        self.0.path().join("termination-log")
    }

    /// What `last-exit.json` says.
    fn last_exit(&self) -> Value {
        let text = fs::read_to_string(self.state().join("last-exit.json")).expect("an end is kept");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Greenroom around a script, with its files here.
    fn around(&self, script: &str) -> Launch {
        let script = setup::script().with_file_name(script);
        self.with_files_here(Setup::wrapping(Version::newest(), &script))
    }

    /// The same, started by a shell that does this first.
    fn around_in(&self, does: &str, script: &str) -> Launch {
        let (node, installed) = peer::node(Version::newest()).unwrap_or_else(|error| panic!("{error}"));
        let words = ["sh", "-c", &format!("{does} && exec \"$@\""), "sh"].map(std::ffi::OsString::from);
        let launch = Launch::new(words).with_arguments([setup::greenroom()]);
        let launch = launch.with_arguments(["run", "--gateway", "--"]);
        let launch = launch.with_arguments([node, setup::script().with_file_name(script)]);
        self.with_files_here(peer::set_up(launch, &installed))
    }

    fn with_files_here(&self, launch: Launch) -> Launch {
        let config = format!(
            "greenroom: {{dataDir: '{}', run: {{delay: 0s, terminationLog: '{}'}}}}",
            self.state().display(),
            self.termination_log().display()
        );
        launch.with_env("NODE_ENV", "production").with_config(&config)
    }
}

/// Starts it, and waits for nothing.
fn start(launch: &Launch, features: &'static str) -> Backend {
    let config = "backend: {listen: '127.0.0.1:17041'}";
    let scenario =
        Scenario { name: "run --gateway", stage: Stage::One, features, config, env: &[], steps: &[] };
    Backend::spawn(launch, &scenario).unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until Node answers through it, and returns Node's process.
async fn answers(greenroom: &Backend) -> u32 {
    in_time("an answer of Node", async {
        loop {
            if let Ok(stream) = tokio::net::TcpStream::connect(("127.0.0.1", greenroom.port())).await {
                drop(stream);
                if Connection::to(greenroom.port()).await.get("/api/gw/ok").await.head.status == 200 {
                    return;
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    let children = process::children(greenroom.id().expect("it runs"));
    let [node] = children[..] else { panic!("{children:?}") };
    node
}

/// The line of an end: there is one.
fn line(output: &str) -> Value {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ends: Vec<_> = lines.filter(|line| line["cause"].is_string()).collect();
    let [end] = &ends[..] else { panic!("{} lines of an end in {output}", ends.len()) };
    end.clone()
}

/// What the three places say of an end, which is the same.
fn told(place: &Place, output: &str) -> Value {
    let (line, kept) = (line(output), place.last_exit());
    for field in ["cause", "code", "uptimeMs"] {
        assert_eq!(
            line.get(field),
            kept.get(field).filter(|value| !value.is_null()),
            "{field}: {line}, {kept}"
        );
    }
    let sentence = kept["sentence"].as_str().expect("a sentence");
    let message = fs::read_to_string(place.termination_log()).expect("it is there");
    assert!(message.starts_with(sentence) && message.len() <= 4096, "{message}");
    assert_eq!((&line["message"], &line["level"]), (&sentence.into(), &"error".into()), "{line}");
    kept
}

/// Somebody has read what Node printed: else less would be known of its end.
fn assert_heard(exit: &Value) {
    let lines = exit["lines"].as_array().expect("lines");
    assert!(!lines.is_empty(), "nobody has heard Node: {exit}");
}

/// Ends Node by a request, which has no answer any more.
async fn ends_by(way: &str, options: &str) -> (Option<i32>, Value) {
    let place = Place::new();
    let launch = place.around("ends.js").with_env("NODE_OPTIONS", options);
    let mut greenroom = start(&launch, "");
    answers(&greenroom).await;
    let request = format!("POST /api/catalog/{way} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(Connection::to(greenroom.port()).await.ask(&request).await.head.status, 502);
    let code = greenroom.exit().await.expect("it ends");
    let exit = told(&place, &greenroom.output());
    assert_eq!(exit["inFlight"]["catalog"], 1, "{exit}");
    (code, exit)
}

#[tokio::test]
async fn gateway_50_an_exit_code_is_told_with_the_request_that_it_cut_off() {
    let (code, exit) = ends_by("exit", "").await;
    assert_eq!((code, &exit["cause"], &exit["signal"]), (Some(7), &"exit".into(), &Value::Null), "{exit}");
}

#[tokio::test]
async fn gateway_50_an_abort_is_told_from_a_heap_that_is_full_where_node_is_heard() {
    let (code, exit) = ends_by("abort", "").await;
    assert_heard(&exit);
    assert_eq!(
        (code, &exit["cause"], &exit["signal"]),
        (Some(134), &"abort".into(), &"SIGABRT".into()),
        "{exit}"
    );

    let (code, exit) = ends_by("heap", "--max-old-space-size=16").await;
    assert_heard(&exit);
    assert_eq!((code, &exit["cause"]), (Some(134), &"v8HeapLimit".into()), "{exit}");
}

#[tokio::test]
async fn gateway_50_a_kill_from_outside_is_told_as_such() {
    let place = Place::new();
    let mut greenroom = start(&place.around("ends.js"), "");
    let node = answers(&greenroom).await;
    kill(node);
    assert_eq!(greenroom.exit().await.expect("it ends"), Some(137));
    let exit = told(&place, &greenroom.output());
    assert_eq!(
        (&exit["cause"], &exit["signal"], &exit["pid"]),
        (&"killed".into(), &"SIGKILL".into(), &node.into())
    );
    assert!(exit["memory"]["rssBytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{exit}");
}

#[tokio::test]
async fn gateway_50_who_was_stopped_leaves_no_reason_to_the_orchestrator() {
    let place = Place::new();
    let mut greenroom = start(&place.around("ends.js"), "");
    answers(&greenroom).await;
    greenroom.terminate().expect("it runs");
    greenroom.exit().await.expect("it ends");
    let (line, exit) = (line(&greenroom.output()), place.last_exit());
    assert_eq!((&line["cause"], &line["level"]), (&"stopped".into(), &"info".into()), "{line}");
    assert_eq!(exit["cause"], "stopped", "{exit}");
    assert_eq!(fs::read_to_string(place.termination_log()).expect("it is there"), "");
}

#[tokio::test]
async fn gateway_50_a_backend_that_ends_without_having_listened_is_told_as_such() {
    let place = Place::new();
    let mut greenroom = start(&place.around("ends.js").with_env("ENDS", "nothing"), "");
    // The leash of the script is no reason to stay.
    assert_eq!(greenroom.exit().await.expect("it ends"), Some(0));
    let exit = told(&place, &greenroom.output());
    assert_eq!((&exit["cause"], &exit["code"]), (&"neverListened".into(), &0.into()), "{exit}");
}

#[tokio::test]
async fn gateway_50_a_plugin_that_cannot_start_is_named_where_node_is_heard() {
    let place = Place::new();
    // It asks for a key that no config has.
    let mut greenroom = start(&place.around("backend.js"), "unstartable");
    assert_eq!(greenroom.exit().await.expect("it ends"), Some(1));
    let exit = told(&place, &greenroom.output());
    assert_heard(&exit);
    assert_eq!(exit["cause"], "startFailed", "{exit}");
    let detail = exit["detail"].as_str().expect("which plugin");
    assert!(detail.starts_with("Plugin 'unstartable' threw an error during startup"), "{detail}");
}

#[tokio::test]
async fn gateway_51_who_is_killed_with_all_that_it_knew_is_told_by_the_next_start() {
    let place = Place::new();
    let launch = place.around("ends.js");
    let mut first = start(&launch, "");
    let node = answers(&first).await;
    let heartbeat = place.state().join("heartbeat.json");
    in_time("a heartbeat", until(|| fs::metadata(&heartbeat).is_ok_and(|file| file.len() > 0))).await;
    // As the kernel ends a container.
    first.signal(Signal::KILL).expect("it runs");
    kill(node);
    first.exit().await.expect("it ends");
    assert!(!place.state().join("last-exit.json").exists());

    let second = start(&launch, "");
    let said = |output: &str| output.lines().find(|line| line.contains("noGoodbye")).map(str::to_owned);
    let line: Value =
        serde_json::from_str(&printed(&second, "how the first one ended", said).await).expect("JSON");
    let message = line["message"].as_str().expect("a sentence");
    assert!(message.starts_with("The previous run ended without goodbye at "), "{line}");
    assert_eq!((&line["level"], &place.last_exit()["pid"]), (&"error".into(), &node.into()), "{line}");
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test has no other way to say that it could not be made here")]
async fn gateway_52_the_kernels_own_kill_for_memory_is_told_as_such() {
    let Some(cgroup) = Cgroup::new(220 << 20) else {
        eprintln!("there is no cgroup that can be written: crates/wrap has the same with files");
        return;
    };
    let place = Place::new();
    let mut greenroom = start(&place.around_in(&cgroup.enter(), "ends.js"), "");
    answers(&greenroom).await;
    let mut client = Connection::to(greenroom.port()).await;
    client.send("POST /api/catalog/memory HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(greenroom.exit().await.expect("it ends"), Some(137), "{}", greenroom.output());
    let exit = told(&place, &greenroom.output());
    assert_eq!(
        (&exit["cause"], &exit["memory"]["limitBytes"]),
        (&"cgroupOom".into(), &(220u64 << 20).into()),
        "{exit}"
    );
}

fn kill(id: u32) {
    let id = Pid::from_raw(id.cast_signed()).expect("a process");
    kill_process(id, Signal::KILL).expect("it runs");
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// A cgroup of our own; removed when dropped.
struct Cgroup(PathBuf);

impl Cgroup {
    /// One that may use so much memory, if this machine lets us make one. Its processes must have ended when it goes.
    fn new(limit: u64) -> Option<Self> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("greenroom-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
            .into_iter()
            .find_map(|(top, file)| {
                let dir = Path::new(top).join(&name);
                fs::create_dir(&dir).ok()?;
                let made = Self(dir);
                // Of version 2, the file is there where the controller is on.
                (made.0.join(file).is_file() && fs::write(made.0.join(file), limit.to_string()).is_ok())
                    .then_some(made)
            })
    }

    /// What a shell does to be in it, with all that it starts.
    fn enter(&self) -> String {
        format!("echo 0 > '{}'", self.0.join("cgroup.procs").display())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
