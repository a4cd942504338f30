//! What operators are shown of what is kept, and where nothing is, why.

use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend, mock};
use serde_json::json;

use crate::support::{config, rum_requests};

const MEMORY: &str = ":memory:";

/// What an operator gets.
async fn shown(backend: &RunningTestBackend, path: &str) -> String {
    let answer = backend.get(path).with_token(mock::OPS_TOKEN).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// Links of a page that begin so, once each.
fn links(page: &str, begin: &str) -> Vec<String> {
    let all = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
    let mut links: Vec<_> = all.filter(|link| link.starts_with(begin)).collect();
    links.dedup();
    links
}

#[tokio::test]
async fn rum_111_nobody_is_on_any_page() {
    let mut config = config(&json!({"mode": "store"}));
    config["backend"] = json!({"database": {"client": "better-sqlite3", "connection": MEMORY}});
    let backend = TestBackend::new().config(config).add(rum()).start().await.unwrap();
    for request in rum_requests() {
        request.send(&backend).await;
    }
    let (sessions, errors) = ("/.greenroom/browser/sessions", "/.greenroom/browser/errors");
    let mut pages = vec![
        shown(&backend, "/.greenroom/browser").await,
        shown(&backend, "/.greenroom/browser/resources").await,
    ];
    for list in [sessions, errors] {
        let page = shown(&backend, list).await;
        let each = links(&page, &format!("{list}/"));
        assert!(each.len() > 2, "{list}: {each:?}");
        for link in each {
            pages.push(shown(&backend, link.split('#').next().unwrap()).await);
        }
        pages.push(page);
    }
    for list in
        ["summary", "views?limit=200", "sessions?limit=200", "errors?limit=200", "resources?limit=200"]
    {
        pages.push(shown(&backend, &format!("/.greenroom/v1/rum/{list}")).await);
    }
    for canary in ["jane", "Jane", "example.test", "cfg=%7B", "pub00000"] {
        for page in &pages {
            let found = page.find(canary).map(|at| &page[at.saturating_sub(100)..(at + 50).min(page.len())]);
            assert_eq!(found, None, "{canary}");
        }
    }
}

#[tokio::test]
async fn rum_111_while_the_database_is_away_pages_say_so() {
    let mut config = config(&json!({"mode": "store"}));
    // Nobody answers on this port.
    let connection = json!({"host": "127.0.0.1", "port": 1, "user": "u", "password": "hunter2hunter2"});
    config["backend"] = json!({"database": {"client": "pg", "connection": connection}});
    let backend = TestBackend::new().config(config).add(greenroom_database_postgres::driver()).add(rum());
    let backend = backend.start().await.unwrap();
    for path in ["/.greenroom/browser", "/.greenroom/browser/sessions", "/.greenroom/v1/rum/summary"] {
        let answer = backend.get(path).with_token(mock::OPS_TOKEN).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(
            answer.text().contains("The database of browser events is not there yet"),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("127.0.0.1:1"), "the cause: {}", answer.text());
        assert!(!answer.text().contains("hunter2hunter2"));
    }
    backend.await_log(|line| line["check"] == "rum.database").await;
    let health = backend.get("/.greenroom/v1/health").with_token(mock::OPS_TOKEN).await.text();
    assert!(health.contains("rum.database") && health.contains("127.0.0.1:1"), "{health}");
}

#[tokio::test]
async fn rum_111_where_nothing_is_kept_one_page_says_why() {
    for (more, why, to_do) in [
        (json!({"mode": "off"}), "RUM is off, because greenroom.rum.mode says so.", "(greenroom.rum.mode)"),
        (json!({"mode": "stroe"}), "RUM is off, because of what is wrong in the config.", "did you mean"),
        (json!({"mode": "forward"}), "not kept here: Datadog gets them.", "both keeps them here, too"),
    ] {
        let backend = TestBackend::new().config(config(&more)).add(rum()).start().await.unwrap();
        for path in ["/.greenroom/browser", "/.greenroom/browser/sessions/some-id"] {
            let page = shown(&backend, path).await;
            assert!(page.contains(why) && page.contains(to_do), "{more}: {page}");
            assert!(page.contains("aria-current=\"page\""), "it is a section: {page}");
        }
        let summary = backend.get("/.greenroom/v1/rum/summary").with_token(mock::OPS_TOKEN).await;
        assert_eq!(summary.status, 404, "{more}");
    }
}
