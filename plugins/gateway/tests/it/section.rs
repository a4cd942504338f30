//! The part “Node backend” of the page “Now”, and how the page begins.

use greenroom::context::spawn;
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use serde_json::json;

use crate::{
    node::{EVENTS, Node, READINESS, SLOW},
    support::{down, heard, in_front_of, is, now, nowhere, sentence, shows, text, told, up, with},
};

/// What is said of the Node backend.
fn section(page: &str) -> String {
    let (start, end) = (page.find("id=\"gateway\"").unwrap(), page.find("id=\"checks\"").unwrap());
    text(&page[start..end])
}

/// What the page says below the sentence with which it begins, but for the row of the check.
fn without_head(page: &str) -> String {
    text(page.split_once("</h1>").unwrap().1)
}

#[tokio::test]
async fn one_that_answers_is_told_with_since_when_and_an_empty_table() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    let page = now(&backend).await;
    assert!(sentence(&page).starts_with("Ready for "), "{}", sentence(&page));
    let said = section(&page);
    assert!(said.contains(&format!("Node answers at {} for ", node.address)), "{said}");
    assert!(said.contains("Nothing has been asked of it yet."), "{said}");
    assert!(!page.contains("class=\"call "), "nothing to be said first");
    let has_check = |health: &serde_json::Value| health["checks"]["gateway.node"][0]["status"] == "pass";
    told(&backend, "/.greenroom/v1/health", has_check).await;
}

#[tokio::test]
async fn what_is_asked_of_it_is_told_by_plugin_and_a_failure_leads_to_its_lines() {
    let node = Node::start().await;
    node.answers("/api/catalog/broken", 500, "{}");
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    for _ in 0..3 {
        backend.get("/api/catalog/entities").await;
    }
    backend.get("/api/catalog/broken").header("x-request-id", "press-17").await;
    let client = backend.client();
    let slow = spawn("slow", async move { client.get(SLOW).await.status.as_u16() });
    node.asked(SLOW).await;
    shows(&backend, |shown| shown["inFlight"] == 1).await;

    let page = now(&backend).await;
    let said = section(&page);
    assert!(said.contains("; median "), "{said}");
    assert!(said.contains("catalog 4 0 0 0 0 1 500 at "), "{said}");
    assert!(said.contains("request press-17"), "{said}");
    assert!(said.contains("scaffolder 1 1 0 0 0 0 –"), "{said}");
    assert!(page.contains("href=\"/.greenroom/lines?request=press-17\""), "{page}");
    node.let_through();
    assert_eq!(slow.await.unwrap(), Some(200));
}

#[tokio::test]
async fn streams_are_counted_by_themselves() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    let host = backend.url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let asked = format!("GET {EVENTS} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, asked.as_bytes()).await.unwrap();
    shows(&backend, |shown| shown["streams"] == 1 && shown["inFlight"] == 0).await;
    assert!(section(&now(&backend).await).contains("events 1 0 1 0 0 0 –"));
}

#[tokio::test]
async fn one_that_has_not_listened_yet_is_why_the_page_says_not_ready() {
    let address = nowhere().await;
    let page = now(&in_front_of(address).start().await.unwrap()).await;
    let why = format!(": the Node backend at {address} has not listened yet.");
    let said = sentence(&page);
    assert!(said.starts_with("Not ready for ") && said.ends_with(&why), "{said}");
    let said = text(&page);
    assert!(section(&page).contains(&format!("The Node backend at {address} has not listened yet, since ")));
    assert!(section(&page).contains("each request waits up to 20 ms for it."), "{said}");
    assert!(!said.contains("Next step"), "there is nothing to do while it starts: {said}");
}

#[tokio::test]
async fn one_that_is_away_is_told_with_whom_it_affects_why_and_the_next_step() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    node.goes();
    backend.get("/api/catalog/entities").await;
    is(&backend, down).await;
    let page = now(&backend).await;
    let (said, address) = (text(&page), node.address);
    let why = format!(": the Node backend at {address} takes no connections: ");
    assert!(
        sentence(&page).starts_with("Not ready for ") && sentence(&page).contains(&why),
        "{}",
        sentence(&page)
    );
    for part in [
        "Whom it affects Everybody: readiness answers 503; each request waits up to 20 ms for Node, then gets 503.",
        "What we know It is so since ",
        "Next step Start it, or see in its own log why it does not listen.",
        &format!("its log should say Listening on …:{}", address.port()),
        "without a restart",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(page.matches("class=\"call fail\"").count(), 1, "it is said once: {said}");
    assert_eq!(without_head(&page).matches("takes no connections").count(), 0, "the heading says it: {said}");
}

#[tokio::test]
async fn one_that_does_not_answer_is_told_with_what_waits_and_ready_counts_from_its_answer() {
    let node = Node::start().await;
    node.hangs(true);
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, false).await;
    let host = backend.url().trim_start_matches("http://").to_owned();
    let mut client = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!("GET /api/catalog/entities HTTP/1.1\r\nHost: {host}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut client, head.as_bytes()).await.unwrap();
    node.asked("/api/catalog/entities").await;
    drop(client);
    shows(&backend, |shown| shown["givenUp"] == 1 && shown["inFlight"] == 0).await;
    let page = now(&backend).await;
    let said = text(&page);
    for part in [
        "Everybody: requests go on to Node, and get no answer until Node, or whoever asks, gives up. Readiness answers 503. \
         Liveness is answered here for the first ten seconds, then by Node alone.",
        "0 requests in flight now; since the start, clients gave up 1 without an answer.",
        &format!("curl -si -m 5 http://{}/.backstage/health/v1/readiness", node.address),
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(section(&page).contains("catalog 1 0 0 0 1 0 –"), "{}", section(&page));

    node.hangs(false);
    heard(&backend, true).await;
    let said = sentence(&now(&backend).await);
    assert!(["Ready for 0 s.", "Ready for 1 s."].contains(&&*said), "2 s were waited in vain before: {said}");
}

#[tokio::test]
async fn a_child_that_has_ended_is_told_with_how_and_when_it_is_started_again() {
    let address = nowhere().await;
    let backend = with(UpstreamFrom::Child(address)).start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    let how = "has ended: exit code 7 after 0.3 s; it is started again in 4 s, restart 3 in a row";
    gateway.proxy().ended(format!("The backend {how}").into());
    let page = now(&backend).await;
    let heading = sentence(&page);
    assert!(heading.ends_with(&format!(": the Node backend at {address} {how}.")), "{heading}");
    let said = text(&page);
    assert!(said.contains("What we know It ended at "), "{said}");
    assert_eq!(without_head(&page).matches(how).count(), 0, "the heading says it: {said}");
    assert!(said.contains("What it says is in the output (stdout) of this process alone"), "{said}");
    assert!(!said.contains("has not listened yet") && !said.contains("last lines"), "{said}");

    gateway.proxy().starts(address, None);
    let said = text(&now(&backend).await);
    assert!(said.contains("has not listened yet.") && said.contains("It is so since "), "{said}");
    assert!(
        said.contains(&format!(" UTC: The backend {how} .")),
        "what went before is not forgotten: {said}"
    );
}

#[tokio::test]
async fn how_it_ended_before_this_start_is_told_once_and_without_secrets() {
    let address = nowhere().await;
    let child =
        with(UpstreamFrom::Child(address)).config(json!({ "mail": { "password": "hunter2hunter2" } }));
    let backend = child.start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    assert!(!section(&now(&backend).await).contains("The end before this start"));
    let sentence = "The previous run ended without goodbye at 97 % of the memory limit, hunter2hunter2";
    let exit = json!({ "time": "1970-01-01T00:00:00.000Z", "startId": "1", "cause": "noGoodbye", "sentence": sentence });
    gateway.set_last_exit(serde_json::from_value(exit).unwrap());
    let said = section(&now(&backend).await);
    let told = " UTC ( noGoodbye ): The previous run ended without goodbye at 97 % of the memory limit, ***";
    assert!(said.contains("The end before this start, at ") && said.contains(told), "{said}");

    // What is wrong now says it.
    gateway.proxy().ended("The backend has ended: exit code 7 after 0.3 s".into());
    assert!(!section(&now(&backend).await).contains("The end before this start"));
}

#[tokio::test]
async fn names_behind_which_nobody_is_have_no_row_and_health_checks_are_no_pages() {
    let node = Node::start().await;
    node.answers("/api/nothing/x", 404, "{}");
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/nothing/x").await;
    backend.get("/api/catalog/entities").await;
    backend.get(READINESS).await;
    let said = section(&now(&backend).await);
    assert!(said.contains("catalog 1 ") && said.contains("health checks 1 "), "{said}");
    assert!(said.contains("left out: 1 name that no plugin has answered to"), "{said}");
    assert!(!said.contains("nothing 1") && !said.contains("pages and files"), "{said}");
}

#[tokio::test]
async fn the_way_to_let_bytes_pass_as_they_come_is_there_before_somebody_needs_it() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    let said = section(&now(&backend).await);
    assert!(
        said.contains("Let bytes pass as they come") && said.contains("{&quot;transparent&quot;:true}' "),
        "{said}"
    );
    // The kit gives a token, so there is no file.
    assert!(said.contains("Bearer $GREENROOM_OPS_TOKEN"), "{said}");
}

#[tokio::test]
async fn transparent_mode_is_a_warning_with_the_way_back() {
    let node = Node::start().await;
    let config = json!({ "greenroom": { "gateway": { "transparent": true } , "run": { "delay": "0s" } } });
    let backend = in_front_of(node.address).config(config).start().await.unwrap();
    is(&backend, up).await;
    heard(&backend, true).await;
    let page = now(&backend).await;
    let said = text(&page);
    assert!(sentence(&page).starts_with("Ready for "), "it serves: {}", sentence(&page));
    for part in [
        "Transparent mode is on: bytes pass to Node and back as they come.",
        "{&quot;transparent&quot;:false}' ",
        "/.greenroom/v1/gateway/transparent",
        "A restart switches it on again: greenroom.gateway.transparent says so",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[tokio::test]
async fn each_part_has_its_name_for_the_stream_and_nothing_stands_inline() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/catalog/entities").await;
    let page = now(&backend).await;
    for name in ["gateway state", "gateway counts", "gateway plugin catalog requests"] {
        assert!(page.contains(&format!("data-live=\"{name}\"")), "{name}");
    }
    assert!(!page.contains(" style="), "{page}");
}

#[tokio::test]
async fn what_clients_call_plugins_and_requests_is_text() {
    let node = Node::start().await;
    let hostile = "x\"><img src=x>";
    node.answers("/api/evil/x", 500, "{}");
    let backend = in_front_of(node.address).start().await.unwrap();
    is(&backend, up).await;
    backend.get("/api/evil/x").header("x-request-id", hostile).await;
    backend.get("/api/%3Cimg%20src=x%3E/x").await;
    let page = now(&backend).await;
    assert!(!page.contains("<img"), "{page}");
}
