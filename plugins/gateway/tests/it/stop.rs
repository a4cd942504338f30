//! A stop says what it has cost.

use greenroom::context::spawn;
use serde_json::Value;

use crate::{
    node::{Node, SLOW},
    support::{heard, in_front_of, is, nowhere, shows, up},
};

fn report(lines: &[Value]) -> &Value {
    let is_report = |line: &&Value| {
        line["service"] == "gateway"
            && line["message"].as_str().is_some_and(|text| text.starts_with("Gateway drained in "))
    };
    lines.iter().find(is_report).expect("a report")
}

#[tokio::test]
async fn what_was_in_flight_is_answered_and_told_with_the_slowest() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    let client = backend.client();
    let slow = spawn("slow", async move { client.get(SLOW).await.status.as_u16() });
    node.asked(SLOW).await;
    shows(&backend, |shown| shown["inFlight"] == 1).await;
    let lifecycle: greenroom::prelude::RootLifecycle = backend.service().await.unwrap();
    let stopping = spawn("stop", backend.stop());
    lifecycle.draining().await;
    node.let_through();
    assert_eq!(slow.await.unwrap(), Some(200), "no request is lost");
    let lines = stopping.await.unwrap().unwrap();
    let told = report(&lines);
    assert_eq!((&told["inFlight"], &told["cutRequests"]), (&1.into(), &0.into()), "{told}");
    let said = told["message"].as_str().unwrap();
    assert!(said.contains(": 1 request in flight at the signal, all were answered; "), "{said}");
}

#[tokio::test]
async fn where_node_never_listened_nobody_waits() {
    let config = serde_json::json!({ "greenroom": { "run": { "delay": "1h" } } });
    let backend = in_front_of(nowhere().await).config(config).start().await.unwrap();
    let lines = backend.stop().await;
    assert_eq!(report(&lines)["inFlight"], 0);
}
