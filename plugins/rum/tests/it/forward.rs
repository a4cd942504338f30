//! What leaves of what browsers send, and what they are answered.

use std::io::Read;

use flate2::read::ZlibDecoder;
use greenroom::http_client::Fault;
use greenroom_plugin_rum::rum;
use greenroom_test::TestBackend;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{FakeIntake, Recorded, Seen, config, forwarding, rum_requests};

/// The way to Datadog that a browser has asked for.
fn asked_for(request: &Recorded) -> String {
    let (path, query) = request.url.split_once('?').unwrap();
    match path.strip_prefix("/api/rum/intake/") {
        Some(rest) => format!("/{rest}?{query}"),
        None => {
            let forward = query.split('&').find_map(|pair| pair.strip_prefix("ddforward=")).unwrap();
            percent_encoding::percent_decode_str(forward).decode_utf8().unwrap().into_owned()
        }
    }
}

fn text(url: &str, body: &[u8]) -> String {
    if !url.contains("dd-evp-encoding=deflate") {
        return String::from_utf8(body.to_vec()).unwrap();
    }
    let mut text = String::new();
    ZlibDecoder::new(body).read_to_string(&mut text).unwrap();
    text
}

/// Whether `left` is `whole` with parts of it masked.
fn is_masked(whole: &str, left: &str) -> bool {
    let mut rest = whole;
    let mut parts = left.split("***");
    let Some(after) = parts.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = after;
    for part in parts {
        // A mask within quotes may stand for a number.
        let part = part.trim_start_matches('"');
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || left.ends_with("***")
}

#[tokio::test]
async fn rum_33_recorded_visits_of_versions_5_6_and_7_arrive_with_their_urls_and_all_bytes_that_tell_nothing()
{
    let (backend, intake) = forwarding(&json!({})).await;
    for request in rum_requests() {
        let answer = request.send(&backend).await;
        assert_eq!(answer.status, 202, "{}: {}", request.name, answer.text());
        let Seen { url, headers, body } = intake.seen().pop().unwrap();
        assert_eq!(
            url,
            format!("https://browser-intake-datadoghq.eu{}", asked_for(&request)),
            "{}",
            request.name
        );
        let told = ["content-type", "user-agent", "accept"];
        for name in told {
            assert_eq!(
                headers.get(name).map(|value| value.to_str().unwrap()),
                request.header(name),
                "{name}"
            );
        }
        assert!(headers.keys().all(|name| told.contains(&name.as_str())), "{headers:?}");
        let (whole, left) = (text(&url, &request.body), text(&url, &body));
        assert_eq!(answer.json(), json!({"accepted": whole.lines().count(), "rejected": 0}));
        for (whole, left) in whole.lines().zip(left.lines()) {
            assert!(is_masked(whole, left), "{}:\n{whole}\n{left}", request.name);
            let event: Value = serde_json::from_str(left).unwrap();
            let view = event["view"]["url"].as_str().unwrap_or_default();
            assert!(!view.contains("cfg=%7B"), "{view}");
        }
        assert_eq!(whole.lines().count(), left.lines().count());
        assert!(!left.contains("example.com\",\"name"), "no address of a user");
    }
}

#[tokio::test]
async fn rum_33_what_tells_nothing_arrives_as_the_bytes_that_came() {
    let (backend, intake) =
        forwarding(&json!({"keptParameters": ["v", "trace", "cfg", "delay", "limit", "status"]})).await;
    for name in ["v7-string-proxy-001-rum", "v7-deflate-long-002-rum", "v7-function-proxy-003-rum"] {
        let request = Recorded::named(name).of_a_harmless_page();
        assert_eq!(request.send(&backend).await.status, 202);
        let seen = intake.seen().pop().unwrap();
        let (whole, left) = (text(&seen.url, &request.body), text(&seen.url, &seen.body));
        assert_eq!(whole, left, "{name}");
        assert!(seen.body == request.body, "{name}");
    }
}

#[tokio::test]
async fn rum_34_replays_and_logs_arrive_unread() {
    let (backend, intake) = forwarding(&json!({})).await;
    for name in ["v7-string-proxy-004-replay", "v7-logs-profile-012-logs"] {
        let request = Recorded::named(name);
        assert_eq!(request.send(&backend).await.status, 202);
        let seen = intake.seen().pop().unwrap();
        assert_eq!(seen.body, request.body);
        assert_eq!(seen.headers["content-type"], *request.header("content-type").unwrap());
    }
}

#[tokio::test]
async fn rum_35_causes_vitals_and_users_are_masked_before_they_leave() {
    let (backend, intake) = forwarding(&json!({})).await;
    let request = Recorded::named("v7-string-proxy-010-rum");
    let line = std::str::from_utf8(&request.body).unwrap().lines().next().unwrap();
    let mut event: Value = serde_json::from_str(line).unwrap();
    event["error"] = json!({"causes": [{"message": "for jane@example.com"}]});
    event["vital"] = json!({"name": "token=abc"});
    event["usr"] = json!({"id": "jane", "name": "Jane", "anonymous_id": "4cd47a52"});
    let answer = request.body(event.to_string()).send(&backend).await;
    assert_eq!(answer.status, 202);
    let seen: Value = serde_json::from_slice(&intake.seen()[0].body).unwrap();
    assert_eq!(seen["error"]["causes"][0]["message"], "for ***");
    assert_eq!(seen["vital"]["name"], "token=***");
    assert_eq!(seen["usr"], json!({"id": "***", "name": "***", "anonymous_id": "4cd47a52"}));
}

#[tokio::test]
async fn rum_25_a_browser_is_told_to_come_again_where_the_intake_has_a_bad_moment() {
    let (backend, intake) = forwarding(&json!({})).await;
    let status = |code: u16| Ok(StatusCode::from_u16(code).unwrap());
    for (outcome, expected) in [
        (status(200), 200),
        (status(429), 429),
        (status(500), 500),
        (status(503), 503),
        (status(302), 503),
        (status(408), 503),
        (status(403), 403),
        (status(404), 400),
        (Err(Fault::Connect("no route".to_owned())), 503),
    ] {
        intake.answers(outcome.clone());
        let answer = Recorded::named("v7-string-proxy-010-rum").send(&backend).await;
        assert_eq!(answer.status, expected, "{outcome:?}");
        assert!(!answer.text().contains("browser-intake"), "{}", answer.text());
    }
    let told = backend.await_log(|line| line["count"] == 1).await;
    assert_eq!(told["message"], "Browser events did not get to Datadog's intake: it answered 429");
    let lines = backend.stop().await;
    let told_twice = lines.iter().find(|line| line["message"].as_str().unwrap().contains("were refused"));
    assert_eq!(told_twice, None);
}

#[tokio::test]
async fn rum_22_datadog_learns_the_network_of_a_user_only_where_the_config_says_so() {
    for (trust, told, expected) in [
        (json!("loopback, 10.0.0.0/8"), "1.1.1.1, 9.9.9.9, 10.0.0.2", "9.9.9.0"),
        (json!(false), "1.1.1.1", "127.0.0.0"),
    ] {
        let intake = FakeIntake::default();
        let mut config = config(&json!({"clientAddress": "truncated"}));
        config["backend"] = json!({"trustProxy": trust});
        let backend =
            TestBackend::new().config(config).add(rum()).add(intake.client()).start().await.unwrap();
        let request = Recorded::named("v7-string-proxy-010-rum").with("x-forwarded-for", Some(told));
        assert_eq!(request.send(&backend).await.status, 202);
        assert_eq!(intake.seen()[0].headers["x-forwarded-for"], *expected);
    }
}

#[tokio::test]
async fn rum_18_a_deflated_body_that_is_cut_is_refused() {
    let (backend, intake) = forwarding(&json!({})).await;
    let request = Recorded::named("v7-deflate-004-rum");
    let cut = request.body.slice(..request.body.len() - 10);
    assert_eq!(request.body(cut).send(&backend).await.status, 400);
    assert!(intake.seen().is_empty());
}

#[tokio::test]
async fn deflated_bodies_of_more_browsers_than_are_looked_at_at_once_are_all_taken() {
    let (backend, intake) = forwarding(&json!({})).await;
    let request = Recorded::named("v7-deflate-long-002-rum");
    let answers = futures_util::future::join_all((0..8).map(|_| request.send(&backend))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [202; 8]);
    assert_eq!(intake.seen().len(), 8);
}
