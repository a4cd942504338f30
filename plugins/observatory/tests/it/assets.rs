//! What a page loads is served by the same origin, and may be kept.

use std::collections::BTreeMap;

use greenroom_plugin_observatory_node::assets::STYLE;

use crate::support::{backend, now};

#[tokio::test]
async fn all_that_a_page_loads_is_there_for_everybody_and_does_not_change_under_its_name() {
    let backend = backend().start().await.unwrap();
    let page = now(&backend).await;
    let loaded = page.split(['"', ' ']).filter(|word| word.starts_with("/.greenroom/assets/"));
    let kinds = loaded.map(async |path| {
        let answer = backend.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable");
        answer.headers["content-type"].to_str().unwrap().to_owned()
    });
    let mut found = vec![];
    for kind in kinds {
        found.push(kind.await);
    }
    found.sort();
    assert_eq!(found, ["image/svg+xml", "text/css; charset=utf-8", "text/javascript; charset=utf-8"]);
}

/// The tokens of the light scheme and of the dark one.
fn schemes(sheet: &str) -> Vec<BTreeMap<&str, &str>> {
    let blocks = sheet.split(":root {").skip(1).take(2).map(|rest| rest.split('}').next().unwrap());
    blocks.map(tokens).collect()
}

fn tokens(block: &str) -> BTreeMap<&str, &str> {
    let pairs = block.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    pairs.map(|(name, value)| (name, value.trim())).collect()
}

#[tokio::test]
async fn the_page_to_sign_in_on_looks_like_those_behind_it() {
    let backend = backend().start().await.unwrap();
    let sheet = backend.get("/.greenroom/assets/sign-in.css").await.text();
    let (own, all) = (schemes(&sheet), schemes(STYLE));
    assert_eq!((own.len(), all.len()), (2, 2));
    for (own, all) in own.iter().zip(&all) {
        assert!(own.contains_key("page"), "{own:?}");
        for (name, value) in own {
            assert_eq!(all.get(name), Some(value), "--{name}");
        }
    }
}

#[tokio::test]
async fn a_page_is_small_and_has_nothing_that_its_policy_forbids() {
    let backend = backend().start().await.unwrap();
    let page = now(&backend).await;
    assert!(page.len() < 50_000, "{}", page.len());
    assert!(!page.contains(" style=") && !page.contains("<style"), "{page}");
    assert!(!page.contains("<script>") && page.matches("<script").count() == 1);
}

#[test]
fn once_nothing_is_heard_any_more_all_that_would_change_is_grey() {
    let script = greenroom_plugin_observatory_node::assets::SCRIPT;
    assert!(script.contains("document.body.classList.add('past')"));
    assert!(
        script.contains("document.body.classList.remove('past')"),
        "and no longer when it is heard again"
    );
    assert!(STYLE.contains(".past [data-live], .past [data-live] * { color: var(--ink-2); }"));
}

#[tokio::test]
async fn nobody_else_sees_the_page() {
    let backend = backend().start().await.unwrap();
    for path in ["/.greenroom/", "/.greenroom/events", "/.greenroom/events/now", "/.greenroom/lines"] {
        assert_eq!(backend.get(path).await.status, 401, "{path}");
    }
}
