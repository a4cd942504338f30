//! Datadog's intake is slow, away, or refuses: the portal is none the slower, and events come again as the SDK has it.

use bytes::Bytes;
use greenroom_portal::{
    Intake, Mood, Portal, Seen,
    intake::{ELSEWHERE, Nobody, Received},
    portal::{PORTAL, Setup, TOKEN},
};

use crate::scene::{Scene, certificate};

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
    // Of the six connections that a browser has to a host, two wait for the intake, and no more.
    let is_answered =
        |portal: &Portal| portal.accesses("/api/rum/intake").iter().any(|access| access["status"] == 202);
    scene.portal.until("an answer for events that are held", is_answered).await;
    assert!(scene.intake.received().len() > 2);
    only_the_intake_is_concerned(&scene);
    scene.browser.end().await;
}

/// Opens the portal anew, and gives what it sends to the intake; what the page before has sent may still be on its way. When it goes,
/// a page sends a beacon, and not again.
async fn sent_by_a_new_page(scene: &mut Scene) -> Bytes {
    let before = scene.intake.received().len();
    scene.browser.open(PORTAL).await;
    // When it takes the place of the page before, of which nothing runs any more.
    let begin = scene.browser.run("performance.timing.domLoading").await.as_f64().unwrap();
    let is_of_the_page = |url: &str| {
        let sent = url.split_once("batch_time=").and_then(|(_, rest)| rest.split('&').next()?.parse().ok());
        url.contains("_dd.api=fetch") && sent.is_some_and(|sent: f64| sent >= begin)
    };
    let sent = |received: &[Received]| {
        let ours = received[before..].iter().find(|request| is_of_the_page(&request.url));
        ours.map(|request| request.body.clone())
    };
    scene.intake.until("a request of the new page", |received| sent(received).is_some()).await;
    sent(&scene.intake.received()).unwrap()
}

/// The same, of a page that was told what came of all that it sent. While two requests of the page before wait for their answers, the
/// next ones are answered at once, and do not come again: then another page is opened.
async fn refused_of_a_new_page(scene: &mut Scene, told: u64) -> Bytes {
    const PAGES: usize = 10;
    let answers = |portal: &Portal| portal.accesses("/api/rum/intake");
    for _ in 0..PAGES {
        let before = answers(&scene.portal).len();
        let sent = sent_by_a_new_page(scene).await;
        let received = scene.intake.received().len();
        let are_answered = |portal: &Portal| answers(portal).len() >= received;
        scene.portal.until("an answer for each request", are_answered).await;
        if answers(&scene.portal)[before..].iter().all(|access| access["status"] == told) {
            return sent;
        }
    }
    panic!("of {PAGES} pages none was told {told} alone: {:#?}", answers(&scene.portal));
}

/// It is sent once more.
async fn comes_again(scene: &Scene, refused: &Bytes) {
    let before = scene.intake.received().len();
    scene.intake.set(Mood::Takes);
    let is_here = |received: &[Received]| received[before..].iter().any(|request| request.body == refused);
    scene.intake.until("what was refused, once more", is_here).await;
}

#[tokio::test]
async fn what_the_intake_refuses_comes_again() {
    let mut scene = Scene::forwarding(|setup| setup).await;
    let mut refused = Bytes::new();
    for (mood, told) in [(Mood::Answers(429), 429), (Mood::Answers(500), 500), (Mood::Redirects, 503)] {
        scene.intake.set(mood);
        refused = refused_of_a_new_page(&mut scene, told).await;
    }
    only_the_intake_is_concerned(&scene);
    comes_again(&scene, &refused).await;
    assert!(!scene.intake.received().iter().any(|request| request.url.starts_with(ELSEWHERE)));
    scene.browser.end().await;
}

#[tokio::test]
async fn without_the_backend_all_that_is_so_too() {
    let mut scene = Scene::direct().await;
    scene.intake.set(Mood::Holds);
    scene.visit(PORTAL).await;
    assert!(!scene.intake.received().is_empty());
    for status in [429, 500] {
        scene.intake.set(Mood::Answers(status));
        let refused = sent_by_a_new_page(&mut scene).await;
        comes_again(&scene, &refused).await;
    }
    only_the_intake_is_concerned(&scene);
    scene.browser.end().await;
}

/// Waits for a request that got no answer for this reason.
async fn has_failed(scene: &Scene, reason: &str) {
    let has_failed = |seen: &Seen| seen.failures.iter().any(|failure| failure.contains(reason));
    scene.browser.until("a request without an answer", has_failed).await;
    only_the_intake_is_concerned(scene);
}

/// What a new page has to tell arrives; what had no answer while the browser was online the SDK does not send again.
async fn later_events_arrive(scene: &Scene, before: usize) {
    let is_of_events = |request: &&Received| request.url.starts_with("/api/v2/rum?");
    let has_come = |received: &[Received]| received.iter().filter(is_of_events).count() > before;
    scene.intake.until("later events", has_come).await;
    let received = scene.intake.received();
    let again: Vec<_> = received.iter().filter(|request| request.url.contains("retry_count")).collect();
    assert!(again.is_empty(), "{again:#?}");
}

#[tokio::test]
async fn without_the_backend_a_browser_follows_a_redirection_and_tells_nothing_there() {
    let mut scene = Scene::direct().await;
    scene.intake.set(Mood::Redirects);
    scene.visit(PORTAL).await;
    has_failed(&scene, "ERR_TOO_MANY_REDIRECTS").await;
    let (elsewhere, asked): (Vec<_>, Vec<_>) =
        scene.intake.received().into_iter().partition(|request| request.url.starts_with(ELSEWHERE));
    for request in &elsewhere {
        assert_eq!((&*request.url, &*request.body), (ELSEWHERE, &b""[..]), "{request:?}");
    }
    assert!(!elsewhere.is_empty());
    scene.intake.set(Mood::Takes);
    scene.browser.open(PORTAL).await;
    later_events_arrive(&scene, asked.len()).await;
    scene.browser.end().await;
}

#[tokio::test]
async fn with_nobody_at_the_intake_a_visit_goes_on() {
    let (certificate, nobody, unasked) = (certificate(), Nobody::here(), Intake::in_plain());
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

#[tokio::test]
async fn without_the_backend_a_visit_goes_on_with_nobody_at_the_intake() {
    let (certificate, nobody) = (certificate(), Nobody::here());
    let portal = Setup::new(&certificate).start().await;
    let mut scene = Scene::with_site_intake(portal, Intake::in_plain(), nobody.port(), &certificate).await;
    scene.visit(PORTAL).await;
    has_failed(&scene, "ERR_CONNECTION_REFUSED").await;
    scene.intake = Intake::over_tls_at(nobody, &certificate);
    scene.browser.open(PORTAL).await;
    later_events_arrive(&scene, 0).await;
    scene.browser.end().await;
}

#[tokio::test]
async fn however_much_comes_the_backend_holds_a_bounded_part_of_it() {
    let mut scene = Scene::forwarding(|setup| setup).await;
    scene.intake.set(Mood::Holds);
    scene.browser.open(PORTAL).await;
    let before = scene.portal.peak();
    let sent = |bytes: u64, times: u64| {
        format!(
            "(() => {{
                const url = '/api/rum/intake?ddforward=' + encodeURIComponent('/api/v2/replay?dd-api-key={TOKEN}');
                const body = new Blob([new Uint8Array({bytes})]);
                const send = async () => (await fetch(url, {{ method: 'POST', body }})).status;
                return Promise.all(Array.from({{ length: {times} }}, send));
            }})()"
        )
    };
    // 540 MB; replays are the largest that there is.
    let statuses = scene.browser.run(&sent(9_000_000, 60)).await;
    let told = |code: u64| statuses.as_array().unwrap().iter().filter(|status| **status == code).count();
    assert!(told(503) > 0 && told(202) + told(503) == 60, "{statuses}");
    // Of what may be in memory docs/operating.md says 16 MiB of one client; connections and what was freed come on top.
    if let (Some(before), Some(after)) = (before, scene.portal.peak()) {
        assert!(after - before < 192 << 20, "{before} became {after}");
    }
    // What was held is given back.
    scene.intake.set(Mood::Takes);
    assert_eq!(scene.browser.run(&sent(1000, 1)).await, serde_json::json!([202]));
    scene.browser.end().await;
}
