//! Nothing is measured before a user has agreed.

use greenroom_portal::{Events, portal::PORTAL};
use serde_json::json;

use crate::{rules::no_canary_arrives, scene::Scene};

#[tokio::test]
async fn what_was_before_the_consent_is_told_to_nobody() {
    let mut scene = Scene::forwarding(|setup| setup.with("/greenroom/rum/consent", "required")).await;
    scene.visit(PORTAL).await;
    // The SDK is there, and was not started.
    let started = scene.browser.run("window.DD_RUM.getInitConfiguration() !== undefined").await;
    assert_eq!(started, json!(false));
    assert_eq!(scene.browser.cookies().await, Vec::<String>::new());
    assert!(scene.portal.accesses("/api/rum/intake").is_empty());

    scene.browser.run("window.greenroomRum.consent(true)").await;
    scene.browser.click("link", "Home").await;
    // The SDK tells of a click once the page has come to rest, or has another route.
    scene.browser.click("link", "Settings").await;
    scene.browser.see("Profile").await;
    scene.browser.close_tab().await;
    let has_click = |events: &Events| events.has("action", "/action/type", "click");
    let events = scene.intake.until_events("the click", has_click).await;
    // None of the visit: its error, its calls.
    assert_eq!(events.all("error").count(), 0, "{:#?}", events.told());
    for call in ["/api/tasks/", "/api/auth/"] {
        assert!(!events.has("resource", "/resource/url", call), "{:#?}", events.told());
    }
    no_canary_arrives(&scene);
    scene.browser.end().await;
}
