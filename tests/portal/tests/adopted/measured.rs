//! What an operator reads of a visit of a Node portal.

use std::path::Path;

use greenroom_portal::{node::OPERATOR, portal::PORTAL};
use serde_json::Value;

use crate::scene::{Scene, nothing_is_wrong};

#[tokio::test(flavor = "multi_thread")]
async fn rum_112_113_a_visit_of_a_node_portal_is_kept_and_leads_to_the_access_lines() {
    let mut scene = Scene::measured().await;
    scene.sign_in().await;
    let metas = "[...document.querySelectorAll('meta[name=dd-trace-id]')].map(meta => meta.content)";
    let metas = scene.browser.run(metas).await;
    let scripts = "[...document.querySelectorAll('script[src^=\"/api/rum/sdk/\"]')].length";
    assert_eq!(scene.browser.run(scripts).await, 2);
    scene.browser.click("link", "example-website").await;
    scene.browser.see("Has subcomponents").await;
    scene.shown().await;
    nothing_is_wrong(&scene.browser.seen());

    // The page goes, and sends what it has.
    enter(&mut scene).await;
    let kept = kept(&mut scene).await;
    let events = kept["events"].as_array().expect("events");
    let document =
        events.iter().find(|event| event["subType"] == "document").unwrap_or_else(|| panic!("{kept:#}"));
    let id: u64 = metas[0].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("{metas}"));
    assert_eq!(metas.as_array().map(Vec::len), Some(1));
    assert!(
        document["traceId"].as_str().is_some_and(|trace| trace.ends_with(&format!("{id:016x}"))),
        "{document}"
    );
    for url in ["/api/catalog/entities/by-query", "/api/catalog/entities/by-name"] {
        let lines = scene.portal.accesses(url);
        let is_of = |line: &Value| events.iter().any(|event| event["traceId"] == line["trace_id"]);
        assert!(!lines.is_empty() && lines.iter().all(is_of), "{url}: {lines:#?} {kept:#}");
    }
    let of_document = document["traceId"].as_str().unwrap_or_default();
    let line = scene.portal.accesses("/").into_iter().find(|line| {
        line["trace_id"].as_str().is_some_and(|trace| trace[16..] == of_document[of_document.len() - 16..])
    });
    assert_eq!(line.map(|line| line["url"].clone()), Some("/".into()));
    for access in scene.portal.accesses("/api/rum/intake") {
        assert_eq!(access["status"], 202, "{access}");
    }

    let session = format!("{PORTAL}/.greenroom/browser/sessions/{}", kept["id"].as_str().expect("an id"));
    scene.browser.open(&session).await;
    let is_told = "(async () => {
        for (let turn = 0; turn < 100; turn++) {
            if (document.body.textContent.includes('/api/catalog/entities/by-')) return true;
            await new Promise(done => setTimeout(done, 200));
        }
        return document.body.innerText;
    })()";
    // Which of the calls it shows unfolded depends on how many there were.
    assert_eq!(scene.browser.run(is_told).await, true);
    nothing_is_wrong(&scene.browser.seen());
    if let Some(pictures) = std::env::var_os("PICTURES") {
        scene.browser.picture(&Path::new(&pictures).join("session.png")).await;
    }
    scene.end().await;
}

/// Signs in as an operator by a link that is good for one sign-in.
async fn enter(scene: &mut Scene) {
    let link = format!(
        "fetch('/.greenroom/v1/links', {{
            method: 'POST',
            headers: {{ authorization: 'Bearer {OPERATOR}', 'content-type': 'application/json' }},
        }}).then(answer => answer.json()).then(link => link.path)"
    );
    let path = scene.browser.run(&link).await;
    scene.browser.open(&format!("{PORTAL}{}", path.as_str().expect("a path"))).await;
    scene.browser.click("link", "Browser").await;
    scene.browser.click("link", "Sessions").await;
    scene.browser.see("1 session in").await;
}

/// The session, once the requests of its last page are among what is kept.
async fn kept(scene: &mut Scene) -> Value {
    let ask = "(async () => {
        const ask = async path => (await fetch('/.greenroom/v1/rum/' + path)).json();
        for (let turn = 0; ; turn++) {
            const [session] = (await ask('sessions')).items;
            const told = session && { ...(await ask('sessions/' + session.id)), id: session.id };
            if (turn === 50 || JSON.stringify(told ?? '').includes('by-name')) return told;
            await new Promise(done => setTimeout(done, 200));
        }
    })()";
    scene.browser.run(ask).await
}
