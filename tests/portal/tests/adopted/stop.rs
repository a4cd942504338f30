//! A stop while a browser is at it.

use std::{fs, time::Duration};

use greenroom_portal::{Node, Seen};
use tokio::time::{sleep, timeout};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn gateway_25_with_a_browser_at_it_all_ends_and_the_browser_comes_back() {
    the_browser_comes_back_after_a_stop(|node| node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_25_calls_of_nodes_own_that_stay_open_end_with_the_grace() {
    the_browser_comes_back_after_a_stop(|node| node.with_event_bus().with("/greenroom/run/grace", "15s"))
        .await;
}

async fn the_browser_comes_back_after_a_stop(more: impl FnOnce(Node) -> Node) {
    let mut scene = Scene::behind_greenroom(more).await;
    scene.sign_in().await;
    // Its page holds an event stream for as long as that takes.
    scene.run_template(300).await;
    scene.browser.click("button", "Show Logs").await;
    scene.browser.see("Beginning step Wait").await;

    let family = descendants(scene.portal.id().expect("it runs"));
    assert_eq!(family.len(), 2, "Greenroom and Node");
    scene.portal.terminate();
    let finished = timeout(Duration::from_secs(16), scene.portal.finished()).await.expect("an end in time");
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    let left: Vec<_> =
        family.into_iter().filter(|id| fs::exists(format!("/proc/{id}")).unwrap_or(false)).collect();
    assert_eq!(left, Vec::<u32>::new());
    assert!(finished.stdout.contains("\"endedTunnels\":1"), "{}", finished.stdout);

    scene.portal = scene.node.behind_greenroom().await;
    // The page tries its socket again every few seconds; what is told before is told to nobody.
    let told = async {
        loop {
            scene.node.notify("Lunch is ready").await;
            sleep(Duration::from_secs(1)).await;
        }
    };
    let is_told = |seen: &Seen| seen.messages.iter().any(|text| text.contains("new_notification"));
    tokio::select! {
        () = scene.browser.until("a signal of the new start", is_told) => {}
        () = told => {}
    }
    scene.browser.see("Lunch is ready").await;
    scene.end().await;
}

/// A process and all that it has started.
fn descendants(id: u32) -> Vec<u32> {
    let mut found = vec![id];
    let mut at = 0;
    while at < found.len() {
        let threads = fs::read_dir(format!("/proc/{}/task", found[at])).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        at += 1;
    }
    found
}
