//! What only an outsider sees of the Node backend, on the page and as JSON.

use std::time::SystemTime;

use greenroom::logging::Level;
use greenroom_plugin_gateway::{Drifted, Gateway, LogSpend};
use greenroom_proxy::{MainThread, ThreadState};
use serde_json::json;

use crate::{
    node::Node,
    support::{heard, in_front_of, is, now, shows, text, up},
};

#[tokio::test]
async fn a_loop_that_stands_still_is_told_while_it_does_and_after_it() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    assert!(!text(&now(&backend).await).contains("event loop"), "there is nothing to tell");
    let gateway: Gateway = backend.service().await.unwrap();
    let waits = MainThread { cpu: std::time::Duration::ZERO, state: ThreadState::Waits };
    gateway.proxy().set_main_thread(Some(std::sync::Arc::new(move || Some(waits))));
    node.hangs(true);
    let shown = shows(&backend, |shown| shown["stalls"]["items"][0]["goesOn"] == true).await;
    assert_eq!(
        (&shown["stalls"]["count"], &shown["stalls"]["items"][0]["kind"]),
        (&json!(1), &json!("blocked"))
    );
    assert!(shown["stalls"]["items"][0]["durationMs"].as_f64().unwrap() >= 1000.0, "{shown}");
    let said = text(&now(&backend).await);
    assert!(
        said.contains("Node's event loop stands still for 1.") && said.contains("UTC: it is blocked, "),
        "{said}"
    );
    let answer = backend.get("/.backstage/health/v1/readiness").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({ "status": "ok" })),
        "what Node said last"
    );

    node.hangs(false);
    shows(&backend, |shown| shown["stalls"]["items"][0]["goesOn"] == false).await;
    let said = text(&now(&backend).await);
    assert!(
        said.contains("Node's event loop has stood still 1 time for a second or more, the last time at "),
        "{said}"
    );
    assert!(said.contains("( blocked )") || said.contains("(blocked)"), "{said}");
    let line = backend.await_log(|line| line["stall"] == "blocked" && line["level"] == "info").await;
    assert!(line["durationMs"].as_u64().unwrap() >= 1000, "{line}");
}

#[tokio::test]
async fn who_was_refused_is_told_by_plugin_and_reason_and_by_no_name() {
    let node = Node::start().await;
    node.answers("/api/catalog/closed", 401, "{}");
    node.answers("/api/catalog/forbidden", 403, "{}");
    let token = "a-token-of-the-config-1";
    let access = json!([{ "type": "static", "options": { "token": token, "subject": "secret-subject" } }]);
    let config = json!({ "backend": { "auth": { "externalAccess": access } } });
    let backend = in_front_of(node.address).config(config).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/catalog/closed").await;
    backend.get("/api/catalog/closed").header("authorization", "Bearer nobody-knows-it").await;
    for _ in 0..2 {
        backend.get("/api/catalog/forbidden").header("authorization", &format!("Bearer {token}")).await;
    }
    let all = |shown: &serde_json::Value| {
        let counts = shown["refused"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap());
        counts.sum::<u64>() == 4
    };
    let shown = shows(&backend, all).await;
    let first = &shown["refused"][0];
    assert_eq!(
        (&first["plugin"], &first["status"], &first["reason"], &first["count"]),
        (&json!("catalog"), &json!(403), &json!("valid, but refused"), &json!(2))
    );
    assert!(first["lastAt"].as_str().unwrap().ends_with('Z'), "{first}");
    let page = now(&backend).await;
    let said = text(&page);
    for row in ["catalog 403 valid, but refused 2 ", "catalog 401 missing 1 ", "catalog 401 unknown token 1 "]
    {
        assert!(said.contains(row), "{row}: {said}");
    }
    for secret in [token, "secret-subject", "nobody-knows-it"] {
        assert!(!page.contains(secret) && !shown.to_string().contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_only_who_runs_node_knows_is_unknown_until_somebody_tells() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    let shown = shows(&backend, |_| true).await;
    assert_eq!((&shown["logSpend"], &shown["drift"]), (&json!(null), &json!(null)));

    let gateway: Gateway = backend.service().await.unwrap();
    let spent = |plugin: &str, recent_bytes| LogSpend {
        plugin: Some(plugin.to_owned()).filter(|plugin| !plugin.is_empty()),
        level: Level::Warn,
        records: 3,
        bytes: 2048,
        recent_records: 1,
        recent_bytes,
    };
    gateway.set_log_spend(move || vec![spent("quiet", 0), spent("noisy<b>", 512), spent("", 1)]);
    let file = "/app/app-config.yaml".into();
    let drifted = Drifted { file, kind: "config", since: SystemTime::UNIX_EPOCH };
    gateway.set_drift(move || vec![drifted.clone()]);
    let shown = shows(&backend, |_| true).await;
    assert_eq!(
        shown["logSpend"][1],
        json!({
            "plugin": "noisy<b>", "level": "warn", "records": 3, "bytes": 2048, "recentRecords": 1, "recentBytes": 512
        })
    );
    assert_eq!(shown["logSpend"][2]["plugin"], json!(null));
    let drift =
        json!([{ "file": "/app/app-config.yaml", "kind": "config", "since": "1970-01-01T00:00:00.000Z" }]);
    assert_eq!(shown["drift"], drift);
    let page = now(&backend).await;
    let said = text(&page);
    assert!(
        said.contains("/app/app-config.yaml has changed at 1 Jan 1970 00:00:00 UTC, after the start of Node"),
        "{said}"
    );
    let (noisy, quiet) =
        (said.find("noisy&lt;b&gt; warn 1 512 B 3 2.0 KiB"), said.find("quiet warn 1 0 B 3 2.0 KiB"));
    assert!(noisy.is_some() && noisy < quiet, "{said}");
    assert!(!page.contains("noisy<b>"));
}
