//! What Node prints where Greenroom has started it: the same bytes, or records.

use greenroom_conformance::{backend::Backend, version::Version};
use greenroom_gateway_tests::{Connection, Setup, printed};
use serde_json::Value;

/// A secret of the config, which a plugin prints.
const SECRET: &str = "a-key-that-is-printed";

fn setup(version: Version) -> Setup {
    let config = format!(
        "backend: {{auth: {{externalAccess: [{{type: static, options: {{token: {SECRET}, subject: it}}}}]}}}}"
    );
    Setup::new(version).features("healthcheck,prints").config(&config).env("OF_PRINTS", SECRET)
}

/// What it prints to a stream when it is asked to, but for its times.
async fn of(backend: &Backend, stream: &str) -> Vec<String> {
    let answer = Connection::to(backend.port()).await.get(&format!("/api/prints/{stream}")).await;
    assert_eq!(answer.head.status, 200);
    let [begin, end] = ["BEGIN", "END"].map(|word| format!("{word} {stream}"));
    printed(backend, &end, |output| {
        // The line of the request itself may come between, and the gateway's own that Node is ready.
        let others = [r#""type":"incomingRequest""#, r#""plugin":"gateway""#];
        let lines = output.lines().filter(|line| !others.iter().any(|other| line.contains(other)));
        let lines: Vec<_> = lines.map(without_time).collect();
        let place = |mark: &String| lines.iter().position(|line| line == mark);
        Some(lines[place(&begin)? + 1..place(&end)?].to_vec())
    })
    .await
}

fn without_time(line: &str) -> String {
    match line.split_once(r#""timestamp":""#) {
        Some((before, rest)) => format!("{before}{}", rest.get(25..).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// The records that came of it, once one of them has this message.
async fn records(backend: &Backend, last: &str) -> Vec<Value> {
    printed(backend, last, |output| {
        let all: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        all.iter().any(|record| record["message"] == last).then_some(all)
    })
    .await
}

fn with_message<'r>(records: &'r [Value], message: &str) -> &'r Value {
    records
        .iter()
        .find(|record| record["message"] == message)
        .unwrap_or_else(|| panic!("{message}: {records:#?}"))
}

#[tokio::test]
async fn gateway_60_in_the_node_format_the_log_has_the_bytes_that_node_prints() {
    for version in Version::held() {
        let setup = setup(version).env("LOG_FORMAT", "node");
        let (node, greenroom) = (setup.clone().node_alone().await, setup.wrapped().await);
        for stream in ["stdout", "stderr"] {
            let (alone, through) = (of(&node, stream).await, of(&greenroom, stream).await);
            // Node itself masks what its logger prints, and nothing else.
            let alone: Vec<_> = alone.iter().map(|line| line.replace(SECRET, "***")).collect();
            assert_eq!(through, alone, "{version} {stream}");
        }
    }
}

#[tokio::test]
async fn gateway_61_what_node_prints_are_records_with_plugin_level_and_stream() {
    for version in Version::held() {
        let greenroom = setup(version).wrapped().await;
        let mut client = Connection::to(greenroom.port()).await;
        client.get("/api/prints/stdout").await;
        client.get("/api/prints/stderr").await;
        let all = records(&greenroom, "DeprecationWarning: Buffer() is deprecated").await;
        let hello = with_message(&all, "Hello");
        assert_eq!(
            (&hello["plugin"], &hello["level"], &hello["service"]),
            (&"prints".into(), &"info".into(), &"backstage".into())
        );
        assert_eq!((&hello["a"]["y"][1], &hello["b"]), (&"x".into(), &1.into()), "{hello}");
        assert!(
            hello["timestamp"].is_string() && hello["requestId"].is_null() && hello["stream"].is_null(),
            "{hello}"
        );
        let text = with_message(&all, "the key is ***");
        assert_eq!(
            (&text["level"], &text["stream"], &text["plugin"]),
            (&"info".into(), &"stdout".into(), &Value::Null)
        );
        let errors: Vec<_> =
            all.iter().filter(|record| record["stream"] == "stderr" && record["level"] == "error").collect();
        let [error] = errors[..] else { panic!("{errors:?}") };
        assert_eq!(error["message"], "TypeError: it is no function");
        assert_eq!(error["stack"].as_str().map(|stack| stack.lines().count()), Some(3), "{error}");
        assert!(!greenroom.output().contains(SECRET), "{version}");
        assert!(!greenroom.output().contains("greenroom-probe"), "{version}");
    }
}

#[tokio::test]
async fn gateway_61_in_development_they_are_development_lines() {
    let greenroom = setup(Version::newest()).env("NODE_ENV", "development").wrapped().await;
    Connection::to(greenroom.port()).await.get("/api/prints/stdout").await;
    let hello = printed(&greenroom, "a line of the plugin", |output| {
        output.lines().find(|line| line.contains(" prints info Hello ")).map(str::to_owned)
    });
    let hello = hello.await;
    assert!(hello.ends_with(r#" b=1 a={"z":1.5,"y":[2,"x"]} text="héllo \"\\ 😀""#), "{hello}");
}

#[tokio::test]
async fn gateway_62_the_last_lines_before_an_end_are_all_there_and_its_reason_comes_after_them() {
    let mut greenroom = setup(Version::newest()).wrapped().await;
    let mut client = Connection::to(greenroom.port()).await;
    client.send("GET /api/prints/flood HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(greenroom.exit().await.expect("it ends"), Some(7));
    let output = greenroom.output();
    let all: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let at = |text: &str| {
        all.iter().position(|record| record["message"] == text).unwrap_or_else(|| panic!("{text}: {output}"))
    };
    for line in 1991..2000 {
        assert_eq!(at(&format!("line {line} of a flood")) + 1, at(&format!("line {} of a flood", line + 1)));
    }
    let end = all.iter().position(|record| record["cause"] == "exit").expect("why it has ended");
    assert!(end > at("line 2000 of a flood"), "{output}");
    let lines = all[end]["lastLines"].as_array().expect("its last lines");
    assert_eq!(lines.last().and_then(Value::as_str), Some("line 2000 of a flood"));
}
