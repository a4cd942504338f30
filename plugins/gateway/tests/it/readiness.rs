//! Readiness: ours until Node listens, Node's while it does, ours again.

use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_test::TestResponse;
use http::Method;
use serde_json::{Value, json};

use crate::{
    node::{Node, READINESS},
    support::{self, API, as_operator, down, heard, in_front_of, is, now, nowhere, sentence, up, with},
};

fn told(answer: &TestResponse) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn until_node_listens_probes_are_told_so_and_then_they_get_its_bytes() {
    let address = nowhere().await;
    let backend = in_front_of(address).start().await.unwrap();
    let answer = backend.get(READINESS).await;
    assert_eq!(told(&answer), (503, "The Node backend has not listened yet".to_owned()));
    assert_eq!(
        backend.get("/.backstage/health/v1/liveness").await.status,
        200,
        "that it waits is no reason to end it"
    );

    let _node = Node::at(address).await;
    is(&backend, up).await;
    assert_eq!(backend.get(READINESS).await.text(), r#"{"status":"ok","by":"node"}"#);
}

#[tokio::test]
async fn a_node_that_is_away_is_told_and_one_that_comes_back_is_heard() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    node.goes();
    backend.get("/api/catalog/entities").await;
    is(&backend, down).await;
    let answer = backend.get(READINESS).await;
    assert_eq!(told(&answer), (503, "The Node backend takes no connections".to_owned()));

    let _again = Node::at(node.address).await;
    is(&backend, up).await;
    assert_eq!(backend.get(READINESS).await.status, 200);
}

#[tokio::test]
async fn a_node_that_is_not_ready_says_it_itself_and_operators_are_told_the_same() {
    let node = Node::start().await;
    let body = r#"{"message":"Backend has not started yet","status":"error"}"#;
    node.answers(READINESS, 503, body);
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    assert_eq!(backend.get(READINESS).await.text(), body);
    heard(&backend, false).await;
    let page = now(&backend).await;
    assert!(page.contains("Not ready</a>"), "the pill: {page}");
    let said = format!(
        "the Node backend at {} says that it is not ready: Backend has not started yet.",
        node.address
    );
    assert!(sentence(&page).ends_with(&said), "{}", sentence(&page));

    let ready = || {
        let is_it = |line: &Value| {
            line["message"].as_str().is_some_and(|message| message.starts_with("The Node backend is ready, "))
        };
        backend.logs().iter().filter(|line| is_it(line)).count()
    };
    assert_eq!(ready(), 0);
    node.answers(READINESS, 200, "{}");
    heard(&backend, true).await;
    let told = async {
        while ready() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), told).await.expect("a line tells it");
    assert_eq!(ready(), 1);
    assert!(sentence(&now(&backend).await).starts_with("Ready for "), "it is asked again soon");
}

#[tokio::test]
async fn a_child_that_has_ended_for_good_is_told_and_one_that_moves_is_found() {
    let backend = with(UpstreamFrom::Child(nowhere().await)).start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().gone("it ended with exit code 7".into());
    let answer = backend.get(READINESS).await;
    assert_eq!(told(&answer), (503, "The Node backend does not run".to_owned()));
    assert!(sentence(&now(&backend).await).ends_with(" does not run: it ended with exit code 7."));
    let has_cause = |health: &Value| {
        let mut causes = health["causes"].as_array().into_iter().flatten();
        causes.any(|cause| cause["checks"] == json!(["gateway.node"]))
    };
    let health = support::told(&backend, "/.greenroom/v1/health", has_cause).await;
    assert_eq!(
        (&health["status"], &health["ready"], &health["output"]),
        (&json!("fail"), &json!(false), &json!("The Node backend does not run"))
    );
    let cause = &health["causes"][0];
    assert_eq!(
        (&cause["checks"], &cause["failsReadiness"]),
        (&json!(["gateway.node"]), &json!(true)),
        "{health}"
    );
    let readiness = support::told(&backend, "/.greenroom/v1/health/readiness", has_cause).await;
    assert_eq!(readiness["causes"][0]["checks"], json!(["gateway.node"]), "it belongs to that group");

    let node = Node::start().await;
    gateway.proxy().starts(node.address, None);
    is(&backend, up).await;
    assert_eq!(
        backend.get(READINESS).await.status,
        200,
        "the check may not have run since: probes do not ask it"
    );
}

#[tokio::test]
async fn once_it_stops_probes_are_told_so_by_us_while_requests_still_pass() {
    let node = Node::start().await;
    let config = json!({ "greenroom": { "run": { "delay": "2s" } } });
    let backend = in_front_of(node.address).config(config).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    let (client, gateway) = (backend.client(), backend.service::<Gateway>().await.unwrap());
    let lifecycle: greenroom::prelude::RootLifecycle = backend.service().await.unwrap();
    let stopping = greenroom::context::spawn("stop", backend.stop());
    lifecycle.draining().await;
    let stops = async {
        while client.get(READINESS).await.status != 503 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(1), stops).await.unwrap();
    assert_eq!(told(&client.get(READINESS).await), (503, "Backend is shutting down".to_owned()));
    assert_eq!(client.get("/api/catalog/entities").await.text(), "[]");
    assert!(up(&gateway.state()));
    stopping.await.unwrap();
}

#[tokio::test]
async fn what_the_last_start_said_is_not_what_the_next_one_says() {
    let first = Node::start().await;
    let backend = with(UpstreamFrom::Child(first.address)).start().await.unwrap();
    let proxy = backend.service::<Gateway>().await.unwrap().proxy().clone();
    proxy.starts(first.address, None);
    heard(&backend, true).await;
    proxy.ended("it ended with exit code 7".into());
    assert_eq!(as_operator(&backend, Method::GET, API, None).await.json()["readiness"], json!(null));
    let second = Node::start().await;
    second.answers(READINESS, 503, r#"{"message":"Backend has not started yet","status":"error"}"#);
    proxy.starts(second.address, None);
    heard(&backend, false).await;
    let said = format!("the Node backend at {} says that it is not ready", second.address);
    let failed = async { while !sentence(&now(&backend).await).contains(&said) {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), failed).await.expect("the check follows");
}
