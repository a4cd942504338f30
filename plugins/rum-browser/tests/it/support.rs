//! A backend with the pages of a store whose sessions were made for it.

use std::time::{SystemTime, UNIX_EPOCH};

use greenroom::{log_store::LogStore, prelude::*};
use greenroom_plugin_observatory_node::{Frame, Sections};
use greenroom_plugin_rum_browser::{Browser, Diagnosis, Finding, Verdict};
use greenroom_plugin_rum_store::{
    Store,
    made::{self, Made},
};
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse, mock};

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// What a test asks.
pub(crate) struct Pages {
    pub(crate) backend: RunningTestBackend,
    pub(crate) store: Store,
}

/// With so many sessions in the last two days, the last of which ends now.
pub(crate) async fn pages(sessions: usize) -> Pages {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let plugin = plugin("rum", move |env| {
        let told = told.clone();
        env.register_init(
            async move |database: Database, ops: Ops, frame: Frame, sections: Sections, logs: LogStore| {
                let store = Store::open(&database.client().await?).await?;
                told.send(store.clone())?;
                Browser::new(move || Some(store.clone()), frame, ops)
                    .logs(logs)
                    .kept_days(7)
                    .doctor(async || diagnosis())
                    .mount(&sections)
            },
        );
    });
    let config = "backend: {database: {client: better-sqlite3, connection: ':memory:'}}";
    let backend = TestBackend::new()
        .config(config)
        .add(greenroom_database_sqlite::driver())
        .add(plugin)
        .start()
        .await
        .unwrap();
    let store = heard.recv().await.unwrap();
    if sessions > 0 {
        let made = Made { sessions, span_ms: 48 * HOUR_MS, end_ms: now_ms() };
        made::fill(&store, &made).await.unwrap();
    }
    Pages { backend, store }
}

/// What a doctor finds where the SDK is missing.
pub(crate) fn diagnosis() -> Diagnosis {
    let finding = |verdict, title: &str, evidence: &str| Finding {
        verdict,
        title: title.to_owned(),
        evidence: Some(evidence.to_owned()),
        to_do: None,
    };
    let missing = Finding {
        to_do: Some(("Fetch the pinned version:".to_owned(), "greenroom rum sdk".to_owned())),
        ..finding(Verdict::ToDo, "The SDK is not laid out", "No restart is needed.")
    };
    Diagnosis {
        because: Some("the SDK is not laid out".to_owned()),
        findings: vec![
            finding(Verdict::Ok, "Events are kept here", "7 days, at most 2 GiB."),
            missing,
            finding(Verdict::Waits, "No page has been opened since", "Comes by itself."),
        ],
    }
}

pub(crate) fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Pages {
    /// What an operator gets.
    pub(crate) async fn get(&self, path: &str) -> TestResponse {
        self.backend.get(path).with_token(mock::OPS_TOKEN).await
    }

    /// A page that is there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        assert!(response.header("content-type").unwrap().starts_with("text/html"), "{path}");
        response.text()
    }

    /// A list that is there.
    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let response = self.get(&format!("/.greenroom/v1/rum/{path}")).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        response.json()
    }
}

/// What stands within the first element of that name, without tags.
pub(crate) fn text_of(page: &str, element: &str) -> String {
    let inner = page.split(&format!("<{element}")).nth(1).unwrap_or_else(|| panic!("no {element} in {page}"));
    let inner = inner.split_once('>').unwrap().1.split(&format!("</{element}>")).next().unwrap();
    without_tags(inner)
}

/// The text of a part of a page.
pub(crate) fn without_tags(markup: &str) -> String {
    let mut text = String::new();
    for (index, part) in markup.split('<').enumerate() {
        text.push_str(if index == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) });
    }
    text.replace('\u{a0}', " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
