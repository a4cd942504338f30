//! `/.greenroom/v1/gateway`, and the switch below it.

use http::Method;
use serde_json::json;

use crate::{
    node::Node,
    support::{API, SWITCH, as_operator, down, heard, in_front_of, is, shows, up},
};

#[tokio::test]
async fn what_goes_on_between_us_and_node_is_told_as_json() {
    let node = Node::start().await;
    node.answers("/api/catalog/broken", 500, "{}");
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    backend.get("/api/catalog/entities").await;
    backend.get("/api/catalog/broken").header("x-request-id", "press-17").await;
    backend.get("/").await;

    let shown = shows(&backend, |shown| shown["inFlight"] == 0 && shown["requests"] == 3).await;
    assert_eq!(shown["upstream"]["address"], node.address.to_string());
    assert_eq!((&shown["upstream"]["state"], &shown["upstream"]["child"]), (&json!("up"), &json!(false)));
    assert_eq!(shown["upstream"]["why"], json!(null));
    assert!(shown["upstream"]["since"].as_str().unwrap().ends_with('Z'), "{shown}");
    assert!(shown["readiness"]["latencyMs"].as_f64().unwrap() > 0.0, "{shown}");
    assert!(shown["latency"]["p50Ms"].as_f64().unwrap() <= shown["latency"]["p95Ms"].as_f64().unwrap());
    assert_eq!((&shown["failures"], &shown["transparent"]), (&json!(1), &json!(false)));
    assert_eq!(shown["documents"], json!({ "added": 0, "untouched": {} }));

    let plugins = shown["plugins"].as_array().unwrap();
    let of = |id: serde_json::Value| plugins.iter().find(|plugin| plugin["id"] == id).unwrap();
    assert_eq!(of(json!(null))["requests"], 1, "what is below no /api/<id>");
    let catalog = of(json!("catalog"));
    assert_eq!((&catalog["requests"], &catalog["failures"]), (&json!(2), &json!(1)));
    let failure = &catalog["lastFailure"];
    assert_eq!((&failure["what"], &failure["requestId"]), (&json!("500"), &json!("press-17")));
    assert_eq!(failure["lines"], "/.greenroom/lines?request=press-17");
}

#[tokio::test]
async fn why_node_takes_no_connections_is_told() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    node.goes();
    backend.get("/api/catalog/entities").await;
    is(&backend, down).await;
    let shown = as_operator(&backend, Method::GET, API, None).await.json();
    assert_eq!(shown["upstream"]["state"], "down");
    assert!(shown["upstream"]["why"].as_str().unwrap().contains("refused"), "{shown}");
}

#[tokio::test]
async fn the_switch_holds_at_once_and_is_written_down_with_who_has_pressed_it() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    for (on, told) in [(true, "on"), (false, "off")] {
        let body = json!({ "transparent": on });
        let answer = as_operator(&backend, Method::PUT, SWITCH, Some(body.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, body));
        let shown = as_operator(&backend, Method::GET, API, None).await.json();
        assert_eq!(shown["transparent"], on);
        let line = backend
            .await_log(|line| {
                line["type"] == "audit" && line["action"] == "gateway.transparent" && line["target"] == told
            })
            .await;
        assert_eq!(line["actor"], "token");
    }
}

#[tokio::test]
async fn what_is_no_switch_changes_nothing() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    for body in
        [json!({}), json!({ "transparent": "yes" }), json!({ "transparent": true, "more": 1 }), json!([])]
    {
        let answer = as_operator(&backend, Method::PUT, SWITCH, Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(as_operator(&backend, Method::PUT, SWITCH, None).await.status, 415, "it brings no JSON");
    assert_eq!(backend.get(API).await.status, 401);
    assert_eq!(backend.request(Method::PUT, SWITCH).json(&json!({ "transparent": true })).await.status, 401);
    assert_eq!(as_operator(&backend, Method::GET, API, None).await.json()["transparent"], false);
}

#[tokio::test]
async fn a_backend_that_lets_bytes_pass_from_its_beginning_says_so() {
    let node = Node::start().await;
    let config = json!({ "greenroom": { "gateway": { "transparent": true }, "run": { "delay": "0s" } } });
    let backend = in_front_of(node.address).config(config).start().await.unwrap();
    assert_eq!(as_operator(&backend, Method::GET, API, None).await.json()["transparent"], true);
}
