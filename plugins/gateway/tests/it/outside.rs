//! What only an outsider sees of the Node backend, on the page and as JSON.

use std::time::SystemTime;

use greenroom::context::spawn;
use greenroom::logging::Level;
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_proxy::{MainThread, ThreadState};
use greenroom_wrap::{DriftKind, Drifted, Memory, Spent};
use serde_json::json;

use crate::{
    node::{Node, SLOW},
    support::{heard, in_front_of, is, now, sentence, shows, text, up, with},
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
    let page = now(&backend).await;
    let said = text(&page);
    let heading = sentence(&page);
    assert!(
        heading.starts_with("Node's event loop has stood still for ") && heading.ends_with(" s: blocked."),
        "it is first, also while readiness still passes: {heading}"
    );
    assert!(said.contains("What we know Since ") && said.contains(" UTC it is blocked, as by "), "{said}");
    assert_eq!(said.matches("it is blocked").count(), 1, "it is said once: {said}");
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
async fn gateway_115_what_was_asked_before_a_stall_is_told_with_its_lines_and_the_next_step_fits_what_node_does()
 {
    let node = Node::start().await;
    let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().starts(node.address, None);
    is(&backend, up).await;
    heard(&backend, true).await;
    gateway.set_running(|| Some((4711, None)));
    let client = backend.client();
    let path = format!("{SLOW}?token=secret-of-a-query");
    drop(spawn("slow", async move { client.get(&path).header("x-request-id", "press-17").await }));
    node.asked(SLOW).await;
    for (state, kind, command) in [
        (ThreadState::Waits, "blocked", "ps -o pid,stat,wchan:32,args -p &quot;$(pgrep -d, -g 4711)&quot;"),
        (
            ThreadState::Runs,
            "busy",
            "all lines . The code that runs has not returned: if it never does, restart Node.",
        ),
        (ThreadState::Stopped, "stopped", "kill -CONT -- -4711"),
    ] {
        let look = MainThread { cpu: std::time::Duration::ZERO, state };
        gateway.proxy().set_main_thread(Some(std::sync::Arc::new(move || Some(look))));
        node.hangs(true);
        shows(&backend, |shown| {
            let stall = &shown["stalls"]["items"][0];
            stall["goesOn"] == true && stall["kind"] == kind
        })
        .await;
        let page = now(&backend).await;
        let (heading, said) = (sentence(&page), text(&page));
        let suspect = format!(": blocked; suspect: scaffolder, {SLOW}, request press-17.");
        if kind == "blocked" {
            assert!(heading.ends_with(&suspect), "{heading}");
            assert!(page.contains("href=\"/.greenroom/lines?request=press-17\""), "{page}");
            let shown = shows(&backend, |_| true).await;
            let newest = &shown["stalls"]["items"][0]["suspects"][0]["newest"];
            assert_eq!(*newest, json!({ "path": SLOW, "requestId": "press-17" }));
        }
        if kind == "stopped" {
            assert!(!heading.contains("suspect"), "nobody has stopped it by asking: {heading}");
        }
        assert!(heading.contains(&format!(" s: {kind}")), "{heading}");
        assert!(said.contains(command), "{kind}: {said}");
        assert!(!page.contains("secret-of-a-query"), "{page}");
        node.hangs(false);
        shows(&backend, |shown| shown["stalls"]["items"][0]["goesOn"] == false).await;
        assert!(!sentence(&now(&backend).await).contains("stood still"));
    }
    node.let_through();
}

#[tokio::test]
async fn gateway_118_memory_and_stalls_of_a_child_are_among_the_figures_and_those_of_others_are_not_known() {
    let node = Node::start().await;
    let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    let said = text(&now(&backend).await).replace('\u{a0}', " ");
    assert!(said.contains("Node's memory –") && said.contains("Event loop stood still 0 s"), "{said}");
    let memory =
        Memory { at: SystemTime::now(), rss: 300 << 20, used: Some(384 << 20), limit: Some(512 << 20) };
    gateway.set_running(move || Some((4711, Some(memory))));
    let page = now(&backend).await;
    let said = text(&page).replace('\u{a0}', " ");
    assert!(
        said.contains("Node's memory 300.0 MiB With all beside it, 75.0 % of the 512.0 MiB that it may be"),
        "{said}"
    );
    assert!(page.contains("data-live=\"gateway memory\"") && page.contains("data-live=\"gateway stood\""));
    let beside = in_front_of(node.address).start().await.unwrap();
    assert!(!text(&now(&beside).await).contains("Node's memory"));
}

#[tokio::test]
async fn gateway_117_where_nodes_lines_are_kept_errors_are_of_both_and_each_plugin_leads_to_its_lines() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/catalog/entities").await;
    let page = now(&backend).await;
    assert!(text(&page).contains("Last errors, Greenroom's own") && text(&page).contains("is not kept here"));
    assert!(!page.contains("href=\"/.greenroom/lines?plugin=catalog\""), "nobody keeps them");
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.set_log_spend(Vec::new);
    let page = now(&backend).await;
    let said = text(&page);
    assert!(!said.contains("Last errors, Greenroom's own") && !said.contains("is not kept here"), "{said}");
    assert!(said.contains("Neither Greenroom nor the Node backend behind it has logged an error"), "{said}");
    assert!(page.contains("href=\"/.greenroom/lines?plugin=catalog\""), "{page}");
}

#[tokio::test]
async fn of_names_beyond_those_that_are_told_apart_the_row_says_what_it_counts() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    for name in 0..203 {
        let path = format!("/api/p{name}/x");
        node.answers(&path, 401, "{}");
        backend.get(&path).await;
    }
    let shown = shows(&backend, |shown| {
        let counts = shown["refused"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap());
        counts.sum::<u64>() == 203
    });
    let shown = shown.await;
    assert_eq!((&shown["refused"][0]["plugin"], &shown["refused"][0]["count"]), (&json!("*"), &json!(3)));
    let said = text(&now(&backend).await);
    let row = "all others names beyond the 200 that are told apart, and what was counted of a name before it had to give way 401 missing 3 ";
    assert!(said.contains(row), "{said}");
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
    let spent = |plugin: &str, recent_bytes| Spent {
        plugin: Some(plugin.to_owned()).filter(|plugin| !plugin.is_empty()),
        level: Level::Warn,
        records: 3,
        bytes: 2048,
        recent_records: 1,
        recent_bytes,
    };
    gateway.set_log_spend(move || vec![spent("quiet", 0), spent("noisy<b>", 512), spent("", 1)]);
    let file = "/app/app-config.yaml".into();
    let drifted = Drifted { file, kind: DriftKind::Config, since: SystemTime::UNIX_EPOCH };
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
