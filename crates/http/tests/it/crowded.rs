//! More connections than there are places.

use axum::{Router, routing::get};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    kit::{Kit, PATIENCE, Up, until},
    tls::{DAY, certificate, connect, trusting},
};

const LIVENESS: &str = "/.backstage/health/v1/liveness";

async fn up(most: u32) -> Up {
    let router = Router::new().route("/text", get(async || "fine"));
    let kit = Kit::new().config("greenroom.server.maxConnections", json!(most)).open(router);
    kit.config("backend.server", for_ever()).start().await
}

/// So long a silent handshake or header may take.
fn for_ever() -> Value {
    json!({"headersTimeout": {"hours": 1}, "requestTimeout": {"hours": 1}})
}

fn warned(up: &Up) -> Vec<u64> {
    let lines = up.lines.json().into_iter();
    let told =
        lines.filter(|line| line["message"].as_str().is_some_and(|m| m.starts_with("Too many connections")));
    told.map(|line| line["count"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn beyond_the_limit_probes_are_answered_and_others_are_told_to_come_later() {
    let up = up(3).await;
    let mut kept = vec![];
    for _ in 0..3 {
        let mut connection = up.client.connect().await;
        assert_eq!(connection.ask("GET", "/api/x/text", &[], b"").await.status, 200);
        kept.push(connection);
    }
    let mut refused = up.client.connect().await;
    let answer = refused.ask("GET", "/api/x/text", &[], b"").await;
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.header("connection")),
        (503, Some("1"), Some("close"))
    );
    refused.ends().await;
    let mut probe = up.client.connect().await;
    let answer = probe.ask("GET", LIVENESS, &[], b"").await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    probe.ends().await;
    assert_eq!(kept[0].ask("GET", "/api/x/text", &[], b"").await.status, 200, "who is in stays in");
    kept.pop();
    until(async || up.get("/api/x/text").await.status == 200).await;
}

#[tokio::test]
async fn that_there_are_too_many_is_told_once_a_second_with_their_number() {
    let up = up(1).await;
    let mut kept = up.client.connect().await;
    assert_eq!(kept.ask("GET", "/api/x/text", &[], b"").await.status, 200);
    for _ in 0..20 {
        assert_eq!(up.get("/api/x/text").await.status, 503);
    }
    let first = warned(&up);
    assert!(first.len() <= 2, "{first:?}");
    let mut refused = 20;
    until(async || {
        assert_eq!(up.get("/api/x/text").await.status, 503);
        refused += 1;
        warned(&up).len() > first.len()
    })
    .await;
    let all = warned(&up);
    assert_eq!(all.iter().sum::<u64>(), refused, "each is counted once: {all:?}");
}

#[tokio::test]
async fn who_says_nothing_keeps_no_probe_out() {
    let up = up(1).await;
    let mut kept = up.client.connect().await;
    assert_eq!(kept.ask("GET", "/api/x/text", &[], b"").await.status, 200);
    // More than all places that are left for probes.
    let mut silent = vec![];
    for _ in 0..4 {
        silent.push(up.client.connect().await);
    }
    assert_eq!(up.get(LIVENESS).await.status, 200);
}

#[tokio::test]
async fn no_places_at_all_are_a_start_error() {
    let kit = Kit::new().config("greenroom.server.maxConnections", json!(0));
    let error = kit.refused().await.to_string();
    assert!(
        error.starts_with(
            "Invalid number 0 in config at 'greenroom.server.maxConnections', expected a whole number from 1"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn who_says_nothing_over_tls_keeps_no_probe_out() {
    let (cert, key) = certificate(DAY);
    let kit = Kit::new()
        .config("greenroom.server.maxConnections", json!(1))
        .config("backend.https", json!({"certificate": {"cert": cert, "key": key}}))
        .config("backend.server", for_ever());
    let up = kit.start().await;
    let mut kept = connect(up.client, trusting(&cert), "localhost").await.unwrap();
    assert_eq!(kept.ask("GET", LIVENESS, &[], b"").await.status, 200);
    // More than all places that are left for probes.
    let mut silent = vec![];
    for _ in 0..4 {
        silent.push(up.client.connect().await);
    }
    let probe = timeout(PATIENCE, connect(up.client, trusting(&cert), "localhost")).await;
    let mut probe = probe.expect("at once").unwrap();
    assert_eq!(probe.ask("GET", LIVENESS, &[], b"").await.status, 200);
}
