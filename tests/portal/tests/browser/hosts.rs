//! The portal under other names than the config says, and with a backend of another origin.

use greenroom_portal::{
    Events,
    portal::{PORTAL, Setup},
};
use serde_json::json;

use crate::{
    rules::{
        a_call_of_the_page_is_one_trace, no_canary_arrives, nothing_is_wrong_in_the_page, the_visit_arrives,
    },
    scene::{ALIAS, BACKEND, Scene},
};

async fn visited(scene: &mut Scene, portal: &str) -> Events {
    scene.visit(portal).await;
    scene.browser.close_tab().await;
    let events = the_visit_arrives(scene, portal).await;
    nothing_is_wrong_in_the_page(&scene.browser.seen());
    no_canary_arrives(scene);
    events
}

#[tokio::test]
async fn through_a_second_host_name_all_is_as_through_the_first() {
    let mut scene = Scene::forwarding(|setup| setup).await;
    scene.backend = ALIAS;
    let events = visited(&mut scene, ALIAS).await;
    a_call_of_the_page_is_one_trace(&events, &scene.portal);
    scene.browser.end().await;
}

/// The front end at an origin of its own, with the CORS and the policy that it needs then: `https:` is not for WebSockets.
fn apart(setup: Setup) -> Setup {
    let connect = json!(["'self'", "http:", "https:", "wss:"]);
    let setup = setup.with("/backend/baseUrl", BACKEND).with("/backend/cors/origin", PORTAL);
    setup.with("/backend/csp/connect-src", connect)
}

#[tokio::test]
async fn a_backend_of_another_origin_is_traced_where_cors_lets_it() {
    let mut scene = Scene::forwarding(apart).await;
    scene.backend = BACKEND;
    let events = visited(&mut scene, PORTAL).await;
    a_call_of_the_page_is_one_trace(&events, &scene.portal);
    scene.browser.end().await;
}

#[tokio::test]
async fn where_cors_lets_no_trace_through_the_portal_works_without() {
    let allowed = json!(["authorization", "content-type", "x-requested-with"]);
    let mut scene =
        Scene::forwarding(|setup| apart(setup).with("/backend/cors/allowedHeaders", allowed)).await;
    scene.backend = BACKEND;
    let events = visited(&mut scene, PORTAL).await;
    assert_eq!(events.trace_of("/api/tasks/"), None);
    let is_told = |line: &serde_json::Value| {
        line["level"] == "warn"
            && line["message"].as_str().is_some_and(|text| text.starts_with("Browser events carry no traces"))
    };
    assert_eq!(scene.portal.lines().iter().filter(|line| is_told(line)).count(), 1);
    scene.browser.end().await;
}
