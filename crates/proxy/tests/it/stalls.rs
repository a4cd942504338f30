//! A server behind that takes connections, and does not turn its event loop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use greenroom_http::Forward;
use greenroom_proxy::{MainThread, STALL, Stall, ThreadState};

use crate::kit::{Gateway, until};

/// A health check of its own is answered within that, or it has waited for the server behind.
const AT_ONCE: Duration = Duration::from_millis(200);

const READINESS: &str = "GET /.backstage/health/v1/readiness HTTP/1.1\r\nHost: x\r\n\r\n";

async fn stalled(gateway: &Gateway, goes_on: bool) -> Stall {
    let is_so = |stall: &Stall| stall.goes_on == goes_on;
    until(async || gateway.proxy.status().stalls.first().is_some_and(is_so)).await;
    gateway.proxy.status().stalls[0].clone()
}

#[tokio::test]
async fn a_question_is_one_that_nodes_http_server_answers_by_itself() {
    let (_gateway, upstream) = Gateway::pair().await;
    let is_question = |head: &String| head.contains("expect: greenroom-pulse\r\n");
    until(async || upstream.probes().iter().filter(|head| is_question(head)).count() > 1).await;
    let question = upstream.probes().into_iter().find(is_question).unwrap();
    assert!(question.starts_with("GET /.backstage/health/v1/liveness HTTP/1.1\r\n"), "{question}");
    assert!(question.contains("user-agent: greenroom-probe\r\n"), "{question}");
}

#[tokio::test]
async fn a_stall_is_told_at_its_beginning_and_at_its_end_with_who_may_be_why() {
    let (gateway, mut upstream) = Gateway::pair().await;
    let request = |plugin: &str| format!("GET /api/{plugin}/x?q=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    // Some time ago, and answered.
    let mut before = gateway.client.send(&request("answered")).await;
    upstream.request().await.0.answer("ok").await;
    before.answer("GET").await;
    let (mut waiting, mut arrived) = (vec![], vec![]);
    for plugin in ["catalog", "search", "catalog"] {
        waiting.push(gateway.client.send(&request(plugin)).await);
        arrived.push(upstream.request().await.0);
    }
    let cpu = Arc::new(AtomicU64::new(0));
    let look = move || {
        // It has used all of the time that there was.
        let millis = cpu.fetch_add(400, Relaxed);
        Some(MainThread { cpu: Duration::from_millis(millis), state: ThreadState::Runs })
    };
    gateway.proxy.set_main_thread(Some(Arc::new(look)));
    upstream.hangs(true);
    let began = Instant::now();
    let stall = stalled(&gateway, true).await;
    assert!(stall.lasted >= STALL, "{stall:?}");
    let suspects: Vec<_> = stall.suspects.iter().map(|one| (&*one.plugin, one.requests)).collect();
    assert_eq!((stall.kind.as_str(), &suspects[..]), ("busy", &[("catalog", 2), ("search", 1)][..]));
    let told = &gateway.lines_with("has stood still for")[..];
    let [line] = told else { panic!("{told:?}") };
    assert_eq!((&line["level"], &line["stall"]), (&"warn".into(), &"busy".into()), "{line}");
    let newest = stall.suspects[0].newest.clone().expect("one that is open");
    assert_eq!(newest.path, "/api/catalog/x", "without its query");
    let newest = serde_json::json!({"path": newest.path, "requestId": newest.request_id});
    assert_eq!(
        line["suspects"][0],
        serde_json::json!({"plugin": "catalog", "requests": 2, "newest": newest})
    );
    assert!(line["durationMs"].as_u64().unwrap() >= 1000, "{line}");

    upstream.hangs(false);
    let ended = stalled(&gateway, false).await;
    let all = began.elapsed();
    assert!(ended.lasted <= all + Duration::from_millis(200), "{ended:?} of {all:?}");
    let lines = gateway.lines_with("turns again, after it stood still for");
    assert_eq!((lines.len(), &lines[0]["stall"]), (1, &"busy".into()), "{lines:?}");
    assert_eq!(lines[0]["durationMs"], u64::try_from(ended.lasted.as_millis()).unwrap());
    assert_eq!(gateway.lines_with("has stood still for").len(), 1, "told once");
    assert_eq!(gateway.proxy.status().stall_count, 1);
}

#[tokio::test]
async fn health_checks_are_answered_here_meanwhile_and_by_the_server_behind_before_and_after() {
    let (gateway, upstream) = Gateway::pair().await;
    let reach = || (gateway.proxy.reach().readiness, gateway.proxy.reach().liveness);
    assert_eq!(reach(), (true, true));
    upstream.hangs(true);
    stalled(&gateway, true).await;
    assert_eq!(reach(), (false, false));
    let began = Instant::now();
    let answer = gateway.client.ask(READINESS).await;
    assert_eq!(answer.seen(), (200, "{\"status\":\"ok\"}"));
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    // Where nothing is to be added, nothing is answered here.
    gateway.proxy.set_transparent(true);
    assert_eq!(reach(), (true, true));
    gateway.proxy.set_transparent(false);
    upstream.hangs(false);
    stalled(&gateway, false).await;
    assert_eq!(reach(), (true, true));
}

#[tokio::test]
async fn one_that_goes_while_it_stands_still_has_no_stall_any_more() {
    let (gateway, upstream) = Gateway::pair().await;
    upstream.hangs(true);
    stalled(&gateway, true).await;
    gateway.proxy.gone("it has ended".into());
    let ended = stalled(&gateway, false).await;
    assert_eq!(ended.kind.as_str(), "unknown", "nobody could look at it");
    assert_eq!(gateway.lines_with("is asked no more, after it stood still for").len(), 1);
}
