//! What the intake takes from nobody.

use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse};
use http::Method;
use serde_json::{Value, json};

use crate::support::{FakeIntake, ID, Recorded, TOKEN, config, forwarding};

fn good() -> Recorded {
    Recorded::named("v7-string-proxy-010-rum")
}

/// Sends it, and sees that nothing left.
async fn refused(request: Recorded) -> TestResponse {
    let (backend, intake) = forwarding(&json!({})).await;
    let answer = request.send(&backend).await;
    assert!(intake.seen().is_empty(), "{:?}", intake.seen());
    assert!(!answer.text().contains(TOKEN) && !answer.text().contains(ID), "{}", answer.text());
    answer
}

#[tokio::test]
async fn rum_15_the_absolute_url_of_version_3_is_refused() {
    let request = Recorded::named("v3-proxyurl-numbers-001-rum");
    assert!(request.url.contains("ddforward=https%3A%2F%2F"));
    assert_eq!(refused(request).await.status, 400);
}

#[tokio::test]
async fn rum_14_what_names_no_track_is_refused_before_anything_is_looked_at() {
    for query in [
        "",
        "?x=1",
        "?ddforward=https%3A%2F%2Fevil.test%2Fapi%2Fv2%2Frum%3Fx",
        "?ddforward=%2F%2Fevil.test%2Fapi%2Fv2%2Frum%3Fx",
        "?ddforward=%2Fapi%2Fv2%2F..%2Fv1%3Fx",
        "?ddforward=%2Fapi%2Fv2%2Frum%40evil%3Fx",
        "?ddforward=%2Fapi%2Fv2%2Frum%3Fx&ddforward=%2Fapi%2Fv2%2Frum%3Fx",
    ] {
        assert_eq!(refused(good().url(format!("/api/rum/intake{query}"))).await.status, 400, "{query}");
    }
    assert_eq!(refused(good().url("/api/rum/intake/api/v2/other?dd-api-key=x".to_owned())).await.status, 400);
}

#[tokio::test]
async fn rum_16_another_token_or_application_is_refused() {
    let other = good().url.replace(TOKEN, "pub1");
    assert_eq!(refused(good().url(other)).await.status, 403);
    let body =
        String::from_utf8(good().body.to_vec()).unwrap().replace(ID, "22222222-2222-4333-8444-555555555555");
    assert_eq!(refused(good().body(body)).await.status, 403);
}

#[tokio::test]
async fn rum_17_a_page_of_another_site_is_refused() {
    let from = |origin, site| good().with("origin", Some(origin)).with("sec-fetch-site", Some(site));
    let answer = refused(from("https://evil.test", "cross-site")).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (403, None));
    assert_eq!(refused(from("null", "cross-site")).await.status, 403);

    let (backend, _) = forwarding(&json!({"allowedOrigins": ["https://other.example"]})).await;
    assert_eq!(from("null", "same-origin").send(&backend).await.status, 202);
    let answer = from("https://other.example", "cross-site").send(&backend).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://other.example"));
    assert_eq!(answer.header("vary").map(|vary| vary.contains("Origin")), Some(true));
}

#[tokio::test]
async fn rum_19_what_is_too_large_is_refused() {
    assert_eq!(refused(good().body(vec![b'x'; 2 << 20])).await.status, 413);
    let mut bomb = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 8 << 20), &mut bomb).unwrap();
    let deflated = Recorded::named("v7-deflate-004-rum").body(bomb.finish().unwrap());
    assert_eq!(refused(deflated).await.status, 413);
    // A replay may be larger than events may be.
    let (backend, _) = forwarding(&json!({})).await;
    let replay = Recorded::named("v7-string-proxy-004-replay").body(vec![b'x'; 2 << 20]);
    assert_eq!(replay.send(&backend).await.status, 202);
    assert_eq!(refused(replay.body(vec![b'x'; (10 << 20) + 1])).await.status, 413);
}

#[tokio::test]
async fn rum_21_one_line_that_is_none_takes_nothing_from_the_others() {
    let (backend, intake) = forwarding(&json!({})).await;
    let request = Recorded::named("v7-string-proxy-003-rum");
    let mut lines: Vec<String> =
        String::from_utf8(request.body.to_vec()).unwrap().lines().map(str::to_owned).collect();
    lines.truncate(4);
    lines.insert(2, "{\"type\":".to_owned());
    let answer = request.body(lines.join("\n")).send(&backend).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (202, json!({"accepted": 4, "rejected": 1})));
    assert_eq!(std::str::from_utf8(&intake.seen()[0].body).unwrap().lines().count(), 4);
    assert_eq!(refused(good().body("{\"type\":")).await.status, 400);
}

#[tokio::test]
async fn rum_20_who_asks_too_often_is_told_to_come_again() {
    let (backend, intake) = forwarding(&json!({})).await;
    let mut statuses = vec![];
    // However slow the machine is, requests come faster than a client may send them for long.
    while statuses.len() < 5000 && !statuses.contains(&429) {
        statuses.push(good().send(&backend).await.status.as_u16());
    }
    assert!(statuses.len() > 100 && statuses.ends_with(&[429]), "{statuses:?}");
    assert!(statuses[..statuses.len() - 1].iter().all(|status| *status == 202), "{statuses:?}");
    assert_eq!(intake.seen().len(), statuses.iter().filter(|status| **status == 202).count());
}

#[tokio::test]
async fn rum_36_without_forwarding_there_is_no_intake() {
    for mode in ["direct", "off"] {
        let intake = FakeIntake::default();
        let config = config(&json!({"mode": mode}));
        let backend =
            TestBackend::new().config(config).add(rum()).add(intake.client()).start().await.unwrap();
        for request in [good(), Recorded::named("v7-function-proxy-003-rum")] {
            let answer = request.send(&backend).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (404, String::new()), "{mode}");
        }
        assert!(intake.seen().is_empty());
    }
}

#[tokio::test]
async fn rum_37_profiles_are_not_admitted() {
    let (backend, intake) = forwarding(&json!({})).await;
    let answer = Recorded::named("v7-logs-profile-002-profiling_quota").send(&backend).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"data": {"attributes": {"admitted": false, "reason": "org_disabled"}}}));
    assert_eq!(backend.get("/api/rum/intake").without_credentials().await.status, 404);
    assert!(intake.seen().is_empty());
}

async fn preflight(backend: &RunningTestBackend, origin: &str) -> TestResponse {
    let asked = backend.request(Method::OPTIONS, "/api/rum/intake?ddforward=x").without_credentials();
    let asked = asked.header("origin", origin).header("access-control-request-method", "GET");
    asked.header("access-control-request-headers", "dd-client-token").await
}

#[tokio::test]
async fn rum_38_a_preflight_is_granted_to_pages_of_the_portal_alone() {
    let (backend, _) = forwarding(&json!({})).await;
    let granted = preflight(&backend, "http://127.0.0.1:17200").await;
    assert_eq!(granted.status, 204);
    assert_eq!(granted.header("access-control-allow-origin"), Some("http://127.0.0.1:17200"));
    assert_eq!(granted.header("access-control-allow-headers"), Some("content-type,dd-client-token"));
    let other = preflight(&backend, "https://evil.test").await;
    let headers: Value =
        other.headers.keys().map(ToString::to_string).filter(|name| name.starts_with("access-")).collect();
    assert_eq!(headers, json!([]));
}

#[tokio::test]
async fn what_is_refused_is_told_once_with_its_reason() {
    let (backend, _) = forwarding(&json!({})).await;
    for _ in 0..3 {
        good().url("/api/rum/intake".to_owned()).send(&backend).await;
    }
    let lines = backend.stop().await;
    let told: Vec<_> = lines.iter().filter(|line| line["level"] == "warn" && line["count"] == 1).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["message"], "Browser events were refused: the URL names no track of the intake");
}
