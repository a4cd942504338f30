//! The life of a wrapped Node, told truthfully: what becomes of a start that has failed, whose end an end was, when a check passes, and
//! what is said of a process that cannot be looked at.

use std::{
    fs,
    time::{Duration, Instant},
};

use greenroom_conformance::{
    backend::Backend,
    scenarios::{READINESS, Scenario, Stage},
    version::Version,
};
use greenroom_gateway_tests::{Connection, Setup, in_time, printed, process, says, setup};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "a-token-for-who-looks-at-it";

/// Greenroom around a script, which lives so; with its own files.
struct Life {
    greenroom: Backend,
    place: TempDir,
}

impl Life {
    /// Waits for nothing.
    fn begin(script: &str, lives: &str, restart: &str, env: &[(&str, &str)]) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let launch = Setup::wrapping(Version::newest(), &setup::script().with_file_name(script));
        let config = format!(
            "{{backend: {{listen: '127.0.0.1:17041'}}, greenroom: {{ops: {{token: {TOKEN}}}, dataDir: '{}', \
             run: {{delay: 0s, restart: {restart}}}}}}}",
            place.path().join("state").display()
        );
        let launch = launch.with_env("NODE_ENV", "production").with_env("LIFE", lives);
        let launch = launch.with_env("COUNT", place.path().join("starts")).with_config(&config);
        let launch = env.iter().fold(launch, |launch, (name, value)| launch.with_env(name, value));
        let scenario = Scenario {
            name: "run --gateway",
            stage: Stage::One,
            features: "",
            config: "",
            env: &[],
            steps: &[],
        };
        let greenroom = Backend::spawn(&launch, &scenario).unwrap_or_else(|error| panic!("{error}"));
        Self { greenroom, place }
    }

    async fn is_ready(&self) {
        let ready = self.greenroom.await_status(READINESS, 200).await;
        ready.unwrap_or_else(|error| panic!("{error}\n{}", self.greenroom.output()));
    }

    /// What operators get there, once somebody listens.
    async fn asked(&self, path: &str) -> String {
        let port = self.greenroom.port();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        );
        let answer = Connection::to(port).await.ask(&request).await;
        // What fails says so by its status, too.
        let is_told = answer.head.status == 200 || path.contains("/v1/health") && answer.head.status == 503;
        assert!(is_told, "{path}: {}", answer.head.status);
        String::from_utf8(answer.body).expect("text")
    }

    /// What the page says, without its markup.
    async fn page(&self) -> String {
        let page = self.asked("/.greenroom/").await;
        let words = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        let text = words.collect::<String>().replace('\u{a0}', " ").replace("&#39;", "'");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The outcome of the check, once it has run, and what it says.
    async fn check(&self) -> Option<(String, String)> {
        let health: Value = serde_json::from_str(&self.asked("/.greenroom/v1/health").await).expect("JSON");
        let check = health["checks"].as_object().expect("checks").get("gateway.node")?.get(0)?;
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        Some((text("status"), text("output")))
    }

    async fn until_check(&self, outcome: &str, said: &str) {
        in_time(&format!("{outcome}: {said}"), async {
            while self.check().await.is_none_or(|(is, says)| is != outcome || !says.contains(said)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// The lines of ends.
    fn ends(&self) -> Vec<Value> {
        self.lines(|line| line["cause"].is_string())
    }

    fn lines(&self, are_wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let output = self.greenroom.output();
        let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(are_wanted).collect()
    }

    fn last_exit(&self) -> Value {
        let text =
            fs::read_to_string(self.place.path().join("state/last-exit.json")).expect("an end is kept");
        serde_json::from_str(&text).expect("JSON")
    }

    fn node(&self) -> Pid {
        let children = process::children(self.greenroom.id().expect("it runs"));
        let [node] = children[..] else { panic!("{children:?}") };
        Pid::from_raw(node.cast_signed()).expect("a process")
    }

    /// The line that tells so of a stall.
    async fn stall(&self, part: &str) -> Value {
        let is_it = |line: &Value| {
            line["stall"].is_string()
                && line["message"].as_str().is_some_and(|message| message.contains(part))
        };
        printed(&self.greenroom, part, |output| {
            let mut lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(is_it)
        })
        .await
    }
}

const FAILED: &str = "The backend's start has failed: Plugin 'catalog' threw an error during startup";

#[tokio::test]
async fn gateway_110_a_start_that_has_failed_and_is_started_again_is_said_to_be_ended_and_by_whom() {
    let life = Life::begin("life.js", "fails,ready", "on-failure", &[]);
    says(&life.greenroom, FAILED).await;
    let page = life.page().await;
    let told = "Node's process stays although its start has failed. Greenroom ends it at ";
    assert!(page.contains(told), "{page}");
    assert!(page.contains(" UTC, by SIGKILL, and starts it again, as greenroom.run.restart says."), "{page}");
    assert!(!page.contains("Once Node is ready"), "{page}");
    says(&life.greenroom, "and its process does not end: it is ended by SIGKILL, and started again").await;

    let ends = "killed by Greenroom (SIGKILL) after ";
    let why = " s, because its start had failed and it did not end by itself; it is started again in 1 s, restart 1 in a row";
    says(&life.greenroom, ends).await;
    let [end] = &life.ends()[..] else { panic!("{:?}", life.ends()) };
    let message = end["message"].as_str().expect("a sentence");
    assert!(
        message.starts_with(&format!("The backend has ended: {ends}")) && message.ends_with(why),
        "{end}"
    );
    assert_eq!(
        (&end["cause"], &end["code"], &end["signal"], &end["level"]),
        (&json!("startFailed"), &json!(137), &json!("SIGKILL"), &json!("error")),
        "{end}"
    );
    assert_eq!(life.last_exit()["sentence"], message);
    let page = life.page().await;
    assert!(page.contains(ends), "{page}");
    life.is_ready().await;
    assert!(life.page().await.contains(ends), "why it was started again stays on the page");
}

#[tokio::test]
async fn gateway_110_a_start_that_has_failed_and_is_not_started_again_ends_all_and_says_so_before() {
    let mut life = Life::begin("life.js", "fails", "never", &[]);
    says(&life.greenroom, FAILED).await;
    let page = life.page().await;
    let told = " UTC, and itself with exit code 1: whoever started Greenroom decides what follows.";
    assert!(page.contains(told) && !page.contains("Once Node is ready"), "{page}");
    assert_eq!(life.greenroom.exit().await.expect("it ends"), Some(1));
    let [end] = &life.ends()[..] else { panic!("{:?}", life.ends()) };
    let message = end["message"].as_str().expect("a sentence");
    let why = " (Greenroom ended it, because its start had failed and it did not end by itself)";
    assert!(
        message.starts_with("The backend has ended: exit code 0 after ") && message.ends_with(why),
        "{end}"
    );
    assert_eq!(end["cause"], "startFailed", "{end}");
    let asked = life.lines(|line| line["message"] == "asked to end");
    assert_eq!(asked.len(), 1, "in order, {}", life.greenroom.output());
}

#[tokio::test]
async fn gateway_111_a_stop_after_a_start_that_has_failed_is_one_in_order_whatever_would_follow() {
    // Longer than it takes until such a start is given up.
    let slowly = [("ENDS_AFTER", "6500")];
    let stopped = async |restart: &str, signal: Signal| {
        let mut life = Life::begin("life.js", "fails", restart, &slowly);
        says(&life.greenroom, FAILED).await;
        life.greenroom.signal(signal).expect("it runs");
        assert_eq!(life.greenroom.exit().await.expect("it ends"), Some(0), "{restart} {signal:?}");
        let (output, asked) = (life.greenroom.output(), life.lines(|line| line["message"] == "asked to end"));
        assert_eq!(asked.len(), 1, "{restart} {output}");
        assert!(!output.contains("asked again") && !output.contains("SIGKILL"), "{restart} {output}");
        let [end] = &life.ends()[..] else { panic!("{:?}", life.ends()) };
        assert_eq!((&end["cause"], &end["code"]), (&json!("stopped"), &json!(0)), "{restart} {end}");
        assert!(end["uptimeMs"].as_u64().is_some_and(|ms| ms > 6500), "{restart} {end}");
    };
    tokio::join!(
        stopped("on-failure", Signal::INT),
        stopped("on-failure", Signal::TERM),
        stopped("never", Signal::INT)
    );
}

#[tokio::test]
async fn gateway_111_a_stop_between_two_starts_ends_with_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut life = Life::begin("life.js", "crashes", "on-failure", &[]);
        says(&life.greenroom, "it is started again in 4 s, restart 3 in a row").await;
        let asked = Instant::now();
        life.greenroom.signal(signal).expect("it runs");
        assert_eq!(life.greenroom.exit().await.expect("it ends"), Some(0), "{signal:?}");
        assert!(asked.elapsed() < Duration::from_secs(3), "it waits for no start: {:?}", asked.elapsed());
        says(&life.greenroom, "it was stopped before it was started again").await;
        assert_eq!(life.ends().len(), 3, "each is told once");
    }
}

#[tokio::test]
async fn gateway_112_who_asks_a_process_that_was_stopped_is_not_named_as_why() {
    let life = Life::begin("life.js", "ready", "never", &[]);
    life.is_ready().await;
    let node = life.node();
    kill_process(node, Signal::STOP).expect("it runs");
    let mut clients = vec![];
    for plugin in ["catalog", "search"] {
        let mut client = Connection::to(life.greenroom.port()).await;
        client.send(format!("GET /api/{plugin}/x HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        clients.push(client);
    }
    let begun = life.stall("has stood still").await;
    assert_eq!((&begun["stall"], &begun["suspects"]), (&json!("stopped"), &json!([])), "{begun}");
    kill_process(node, Signal::CONT).expect("it is there");
    let ended = life.stall("turns again").await;
    assert_eq!((&ended["stall"], &ended["suspects"]), (&json!("stopped"), &json!([])), "{ended}");
    for mut client in clients {
        assert_eq!(client.answer().await.head.status, 200);
    }
}

#[tokio::test]
async fn gateway_113_in_a_row_of_restarts_the_check_fails_until_node_is_ready() {
    let life = Life::begin("life.js", "crashes,fails,slowly", "on-failure", &[]);
    says(&life.greenroom, "restart 1 in a row").await;
    life.until_check("fail", " has ended: ").await;
    says(&life.greenroom, FAILED).await;
    life.until_check("fail", "its start has failed: no database (plugin 'catalog')").await;
    says(&life.greenroom, "restart 2 in a row").await;
    life.until_check("fail", "killed by Greenroom (SIGKILL)").await;
    life.is_ready().await;
    life.until_check("pass", "").await;
    says(&life.greenroom, "Health check passes again").await;
    let told = life.lines(|line| line["check"] == "gateway.node");
    let told: Vec<_> = told.iter().filter_map(|line| line["message"].as_str()).collect();
    assert_eq!(told, ["Health check failed", "Health check passes again"], "{}", life.greenroom.output());
    // Probes of a start are told that it starts, and have not failed.
    let shown: Value = serde_json::from_str(&life.asked("/.greenroom/v1/gateway").await).expect("JSON");
    let failures = shown["plugins"].as_array().expect("plugins").iter().map(|plugin| &plugin["failures"]);
    assert!(failures.clone().all(|failures| *failures == 0), "{shown}");
}

#[tokio::test]
async fn gateway_113_the_check_follows_what_happens_and_waits_for_no_turn() {
    let life = Life::begin("life.js", "ready", "never", &[]);
    life.is_ready().await;
    life.until_check("pass", "").await;
    let node = life.node();
    kill_process(node, Signal::STOP).expect("it runs");
    life.stall("has stood still").await;
    let begun = Instant::now();
    life.until_check("warn", "has stood still for ").await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    life.until_check("fail", "does not answer its readiness").await;
    kill_process(node, Signal::CONT).expect("it is there");
    let turns = Instant::now();
    life.until_check("pass", "").await;
    assert!(turns.elapsed() < Duration::from_secs(3), "it is asked again soon: {:?}", turns.elapsed());
}

#[tokio::test]
async fn gateway_114_of_a_backend_whose_first_process_hands_connections_on_nobody_knows_what_it_does() {
    let life = Life::begin("workers.js", "", "never", &[]);
    life.is_ready().await;
    let mut client = Connection::to(life.greenroom.port()).await;
    client.send("GET /busy/2500 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()).await;
    let begun = life.stall("has stood still").await;
    // Its first process waits, which says nothing of the one that is busy.
    assert_eq!(begun["stall"], "unknown", "{begun}");
    assert_eq!(client.answer().await.head.status, 200);
    assert_eq!(life.stall("turns again").await["stall"], "unknown");
}
