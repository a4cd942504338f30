//! Whatever others write is shown as text, and has its bounds.

use greenroom::prelude::*;

use crate::support::{backend, now, registers, shown};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\" onload=\"x\u{202e}\u{0}\u{1b}[31m";

#[tokio::test]
async fn hostile_text_is_text() {
    let long = format!("{HOSTILE}{}", "A".repeat(1 << 20));
    let text = long.clone();
    let hostile = registers("evil", move |health, logger| {
        error!(logger, "{text}");
        health.declare("check").readiness().run(async move || Check::fail(text));
    });
    let backend = backend().add(hostile).start().await.unwrap();
    for page in [now(&backend).await, shown(&backend, "/.greenroom/lines?plugin=evil").await] {
        assert!(page.len() < 60_000, "{}", page.len());
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
        for raw in ["<img", "\" onload=\"x", "\u{202e}", "\u{0}", "\u{1b}"] {
            assert!(!page.contains(raw), "{raw:?}");
        }
    }
    let asked = "/.greenroom/lines?request=%3C/h1%3E%3Cimg%20src=x%3E%E2%80%AE";
    let page = shown(&backend, asked).await;
    assert!(page.contains("&lt;img") && !page.contains("<img") && !page.contains('\u{202e}'), "{page}");
}

#[tokio::test]
async fn what_is_secret_is_on_no_page() {
    let config = greenroom::config::RootConfig::from_yaml(
        "{ backend: { auth: { keys: [{ secret: canary-5d1f8e33 }] } } }",
    );
    let leak = registers("leak", |health, logger| {
        error!(logger, "cannot sign with canary-5d1f8e33");
        info!(logger, token = "canary-token", "signed in");
        drop(health.check("keys", async || Check::warn("1 key")));
    });
    let backend = backend().config(config.unwrap()).add(leak).start().await.unwrap();
    for page in [now(&backend).await, shown(&backend, "/.greenroom/lines?plugin=leak").await] {
        assert!(page.contains("cannot sign with ***"), "{page}");
        assert!(!page.contains("canary"), "{page}");
    }
}
