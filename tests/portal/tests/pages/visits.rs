//! The Browser pages: before anything has come, busy, and without their database.

use std::time::{SystemTime, UNIX_EPOCH};

use greenroom::{log_store::LogStore, prelude::*};
use greenroom_plugin_observatory::observatory;
use greenroom_plugin_observatory_node::{Frame, Sections};
use greenroom_plugin_rum_browser::{Browser as Pages, Diagnosis, Finding, Verdict};
use greenroom_plugin_rum_store::{
    Store,
    made::{self, Made},
};
use greenroom_portal::Browser;
use greenroom_test::{RunningTestBackend, TestBackend};

use crate::looks::{assert_is_clean, look, look_at, operator};

const HOUR_MS: i64 = 3_600_000;

/// What the store of a test is.
#[derive(Clone, Copy)]
enum Has {
    /// No database.
    Nothing,
    /// So many sessions of two days, the last of which ends now.
    Sessions(usize),
}

async fn backend(has: Has) -> RunningTestBackend {
    let rum = plugin("rum", move |env| {
        env.register_init(
            async move |database: Database, ops: Ops, frame: Frame, sections: Sections, logs: LogStore| {
                let store = match has {
                    Has::Nothing => None,
                    Has::Sessions(sessions) => {
                        let store = Store::open(&database.client().await?).await?;
                        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
                        let made = Made { sessions, span_ms: 48 * HOUR_MS, end_ms: i64::try_from(now)? };
                        if sessions > 0 {
                            made::fill(&store, &made).await?;
                        }
                        Some(store)
                    }
                };
                let pages = Pages::new(move || store.clone(), frame, ops).logs(logs).kept_days(7);
                pages.doctor(async || diagnosis()).mount(&sections)
            },
        );
    });
    TestBackend::new()
        .config("backend: {database: {client: better-sqlite3, connection: ':memory:'}}")
        .add(greenroom_database_sqlite::driver())
        .add(observatory())
        .add(rum)
        .start()
        .await
        .unwrap()
}

/// What a doctor finds where the SDK is missing.
fn diagnosis() -> Diagnosis {
    Diagnosis {
        because: Some("the SDK is not laid out".to_owned()),
        findings: vec![
            Finding {
                verdict: Verdict::Ok,
                title: "Events are kept here".to_owned(),
                evidence: Some("7 days, at most 1 GiB.".to_owned()),
                to_do: None,
            },
            Finding {
                verdict: Verdict::ToDo,
                title: "The SDK is not laid out".to_owned(),
                evidence: None,
                to_do: Some(("Fetch the pinned version:".to_owned(), "greenroom rum sdk".to_owned())),
            },
        ],
    }
}

async fn looked_at(backend: &RunningTestBackend, pages: &[(&str, &str)]) -> Browser {
    let mut browser = operator(backend).await;
    for (name, path) in pages {
        look(&mut browser, name, &format!("{}/.greenroom/browser{path}", backend.url())).await;
    }
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_from_which_nothing_has_come_yet() {
    let backend = backend(Has::Sessions(0)).await;
    let pages = [("browser-empty", ""), ("sessions-empty", "/sessions"), ("errors-empty", "/errors")];
    let browser = looked_at(&backend, &pages).await;
    assert_is_clean(&browser, &backend);
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_portal() {
    let backend = backend(Has::Sessions(400)).await;
    let error = format!("/errors/{}", made::NEW_ERROR);
    let pages = [
        ("browser-busy", ""),
        ("sessions-busy", "/sessions"),
        ("errors-busy", "/errors"),
        ("error-busy", &*error),
        ("resources-busy", "/resources"),
    ];
    let mut browser = looked_at(&backend, &pages).await;
    let list = "fetch('/.greenroom/v1/rum/sessions?limit=1').then(answer => answer.json())";
    let list = browser.run(list).await;
    let session =
        format!("/.greenroom/browser/sessions/{}", list["items"][0]["id"].as_str().expect("a session"));
    look(&mut browser, "session-busy", &format!("{}{session}", backend.url())).await;
    assert_is_clean(&browser, &backend);
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_whose_database_is_away() {
    let backend = backend(Has::Nothing).await;
    let mut browser = operator(&backend).await;
    look_at(&mut browser, "browser-broken", &format!("{}/.greenroom/browser", backend.url()), 503).await;
    browser.see("database").await;
    browser.end().await;
}
