//! Events go from the browser to Datadog, whose host names lead to the stand-in.

use greenroom_portal::{Events, portal::PORTAL};

use crate::{
    rules::{a_call_of_the_page_is_one_trace, nothing_is_wrong_in_the_page, the_visit_arrives},
    scene::{CANARY, Scene},
};

#[tokio::test]
async fn a_visit_goes_to_the_intake_of_the_site_and_not_through_the_backend() {
    let mut scene = Scene::direct().await;
    scene.visit(PORTAL).await;
    scene.browser.close_tab().await;
    let events = the_visit_arrives(&scene, PORTAL).await;
    nothing_is_wrong_in_the_page(&scene.browser.seen());
    a_call_of_the_page_is_one_trace(&events, &scene.portal);
    only_causes_of_errors_are_the_users_own(&events);
    assert!(scene.portal.accesses("/api/rum/intake").is_empty());
    for request in scene.intake.received() {
        assert!(!request.headers.contains_key("cookie") && !request.headers.contains_key("referer"));
    }
    scene.browser.end().await;
}

/// The SDK lets no script change them: the line of the start says so.
fn only_causes_of_errors_are_the_users_own(events: &Events) {
    assert!(events.has("error", "/error/causes/0/message", CANARY));
    for mut event in events.iter().cloned() {
        if let Some(error) = event.get_mut("error").and_then(|error| error.as_object_mut()) {
            error.remove("causes");
        }
        let text = event.to_string();
        assert!(!text.contains(CANARY), "{text}");
    }
}
