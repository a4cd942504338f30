//! What is kept no longer.

use std::time::Duration;

use greenroom_plugin_rum_store::{BackendRequest, Limits};

use serde_json::json;

use super::support::{NOW, TestStore, made_up_session, sent};

const DAY: i64 = 86_400_000;
const MUCH: u64 = 1 << 40;

fn days(days: u64) -> Limits {
    Limits { age: Duration::from_secs(days * 86_400), bytes: MUCH }
}

fn request(number: i64, session: Option<&str>) -> BackendRequest {
    BackendRequest {
        request_id: format!("request-{number}"),
        trace_id: format!("{number:032x}"),
        span_id: Some(format!("{number:016x}")),
        parent_span_id: None,
        session_id: session.map(str::to_owned),
        replica: "one".to_owned(),
        plugin: Some("catalog".to_owned()),
        method: "GET".to_owned(),
        route: Some("/entities".to_owned()),
        path: "/api/catalog/entities/by-name/user/default/hunter2".to_owned(),
        status: 200,
        start_ms: NOW,
        duration_ns: 5,
        bytes: 9,
        is_aborted: false,
        stages: vec![("handling", 4)],
    }
}

/// How many rows each table has.
async fn counts(store: &TestStore) -> [i64; 5] {
    let mut counts = [0; 5];
    let tables = ["rum_session", "rum_view", "rum_event", "rum_error_group", "rum_request"];
    for (count, table) in counts.iter_mut().zip(tables) {
        *count = store.count(table).await;
    }
    counts
}

#[tokio::test]
async fn rum_92_what_is_older_than_is_kept_goes_and_the_rest_stays() {
    let store = TestStore::open().await;
    store.keep(&made_up_session(1, NOW - 2 * DAY)).await;
    store.keep(&made_up_session(2, NOW)).await;
    store.store.keep_requests(vec![request(1, None)]).await.unwrap();
    let all = counts(&store).await;
    assert_eq!(all, [2, 2, 40, 2, 1]);

    assert_eq!(store.store.sweep(days(3), NOW).await.unwrap().sessions, 0);
    let swept = store.store.sweep(days(1), NOW).await.unwrap();
    assert_eq!((swept.sessions, swept.is_unfinished), (1, false));
    assert_eq!(counts(&store).await, [1, 1, 20, 1, 1]);
    let swept = store.store.sweep(days(1), NOW + 2 * DAY).await.unwrap();
    assert_eq!((swept.sessions, swept.requests), (1, 1));
    assert_eq!(counts(&store).await, [0; 5]);
}

#[tokio::test]
async fn rum_92_what_is_too_much_goes_the_oldest_first() {
    let store = TestStore::open().await;
    for session in 0..200 {
        store.keep(&made_up_session(session, NOW - 200_000 + i64::from(session) * 1000)).await;
    }
    let bytes = store.used().await;
    let limits = Limits { bytes: bytes / 2, ..days(7) };
    let swept = store.store.sweep(limits, NOW).await.unwrap();
    assert!((50..=150).contains(&swept.sessions), "{swept:?}");
    let (oldest,): (i64,) = store.rows("select min(started_ms) from rum_session").await[0];
    assert_eq!(oldest, NOW - 200_000 + swept.sessions as i64 * 1000);
    assert!(store.used().await <= bytes / 2);
    assert_eq!(store.store.sweep(limits, NOW).await.unwrap().sessions, 0, "it is enough");
}

#[tokio::test]
async fn rum_93_a_session_is_deleted_with_all_that_is_of_it() {
    let store = TestStore::open().await;
    let (first, second) = (made_up_session(1, NOW), made_up_session(2, NOW));
    store.keep(&first).await;
    store.keep(&second).await;
    store.store.keep_requests(vec![request(1, Some(&first.session)), request(2, None)]).await.unwrap();
    let deleted = store.store.delete_session(&first.session).await.unwrap();
    assert_eq!((deleted.sessions, deleted.views, deleted.events, deleted.requests), (1, 1, 20, 1));
    assert_eq!(counts(&store).await, [1, 1, 20, 1, 1]);
    assert_eq!(store.store.delete_session("nobody's").await.unwrap().sessions, 0);
}

#[tokio::test]
async fn rum_93_a_user_is_deleted_with_all_sessions() {
    let store = TestStore::open().await;
    for session in 0..120 {
        let of = if session < 110 { "anonymous-1" } else { "anonymous-2" };
        store.keep(&made_up_session(session, NOW).of(of)).await;
    }
    assert_eq!(store.store.delete_user("anonymous-1").await.unwrap().sessions, 110);
    assert_eq!(store.count("rum_session").await, 10);
    assert_eq!(store.store.delete_user("anonymous-1").await.unwrap().sessions, 0);
}

#[tokio::test]
async fn rum_94_a_request_of_the_backend_is_found_by_its_trace_and_names_nobody() {
    let store = TestStore::open().await;
    store.store.keep_requests((0..75).map(|number| request(number, None)).collect()).await.unwrap();
    let found: Vec<(String, String, String)> = store
        .rows(format!("select request_id, path, stages from rum_request where trace_id = '{:032x}'", 7))
        .await;
    let path = "/api/catalog/entities/by-name/user/***/***".to_owned();
    assert_eq!(found, [("request-7".to_owned(), path, r#"{"handling":4}"#.to_owned())]);
}

/// A store with a session of more events than go in one transaction.
async fn with_a_large_session() -> TestStore {
    let store = TestStore::open().await;
    let events: Vec<_> = (0..6_000)
        .map(|number| {
            json!({
                "type": "action", "date": NOW, "session": {"id": "large"}, "view": {"id": "view", "url": "https://p.example/"},
                "action": {"id": format!("action-{number}"), "type": "click"},
            })
        })
        .collect();
    store.keep(&sent(&events)).await;
    store
}

#[tokio::test]
async fn a_large_session_goes_in_several_steps() {
    let store = with_a_large_session().await;
    store.keep(&made_up_session(1, NOW + 2 * DAY)).await;
    let swept = store.store.sweep(days(1), NOW + 2 * DAY).await.unwrap();
    assert_eq!((swept.sessions, swept.is_unfinished), (1, false));
    assert_eq!(counts(&store).await, [1, 1, 20, 1, 0]);
}

#[tokio::test]
async fn a_large_session_that_is_deleted_is_gone_at_once() {
    let store = with_a_large_session().await;
    let deleted = store.store.delete_session("large").await.unwrap();
    assert_eq!((deleted.sessions, deleted.events), (1, 6_000));
    assert_eq!(counts(&store).await, [0; 5]);
}
