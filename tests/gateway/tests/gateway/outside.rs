//! What only an outsider sees of Node: that its event loop stands still and why, what its log costs, whom it refuses, and that its files
//! have changed.

use std::{
    fs,
    time::{Duration, Instant},
};

use greenroom_conformance::{
    backend::Backend,
    scenarios::{READINESS, Scenario, Stage},
    version::Version,
};
use greenroom_gateway_tests::{Connection, Setup, in_time, printed, process, setup};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "a-token-for-who-looks-at-it";

/// Greenroom around a small server of Node's, which answers; with a directory of own files, in which is the last one of the config.
async fn started() -> (Backend, TempDir) {
    started_by("outside.js").await
}

/// The same, by that script.
async fn started_by(script: &str) -> (Backend, TempDir) {
    let place = tempfile::tempdir().expect("a directory");
    let own = place.path().join("own.yaml");
    fs::write(&own, "app: {title: before}\n").expect("a file");
    let script = setup::script().with_file_name(script);
    let launch = Setup::wrapping(Version::newest(), &script);
    let launch = launch.with_arguments(["--config".as_ref(), own.as_os_str()]);
    let config = format!(
        "{{backend: {{listen: '127.0.0.1:17041'}}, greenroom: {{ops: {{token: {TOKEN}}}, dataDir: '{}', run: {{delay: 0s}}}}}}",
        place.path().join("state").display()
    );
    let launch = launch.with_env("NODE_ENV", "production").with_config(&config);
    let scenario =
        Scenario { name: "run --gateway", stage: Stage::One, features: "", config: "", env: &[], steps: &[] };
    let greenroom = Backend::spawn(&launch, &scenario).unwrap_or_else(|error| panic!("{error}"));
    greenroom
        .await_status(READINESS, 200)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", greenroom.output()));
    (greenroom, place)
}

/// The line that tells so of a stall of that kind.
async fn line(greenroom: &Backend, kind: &str, part: &str) -> Value {
    let is_it = |line: &Value| {
        line["stall"] == kind && line["message"].as_str().is_some_and(|message| message.contains(part))
    };
    printed(greenroom, &format!("{part}: {kind}"), |output| {
        let mut lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.find(is_it)
    })
    .await
}

/// What operators are told as JSON.
async fn shown(greenroom: &Backend) -> Value {
    let port = greenroom.port();
    let request = format!(
        "GET /.greenroom/v1/gateway HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    let answer = Connection::to(port).await.ask(&request).await;
    assert_eq!(answer.head.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn node(greenroom: &Backend) -> Pid {
    let children = process::children(greenroom.id().expect("it runs"));
    let [node] = children[..] else { panic!("{children:?}") };
    Pid::from_raw(node.cast_signed()).expect("a process")
}

/// A stall of so long is told as one of that kind, at its beginning and at its end.
fn assert_lasted(begun: &Value, ended: &Value, kind: &str, expected: Duration) {
    assert_eq!((&begun["stall"], &begun["level"]), (&kind.into(), &"warn".into()), "{begun}");
    let told_after = begun["durationMs"].as_u64().expect("a number");
    assert!((1000..2000).contains(&told_after), "within a second of when it is one: {begun}");
    let lasted = ended["durationMs"].as_u64().expect("a number");
    let expected = u64::try_from(expected.as_millis()).expect("it is short");
    assert!(lasted.abs_diff(expected) <= 200, "{lasted} ms of {expected}: {ended}");
    assert_eq!(ended["stall"], kind, "{ended}");
}

#[tokio::test]
async fn gateway_90_a_loop_that_is_busy_or_blocked_is_told_with_the_plugin_first_that_was_asked() {
    let (greenroom, _place) = started().await;
    let port = greenroom.port();
    for (way, kind, plugin) in [("busy/3000", "busy", "catalog"), ("blocked/3", "blocked", "techdocs")] {
        // It has its answer, and is no suspect.
        assert_eq!(Connection::to(port).await.get("/api/search/ok").await.head.status, 200);
        let mut client = Connection::to(port).await;
        client.send(format!("GET /api/{plugin}/{way} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        let begun = line(&greenroom, kind, "has stood still").await;
        let suspect = &begun["suspects"][0];
        assert_eq!((&suspect["plugin"], &suspect["requests"]), (&json!(plugin), &json!(1)), "{begun}");
        assert_eq!(suspect["newest"]["path"], json!(format!("/api/{plugin}/{way}")), "{begun}");

        // Node answers nobody, and probes are answered all the same.
        let mut fastest = Duration::MAX;
        for _ in 0..10 {
            let mut probe = Connection::to(port).await;
            let asked = Instant::now();
            assert_eq!(probe.get(READINESS).await.head.status, 200);
            fastest = fastest.min(asked.elapsed());
        }
        assert!(fastest < Duration::from_millis(5), "{fastest:?}");
        let now = shown(&greenroom).await;
        let stall = &now["stalls"]["items"][0];
        assert_eq!((&stall["goesOn"], &stall["kind"]), (&json!(true), &json!(kind)), "{now}");

        assert_eq!(client.answer().await.head.status, 200);
        let ended = line(&greenroom, kind, "turns again").await;
        assert_lasted(&begun, &ended, kind, Duration::from_secs(3));
    }
    assert_eq!(shown(&greenroom).await["stalls"]["count"], 2);
}

#[tokio::test]
async fn gateway_90_a_process_that_was_stopped_is_told_as_such() {
    let (greenroom, _place) = started().await;
    let node = node(&greenroom);
    let stopped = Instant::now();
    kill_process(node, Signal::STOP).expect("it runs");
    let begun = line(&greenroom, "stopped", "has stood still").await;
    assert_eq!(begun["suspects"], json!([]), "nobody has asked: {begun}");
    kill_process(node, Signal::CONT).expect("it is there");
    let lasted = stopped.elapsed();
    let ended = line(&greenroom, "stopped", "turns again").await;
    assert_lasted(&begun, &ended, "stopped", lasted);
}

#[tokio::test]
async fn gateway_90_who_is_looked_at_is_node_and_not_who_has_started_it_and_waits() {
    let (greenroom, _place) = started_by("between.js").await;
    let mut client = Connection::to(greenroom.port()).await;
    client.send("GET /api/catalog/busy/2500 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()).await;
    line(&greenroom, "busy", "has stood still").await;
    assert_eq!(client.answer().await.head.status, 200);
    line(&greenroom, "busy", "turns again").await;
}

#[tokio::test]
async fn gateway_91_what_its_log_costs_and_whom_it_refuses_is_counted_by_plugin() {
    let (greenroom, _place) = started().await;
    let port = greenroom.port();
    let mut client = Connection::to(port).await;
    assert_eq!(client.get("/api/noisy/prints/300").await.head.status, 200);
    for (status, header, times) in
        [(401, "", 2), (401, "Authorization: Bearer nobody-knows-it\r\n", 1), (403, "", 1)]
    {
        for _ in 0..times {
            let request =
                format!("GET /api/catalog/refused/{status} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
            assert_eq!(client.ask(&request).await.head.status, status);
        }
    }
    let counted = in_time("what was counted", async {
        loop {
            let shown = shown(&greenroom).await;
            let refused = shown["refused"].as_array().expect("a list").iter();
            let printed = shown["logSpend"].as_array().expect("a list").iter();
            let is_all = refused.map(|one| one["count"].as_u64().expect("a number")).sum::<u64>() == 4
                && printed.clone().any(|one| one["plugin"] == "noisy" && one["records"] == 300);
            if is_all {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let shown = counted.await;
    let mut refused: Vec<_> = shown["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| format!("{} {} {} {}", one["plugin"], one["status"], one["reason"], one["count"]))
        .collect();
    refused.sort();
    assert_eq!(
        refused,
        [
            r#""catalog" 401 "missing" 2"#,
            r#""catalog" 401 "unknown token" 1"#,
            r#""catalog" 403 "missing" 1"#
        ]
    );
    let noisy = shown["logSpend"].as_array().expect("a list").iter().find(|one| one["plugin"] == "noisy");
    let noisy = noisy.expect("it has printed");
    assert_eq!((&noisy["level"], &noisy["recentRecords"]), (&json!("warn"), &json!(300)), "{noisy}");
    let line = json!({"level": "warn", "message": "again", "plugin": "noisy"}).to_string().len() as u64 + 1;
    assert_eq!((&noisy["bytes"], &noisy["recentBytes"]), (&json!(300 * line), &json!(300 * line)), "{noisy}");
}

#[tokio::test]
async fn gateway_92_a_file_of_the_config_that_has_changed_since_the_start_is_told_once() {
    let (greenroom, place) = started().await;
    let own = place.path().join("own.yaml");
    assert_eq!(shown(&greenroom).await["drift"], json!([]));
    fs::write(&own, "app: {title: after}\n").expect("a file");
    let lines = |output: &str| {
        let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["drift"].is_string()).collect::<Vec<_>>()
    };
    let told = printed(&greenroom, "that it has changed", |output| lines(output).pop()).await;
    let file = own.to_str().expect("a path");
    assert_eq!(
        (&told["drift"], &told["file"], &told["level"]),
        (&json!("config"), &json!(file), &json!("warn"))
    );
    let shown = shown(&greenroom).await;
    let drift = &shown["drift"][0];
    assert_eq!((&drift["file"], &drift["kind"]), (&json!(file), &json!("config")), "{shown}");
    assert!(drift["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{shown}");
    assert_eq!(lines(&greenroom.output()).len(), 1);
}
