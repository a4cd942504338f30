//! A visit through the gateway, beside the same one without it.

use std::{collections::BTreeSet, path::Path};

use greenroom_portal::{Portal, Seen, portal::PORTAL};

use crate::scene::{Scene, nothing_is_wrong};

const SIGNALS: &str = "wss://portal.example/api/signals";

#[tokio::test(flavor = "multi_thread")]
async fn gateway_32_a_visit_of_a_whole_portal_is_as_without_a_gateway() {
    let mut alone = Scene::alone().await;
    let expected = visit(&mut alone).await;
    alone.end().await;

    let mut behind = Scene::behind_greenroom(|node| node).await;
    let shown = visit(&mut behind).await;
    for ((name, expected), (_, shown)) in expected.iter().zip(&shown) {
        assert_eq!(expected, shown, "{name}");
    }
    let seen = behind.browser.seen();
    behind.browser.close_tab().await;
    let has_ended =
        |portal: &Portal| portal.accesses("/api/signals").iter().any(|line| line["status"] == 101);
    behind.portal.until("a line of the socket", has_ended).await;
    each_answer_has_its_line(&seen, &behind.portal);
    behind.end().await;
}

/// Signs in, stars an entity, opens it, searches for it, runs a template and is told of a thing; gives what each page has shown.
async fn visit(scene: &mut Scene) -> Vec<(&'static str, Vec<String>)> {
    let mut pages = Vec::new();
    scene.sign_in().await;
    pages.push(("catalog", scene.shown().await));

    scene.browser.click("button", "Add to favorites").await;
    let starred = "(async () => {
        const text = 'Remove from favorites';
        while (!document.body.innerText.includes(text)) await new Promise(requestAnimationFrame);
    })()";
    scene.browser.run(starred).await;
    pages.push(("catalog with a star", scene.shown().await));

    scene.browser.click("link", "example-website").await;
    scene.browser.see("Has subcomponents").await;
    pages.push(("entity", scene.shown().await));

    scene.browser.open(&format!("{PORTAL}/search?query=website")).await;
    scene.browser.see("example-website").await;
    pages.push(("search", scene.shown().await));

    scene.run_template(0).await;
    scene.browser.see("Good morning, Ada").await;
    scene.browser.see("Finished step Wait").await;
    pages.push(("task", scene.shown().await));
    let is_events = |(url, status): &&(String, u64)| url.ends_with("/eventstream") && *status == 200;
    assert!(scene.browser.seen().responses.iter().any(|response| is_events(&response)));

    scene.node.notify("Lunch is ready").await;
    scene.browser.see("Lunch is ready").await;
    let seen = scene.browser.seen();
    assert!(seen.sockets.iter().all(|url| url == SIGNALS) && !seen.sockets.is_empty(), "{:?}", seen.sockets);
    assert!(seen.messages.iter().any(|text| text.contains("new_notification")), "{:?}", seen.messages);
    nothing_is_wrong(&seen);
    if let Some(pictures) = std::env::var_os("PICTURES") {
        scene.browser.picture(&Path::new(&pictures).join("task.png")).await;
    }
    pages
}

/// By its path and status; what the browser had in its cache was asked of nobody.
fn each_answer_has_its_line(seen: &Seen, portal: &Portal) {
    let lines: BTreeSet<_> = portal
        .accesses("/")
        .iter()
        .map(|line| (line["url"].to_string(), line["status"].to_string()))
        .collect();
    for (url, status) in &seen.responses {
        let Some(path) = url.strip_prefix(PORTAL) else { panic!("another host was asked: {url}") };
        let line = (format!("{:?}", path), status.to_string());
        let is_cached = path.starts_with("/static/");
        assert!(is_cached || lines.contains(&line), "no line of {line:?}: {lines:#?}");
    }
}
