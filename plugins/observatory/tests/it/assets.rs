//! What a page loads is served by the same origin, and may be kept.

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

#[tokio::test]
async fn a_page_is_small_and_has_nothing_that_its_policy_forbids() {
    let backend = backend().start().await.unwrap();
    let page = now(&backend).await;
    assert!(page.len() < 50_000, "{}", page.len());
    assert!(!page.contains(" style=") && !page.contains("<style"), "{page}");
    assert!(!page.contains("<script>") && page.matches("<script").count() == 1);
}

#[tokio::test]
async fn nobody_else_sees_the_page() {
    let backend = backend().start().await.unwrap();
    for path in ["/.greenroom/", "/.greenroom/events", "/.greenroom/events/now"] {
        assert_eq!(backend.get(path).await.status, 401, "{path}");
    }
}
