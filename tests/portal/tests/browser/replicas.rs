//! Two replicas of one portal on one PostgreSQL database.

use greenroom_portal::{
    Certificate, Intake,
    portal::{PORTAL, Setup},
};
use serde_json::{Value, json};

use crate::{
    cluster::cluster,
    rules::nothing_is_wrong_in_the_page,
    scene::{Scene, certificate},
    store::{TOKEN, enter, kept_sessions},
};

/// A replica, and a browser that comes to it alone.
async fn replica(certificate: &Certificate) -> Scene {
    // A text, as what `create-app` has written is one.
    let connection = format!("postgresql://admin:secret@localhost:{}/postgres", cluster().port);
    let setup = Setup::new(certificate)
        .with("/backend/database", json!({"client": "pg", "connection": connection}))
        .with("/greenroom/rum/mode", "store")
        .with("/greenroom/ops/token", TOKEN);
    Scene::of(setup.start().await, Intake::in_plain(), certificate).await
}

async fn listed(scene: &mut Scene) -> Value {
    kept_sessions(scene).await;
    scene.browser.run("fetch('/.greenroom/v1/rum/sessions').then(answer => answer.json())").await
}

#[tokio::test]
async fn either_of_two_replicas_tells_all_visits_once_and_the_one_that_answered_has_the_lines() {
    let certificate = certificate();
    let (mut first, mut second) = tokio::join!(replica(&certificate), replica(&certificate));
    for scene in [&mut first, &mut second] {
        scene.visit(PORTAL).await;
        nothing_is_wrong_in_the_page(&scene.browser.seen());
        // The page goes, and sends what it has.
        enter(scene).await;
    }
    for scene in [&mut first, &mut second] {
        let sessions = listed(scene).await;
        assert_eq!(sessions["items"].as_array().map(Vec::len), Some(2), "{sessions:#}");
    }
    // The visit of the first one, as each of the two tells it: by links from its request of the plugin.
    open_the_slow_request(&mut first).await;
    first.browser.see("Queueing this task").await;
    let url = first.browser.run("location.href").await;
    second.browser.open(url.as_str().expect("an address")).await;
    second.browser.see("are not in the memory of this replica").await;
    let shown = second.browser.run("document.body.innerText").await;
    assert!(!shown.as_str().unwrap_or_default().contains("Queueing this task"), "{shown}");
    for scene in [first, second] {
        scene.browser.end().await;
    }
}

/// Of the visit that this replica's browser made.
async fn open_the_slow_request(scene: &mut Scene) {
    let own = scene.portal.accesses("/api/tasks/");
    let trace = own[0]["trace_id"].as_str().expect("a trace").to_owned();
    let ask = format!(
        "(async () => {{
            const ask = async path => (await fetch('/.greenroom/v1/rum/' + path)).json();
            for (const session of (await ask('sessions')).items) {{
                const told = await ask('sessions/' + session.id);
                const event = told.events.find(event => event.traceId === '{trace}');
                if (event) return '/.greenroom/browser/sessions/' + session.id + '?open=' + event.id;
            }}
        }})()"
    );
    let path = scene.browser.run(&ask).await;
    scene.browser.open(&format!("{PORTAL}{}", path.as_str().expect("the request"))).await;
    scene.browser.see("Its log lines").await;
}
