//! What two parsers could read in two ways. Each case is sent as bytes, with a request behind it; then is compared what the
//! client got, what Node's parser has read, and what the gateway's log tells.

mod cases;

use std::collections::BTreeMap;

use greenroom_conformance::{version::Version, wire::Answer};
use greenroom_gateway_tests::{Connection, Pair, Setup, line, printed, saw};
use serde_json::Value;

use self::cases::{CASES, Case, Expected};

#[tokio::test]
async fn gateway_20_what_two_parsers_could_read_in_two_ways_is_refused_and_never_reaches_node() {
    let pair = pair().await;
    let mut wrong = Vec::new();
    for (index, case) in CASES.iter().enumerate() {
        // A method, a version or a size may have a status of its own.
        let is_refused = |statuses: &[u16]| matches!(statuses, [400..=499 | 501 | 505]);
        let is_well = |told: &Told, statuses: &[u16]| match case.expected {
            Expected::Refused => is_refused(statuses) && told.seen.is_empty(),
            Expected::Broken => is_refused(statuses) || matches!(statuses, [] | [200]),
            _ => true,
        };
        if !matches!(case.expected, Expected::Refused | Expected::Broken) {
            continue;
        }
        let told = tell(&pair, index, case).await;
        let statuses: Vec<_> = told.answers.iter().map(|answer| answer.head.status).collect();
        if !told.ended || !is_well(&told, &statuses) {
            wrong.push(told.text(case));
        }
        wrong.extend(told.faults(case));
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn gateway_21_what_has_one_reading_is_answered_request_by_request() {
    let pair = pair().await;
    let mut wrong = Vec::new();
    for (index, case) in CASES.iter().enumerate() {
        let Expected::Answered(ids) = case.expected else { continue };
        let told = tell(&pair, index, case).await;
        let ids: Vec<_> = ids.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
        let answered: Vec<_> =
            told.answers.iter().map(|it| String::from_utf8_lossy(&it.body).into_owned()).collect();
        if answered != ids {
            wrong.push(told.text(case));
        }
        wrong.extend(told.faults(case));
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn gateway_21_whatever_is_made_of_it_no_request_is_hidden_and_no_answer_is_misplaced() {
    let pair = pair().await;
    let mut wrong = Vec::new();
    for (index, case) in CASES.iter().enumerate().filter(|(_, case)| case.expected == Expected::Either) {
        wrong.extend(tell(&pair, index, case).await.faults(case));
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn gateway_22_no_header_of_the_gateway_can_be_taken_away_by_naming_it() {
    let setup = Setup::new(Version::newest()).features("healthcheck,gw").that_tells_what_it_saw();
    let pair = setup.sidecar().await;
    for named in [
        "X-Forwarded-For",
        "close, X-Forwarded-For, X-Forwarded-Proto",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "X-Request-Id, Traceparent",
    ] {
        let request =
            format!("GET /api/gw/whoami HTTP/1.1\r\nHost: inner.example\r\nConnection: {named}\r\n\r\n");
        let answer = Connection::from("127.0.0.7", pair.gateway.port()).await.ask(&request).await;
        assert_eq!(answer.head.status, 200, "{named}: {answer:?}");
        let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(
            (&told["ip"], &told["hostname"]),
            (&"127.0.0.7".into(), &"inner.example".into()),
            "{named}"
        );

        let request = format!(
            "POST /api/gw/json HTTP/1.1\r\nHost: localhost\r\nConnection: {named}\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}"
        );
        let answer = Connection::to(pair.gateway.port()).await.ask(&request).await;
        assert_eq!(answer.body, br#"{"got":{"a":1}}"#, "{named}: {answer:?}");
    }
}

async fn pair() -> Pair {
    Setup::new(Version::newest()).that_tells_what_it_saw().sidecar().await
}

/// A line tells a target as it came; a server is told its path.
fn in_origin_form(url: &str) -> &str {
    let rest = url.split_once("://").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or(url)
}

/// What came of a case.
struct Told {
    answers: Vec<Answer<Vec<u8>>>,
    unreadable: Option<String>,
    ended: bool,
    seen: Vec<saw::Saw>,
    lines: Vec<Value>,
}

async fn tell(pair: &Pair, index: usize, case: &Case) -> Told {
    let before = saw::all(&pair.node.output()).len();
    let lines_before = line::all(&pair.gateway.output()).len();
    let mut client = Connection::to(pair.gateway.port()).await;
    // Whoever refuses may close before all has been sent.
    let _ = client.try_send(case.bytes).await;
    let (mut answers, mut unreadable) = (Vec::new(), None);
    let ended = loop {
        match client.try_answer_within(case.patience()).await {
            Some(Ok(Some(answer))) => answers.push(answer),
            Some(Ok(None)) => break true,
            Some(Err(error)) => {
                unreadable = Some(error.to_string());
                break true;
            }
            None => break false,
        }
    };
    drop(client);
    let name = format!("after-{index}");
    let seen = saw::since(&pair.node, pair.gateway.port(), before, &name).await;
    let url = format!("/api/gw/ok/{name}");
    let logged = |output: &str| {
        let mut lines = line::all(output);
        let at = lines.iter().position(|line| line["url"] == *url)?;
        lines.truncate(at);
        Some(lines.split_off(lines_before.min(lines.len())))
    };
    let lines = printed(&pair.gateway, &url, logged).await;
    Told { answers, unreadable, ended, seen, lines }
}

impl Told {
    /// What must not be, whatever was expected.
    fn faults(&self, case: &Case) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |what: &str| faults.push(format!("{what}: {}", self.text(case)));
        let mut logged = BTreeMap::<_, usize>::new();
        for line in &self.lines {
            *logged
                .entry((line["method"].as_str(), line["url"].as_str().map(in_origin_form)))
                .or_default() += 1;
        }
        for seen in &self.seen {
            // It is no fault to end in the midst of what breaks off.
            if seen.code.starts_with("HPE") && seen.code != "HPE_INVALID_EOF_STATE" {
                fault("Node was sent what is no request");
                continue;
            }
            match logged.get_mut(&(Some(&*seen.method), Some(&*seen.url))) {
                Some(left @ 1..) => *left -= 1,
                _ if seen.event == "clientError" => {}
                _ => fault("Node saw what the log does not tell"),
            }
            if seen.url.contains("smuggled") {
                fault("a body became a request");
            }
        }
        if let Some(error) = &self.unreadable {
            fault(&format!("the client got what is no answer ({error})"));
        }
        // Each answer is that of a request that was sent, in the order in which they were.
        let ids: Vec<_> = self
            .answers
            .iter()
            .filter_map(|answer| {
                serde_json::from_slice::<Value>(&answer.body).ok()?["id"].as_str().map(str::to_owned)
            })
            .collect();
        let text = String::from_utf8_lossy(case.bytes);
        let places: Vec<_> = ids.iter().map(|id| text.find(&format!("/{id}"))).collect();
        if !places.is_sorted() || places.contains(&None) {
            fault("an answer is not where it belongs");
        }
        faults
    }

    fn text(&self, case: &Case) -> String {
        let answers: Vec<_> = self
            .answers
            .iter()
            .map(|it| format!("{} {}", it.head.status, String::from_utf8_lossy(&it.body)))
            .collect();
        let seen: Vec<_> =
            self.seen.iter().map(|it| format!("{} {} {} {}", it.event, it.method, it.url, it.code)).collect();
        let lines: Vec<_> = self.lines.iter().map(|it| format!("{} {}", it["method"], it["url"])).collect();
        format!(
            "{}\n  sent      {}\n  answers   {answers:?}\n  ended     {}\n  Node saw  {seen:?}\n  logged    {lines:?}",
            case.name,
            case.bytes.escape_ascii(),
            self.ended
        )
    }
}
