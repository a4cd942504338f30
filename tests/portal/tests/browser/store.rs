//! Events are kept by the backend, and an operator reads them there.

use greenroom_portal::portal::{PORTAL, Setup};
use serde_json::Value;

use crate::{
    rules::nothing_is_wrong_in_the_page,
    scene::{CANARY, Scene},
};

pub(crate) const TOKEN: &str = "the-token-of-the-operators-of-this-portal";

/// In the database that `create-app` has configured: SQLite, in memory.
fn keeping(setup: Setup) -> Setup {
    setup.with("/greenroom/rum/mode", "store").with("/greenroom/ops/token", TOKEN)
}

#[tokio::test]
async fn a_visit_is_kept_once_and_leads_from_its_slowest_request_to_the_lines_of_the_backend() {
    let mut scene = Scene::forwarding(keeping).await;
    scene.visit(PORTAL).await;
    nothing_is_wrong_in_the_page(&scene.browser.seen());

    // The page goes, and sends what it has. From here on as an operator: one link, and then whatever the pages lead to.
    enter(&mut scene).await;
    let sessions = kept_sessions(&mut scene).await;
    assert!(!sessions.to_string().contains(CANARY), "{sessions:#}");
    assert_eq!(sessions["items"].as_array().map(Vec::len), Some(1), "{sessions:#}");
    assert_eq!(sessions["items"][0]["errors"], 1, "{sessions:#}");
    assert!(scene.intake.received().is_empty(), "nothing leaves");
    for access in scene.portal.accesses("/api/rum/intake") {
        assert_eq!(access["status"], 202, "{access}");
    }

    scene.browser.click("link", "Browser").await;
    scene.browser.click("link", "Sessions").await;
    scene.browser.see("1 session in").await;
    is_free_of_canaries(&mut scene).await;
    scene.browser.click("link", "Resources").await;
    scene.browser.see("Resources, by templated URL").await;
    is_free_of_canaries(&mut scene).await;
    let slowest = "[...document.querySelectorAll('tbody tr')]
        .find(row => row.textContent.includes('/api/tasks/')).querySelector('a[href*=\"open=\"]').textContent";
    let slowest = scene.browser.run(slowest).await;
    scene.browser.click("link", slowest.as_str().expect("a link").trim()).await;
    scene.browser.see("Its log lines").await;
    scene.browser.see("Queueing this task").await;
    is_free_of_canaries(&mut scene).await;
    scene.browser.end().await;
}

/// Signs in as an operator by a link that is good for one sign-in.
pub(crate) async fn enter(scene: &mut Scene) {
    let link = format!(
        "fetch('/.greenroom/v1/links', {{
            method: 'POST',
            headers: {{ authorization: 'Bearer {TOKEN}', 'content-type': 'application/json' }},
        }}).then(answer => answer.json()).then(link => link.path)"
    );
    let path = scene.browser.run(&link).await;
    scene.browser.open(&format!("{PORTAL}{}", path.as_str().expect("a path"))).await;
    scene.browser.see("The start at").await;
}

/// The sessions, once the error of the visit is among what is kept: requests of a page that goes come in any order.
pub(crate) async fn kept_sessions(scene: &mut Scene) -> Value {
    let ask = "(async () => {
        for (let turn = 0; ; turn++) {
            const told = await (await fetch('/.greenroom/v1/rum/sessions')).json();
            if (turn == 100 || told.items?.[0]?.errors > 0) return told;
            await new Promise(done => setTimeout(done, 100));
        }
    })()";
    scene.browser.run(ask).await
}

async fn is_free_of_canaries(scene: &mut Scene) {
    let shown = scene.browser.run("document.documentElement.outerHTML").await;
    assert!(!shown.as_str().expect("a page").contains(CANARY), "{shown}");
}
