//! Events go through the backend.

use greenroom_portal::{portal::PORTAL, sdk};

use crate::{
    rules::{
        a_call_of_the_page_is_one_trace, no_canary_arrives, nothing_is_wrong_in_the_page, the_visit_arrives,
    },
    scene::Scene,
};

/// Visits, closes the tab and looks at what has arrived.
async fn a_visit_arrives(mut scene: Scene) -> Scene {
    scene.visit(PORTAL).await;
    scene.browser.close_tab().await;
    let events = the_visit_arrives(&scene, PORTAL).await;
    nothing_is_wrong_in_the_page(&scene.browser.seen());
    a_call_of_the_page_is_one_trace(&events, &scene.portal);
    no_canary_arrives(&scene);
    for access in scene.portal.accesses("/api/rum/intake") {
        assert_eq!(access["status"], 202, "{access}");
    }
    for request in scene.intake.received() {
        for header in ["cookie", "authorization", "x-forwarded-for", "referer", "origin"] {
            assert!(!request.headers.contains_key(header), "{:?}", request.headers);
        }
    }
    scene
}

#[tokio::test]
async fn a_visit_arrives_without_what_is_the_users_own() {
    let scene = a_visit_arrives(Scene::forwarding(|setup| setup).await).await;
    // The page itself is a part of the trace of the request for it.
    let page = &scene.portal.accesses("/?")[0]["trace_id"];
    let events = scene.intake.events();
    let document = events.find("resource", "/resource/type", "document").unwrap();
    let trace: u64 = document["_dd"]["trace_id"].as_str().unwrap().parse().unwrap();
    assert!(page.as_str().unwrap().ends_with(&format!("{trace:016x}")), "{page} {trace}");
    // From version 7 on calls say whose session they are of.
    let session = events.find("view", "/view/url", PORTAL).map(|view| &view["session"]["id"]);
    assert_eq!(scene.portal.accesses("/api/tasks/")[0].get("sessionId"), session);
    scene.browser.end().await;
}

#[tokio::test]
async fn version_6_of_the_sdk_works() {
    let scene = Scene::forwarding(|setup| setup.with("/greenroom/rum/sdk", sdk(6).to_str())).await;
    a_visit_arrives(scene).await.browser.end().await;
}

#[tokio::test]
async fn version_5_of_the_sdk_works() {
    let scene = Scene::forwarding(|setup| setup.with("/greenroom/rum/sdk", sdk(5).to_str())).await;
    a_visit_arrives(scene).await.browser.end().await;
}
