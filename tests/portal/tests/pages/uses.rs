//! What people do with a page besides reading it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use greenroom::prelude::*;
use greenroom_plugin_observatory::observatory;
use greenroom_test::TestBackend;

use crate::looks::{assert_is_clean, operator};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_open_hears_that_the_backend_is_not_ready_any_more() {
    let broken = Arc::new(AtomicBool::new(false));
    let asked = broken.clone();
    let fragile = plugin("catalog", |env| {
        env.register_init(async move |health: HealthChecks| {
            let check =
                async move || if asked.load(Relaxed) { Check::fail("it is away") } else { Check::pass() };
            health.declare("server").readiness().run(check);
            Ok(())
        });
    });
    let backend = TestBackend::new().add(observatory()).add(fragile).start().await.unwrap();
    let mut browser = operator(&backend).await;
    browser.see("UTC, live").await;
    broken.store(true, Relaxed);
    browser.see("Not ready for").await;
    browser.see("it is away").await;
    assert_is_clean(&browser, &backend);
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_paused_and_keys_are_turned_off_by_whoever_wants_it() {
    let backend = TestBackend::new().add(observatory()).start().await.unwrap();
    let mut browser = operator(&backend).await;
    browser.see("UTC, live").await;
    browser.click("button", "pause").await;
    browser.see("UTC, paused").await;
    let before = browser.run("performance.timeOrigin").await;
    browser.press("n").await;
    browser.see("UTC, live").await;
    assert_ne!(browser.run("performance.timeOrigin").await, before, "the key has led to the page");
    browser.click("button", "Turn keys off").await;
    let before = browser.run("performance.timeOrigin").await;
    browser.press("n").await;
    browser.click("button", "Turn keys on").await;
    assert_eq!(browser.run("performance.timeOrigin").await, before, "no key leads anywhere");
    browser.end().await;
}
