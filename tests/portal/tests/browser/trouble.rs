//! Datadog's intake is slow, away, or refuses: the portal is none the slower, and events come again as the SDK has it.

use greenroom_portal::{
    Events, Intake, Mood, Portal,
    intake::{ELSEWHERE, Nobody},
    portal::{PORTAL, Setup},
};

use crate::{
    rules::the_visit_is_told,
    scene::{Scene, certificate},
};

/// Nothing but calls of the intake is held, refused or told.
fn only_the_intake_is_concerned(scene: &Scene) {
    for access in scene.portal.accesses("/") {
        let url = access["url"].as_str().unwrap();
        assert!(access["status"].as_u64() < Some(500) || url.starts_with("/api/rum/intake"), "{access}");
    }
}

#[tokio::test]
async fn while_the_intake_holds_every_answer_a_visit_goes_on() {
    let mut scene = Scene::forwarding(|setup| setup).await;
    scene.intake.set(Mood::Holds);
    scene.visit(PORTAL).await;
    let held = scene.intake.received().len();
    let is_taken =
        |portal: &Portal| portal.accesses("/api/rum/intake").iter().any(|access| access["status"] == 202);
    assert!(held > 0 && !is_taken(&scene.portal));
    only_the_intake_is_concerned(&scene);
    scene.intake.set(Mood::Takes);
    scene.portal.until("an answer for what was held", is_taken).await;
    scene.browser.end().await;
}

#[tokio::test]
async fn what_the_intake_refuses_comes_again_until_it_is_taken() {
    let mut scene = Scene::forwarding(|setup| setup).await;
    for (mood, told) in [(Mood::Answers(429), 429), (Mood::Answers(500), 500), (Mood::Redirects, 503)] {
        scene.intake.set(mood);
        let before = scene.portal.accesses("/api/rum/intake").len();
        if before == 0 {
            scene.visit(PORTAL).await;
        }
        let is_told = |portal: &Portal| {
            portal.accesses("/api/rum/intake").iter().skip(before).any(|access| access["status"] == told)
        };
        scene.portal.until(&format!("a browser that was told {told}"), is_told).await;
    }
    only_the_intake_is_concerned(&scene);
    scene.intake.set(Mood::Takes);
    let has_all = |events: &Events| {
        events.has("error", "/error/message", "No answer for")
            && events.has("view", "/view/url", "/settings/general")
    };
    let events = scene.intake.until_events("all events", has_all).await;
    the_visit_is_told(&events, PORTAL);
    assert!(!scene.intake.received().iter().any(|request| request.url.starts_with(ELSEWHERE)));
    scene.browser.end().await;
}

#[tokio::test]
async fn with_nobody_at_the_intake_a_visit_goes_on() {
    let (certificate, nobody, unasked) = (certificate(), Nobody::here(), Intake::in_plain().await);
    let setup = Setup::new(&certificate).with("/greenroom/rum/mode", "forward");
    let setup = setup.with("/greenroom/rum/intakeUrl", format!("http://127.0.0.1:{}", nobody.port()));
    let mut scene = Scene::of(setup.start().await, unasked, &certificate).await;
    scene.visit(PORTAL).await;
    let is_told =
        |portal: &Portal| portal.accesses("/api/rum/intake").iter().any(|access| access["status"] == 503);
    scene.portal.until("a browser that was told 503", is_told).await;
    only_the_intake_is_concerned(&scene);
    // It happens many times, and is told once.
    let told: Vec<_> = scene
        .portal
        .lines()
        .into_iter()
        .filter(|line| line["plugin"] == "rum" && line["level"] == "warn")
        .collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0]["message"].as_str().unwrap().starts_with("Browser events did not get to Datadog's intake: ")
    );
    scene.browser.end().await;
}
