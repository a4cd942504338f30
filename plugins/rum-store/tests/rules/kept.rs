//! What is kept of events that no visit has.

use std::cell::Cell;

use greenroom_database_sql::Row;
use greenroom_plugin_rum_store::{Batch, detail, view_of};
use serde_json::{Value, json};

use super::support::{NOW, Sent, TestStore, arrival, made_up_session, sent, visit};

const SESSION: &str = "0b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3";
const VIEW: &str = "1b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3";
const APPLICATION: &str = "11111111-2222-4333-8444-555555555555";

fn event(kind: &str, number: u32, own: Value) -> Value {
    let mut event = json!({
        "type": kind, "date": NOW - 1000, "application": {"id": APPLICATION}, "session": {"id": SESSION, "type": "user"},
        "view": {"id": VIEW, "url": "https://p.example/catalog/default/component/a"}, "service": "backstage", "_dd": {},
    });
    event[kind] = own;
    event[kind]["id"] = json!(format!("{number:08}-4f50-4a6b-8c7d-8e9fa0b1c2d3"));
    event
}

pub(super) fn view(version: i64, more: Value) -> Value {
    let mut view = json!({
        "type": "view", "date": NOW - 1000, "application": {"id": APPLICATION}, "session": {"id": SESSION, "type": "user"},
        "view": {"id": VIEW, "url": "https://p.example/", "time_spent": 500_000_000, "is_active": true},
        "_dd": {"document_version": version},
    });
    for (name, value) in more.as_object().unwrap() {
        view["view"][name] = value.clone();
    }
    view
}

pub(super) async fn only<R: Row>(store: &TestStore, sql: &str) -> R {
    let mut rows = store.rows(sql).await;
    assert_eq!(rows.len(), 1, "{sql}");
    rows.remove(0)
}

#[tokio::test]
async fn rum_83_a_resource_has_its_trace_and_what_pages_show_of_it() {
    let store = TestStore::open().await;
    let mut resource = event(
        "resource",
        1,
        json!({"type": "fetch", "url": "https://p.example/api/catalog/entities", "method": "GET", "status_code": 200, "duration": 15_800_000, "size": 12}),
    );
    resource["_dd"] = json!({"trace_id": "1234567890123456789", "span_id": "6973839071269183222"});
    resource["action"] = json!({"id": ["a1", "a2"]});
    resource["context"] = json!({"plugin": "catalog"});
    store.keep(&sent(&[resource])).await;
    let row: (String, Option<i64>, Option<i64>) =
        only(&store, "select name, status, duration_ns from rum_event").await;
    assert_eq!(row, ("/api/catalog/entities".to_owned(), Some(200), Some(15_800_000)));
    let row: (String, String, String, String) =
        only(&store, "select method, trace_id, span_id, action_ids from rum_event").await;
    let text = str::to_owned;
    let trace = text("0000000000000000112210f47de98115");
    assert_eq!(row, (text("GET"), trace, text("60c80dafb3bd5ef6"), text("a1 a2")));
    let (packed,): (Vec<u8>,) = only(&store, "select detail from rum_event").await;
    let detail: Value = serde_json::from_str(&detail::unpack(&packed).unwrap()).unwrap();
    assert_eq!(
        (&detail["resource"]["size"], &detail["context"]),
        (&json!(12), &json!({"plugin": "catalog"}))
    );
}

#[tokio::test]
async fn rum_86_an_update_without_its_view_is_kept_until_the_view_comes() {
    let store = TestStore::open().await;
    let mut update = view(2, json!({"loading_time": 7, "time_spent": null}));
    update["type"] = json!("view_update");
    update["context"] = json!({"a": 1});
    store.keep(&sent(&[update])).await;
    let partial: (i64, i64, Option<i64>) =
        only(&store, "select is_partial, document_version, loading_time_ns from rum_view").await;
    assert_eq!(partial, (1, 2, Some(7)));

    assert_eq!(store.keep(&sent(&[view(1, json!({"loading_type": "initial_load"}))])).await.new, 1);
    let whole: (i64, i64, Option<i64>, Option<String>, Option<i64>) = only(
        &store,
        "select is_partial, document_version, loading_time_ns, loading_type, time_spent_ns from rum_view",
    )
    .await;
    assert_eq!(whole, (0, 2, Some(7), Some("initial_load".to_owned()), None));
    let (document,): (Vec<u8>,) = only(&store, "select document from rum_view").await;
    assert_eq!(view_of(&document).unwrap()["context"], json!({"a": 1}));

    assert_eq!(store.keep(&sent(&[view(1, json!({}))])).await.new, 0);
    assert_eq!(store.keep(&sent(&[view(3, json!({"loading_time": 9}))])).await.new, 1);
    let newer: (i64, i64, Option<i64>) =
        only(&store, "select updates, document_version, loading_time_ns from rum_view").await;
    assert_eq!(newer, (0, 3, Some(9)));
}

#[tokio::test]
async fn rum_88_no_id_is_shown_as_a_service_and_nobody_is_named() {
    let store = TestStore::open().await;
    let mut resource = event(
        "resource",
        1,
        json!({"type": "fetch", "url": "https://p.example/api/catalog/entities/by-name/user/default/hunter2"}),
    );
    resource["service"] = json!(APPLICATION);
    resource["usr"] = json!({"id": "***", "name": "***"});
    resource["view"]["url"] = json!("https://p.example/catalog/default/user/hunter2");
    let mut error =
        event("error", 2, json!({"message": "user:default/hunter2 is not there", "source": "source"}));
    error["view"]["url"] = json!("https://p.example/docs/default/user/hunter2?x=***");
    let mut page = view(1, json!({"url": "https://p.example/catalog/default/user/hunter2/overview"}));
    page["context"] = json!({"owner": "user:hunter2"});
    store.keep(&sent(&[resource, error, page])).await;

    let services: Vec<(Option<String>,)> =
        store.rows("select distinct service from rum_event where type = 'resource'").await;
    assert_eq!(services, [(None,)]);
    let (user,): (Option<String>,) = only(&store, "select usr_id from rum_session").await;
    assert_eq!(user, None);
    let texts: Vec<(String, String)> = store
        .rows("select name, route from rum_event union all select path, route from rum_view union all select message, '' from rum_error_group")
        .await;
    let packed: Vec<(Vec<u8>,)> =
        store.rows("select detail from rum_event union all select document from rum_view").await;
    let packed = packed.iter().map(|(packed,)| (detail::unpack(packed).unwrap(), String::new()));
    for (text, other) in texts.into_iter().chain(packed) {
        assert!(!text.contains("hunter2") && !other.contains("hunter2"), "{text} {other}");
    }
}

#[tokio::test]
async fn rum_89_a_session_is_from_its_first_event_to_the_end_of_its_last_view() {
    let store = TestStore::open().await;
    let mut early = event("action", 1, json!({"type": "click", "target": {"name": "Load"}}));
    early["date"] = json!(NOW - 60_000);
    store.keep(&sent(&[early])).await;
    store.keep(&sent(&[view(1, json!({"time_spent": 900_000_000}))])).await;
    let (started, last): (i64, i64) = only(&store, "select started_ms, last_ms from rum_session").await;
    assert_eq!((started, last), (NOW - 60_000, NOW - 100));
}

#[tokio::test]
async fn rum_90_all_of_a_batch_is_kept_or_nothing() {
    let store = TestStore::open().await;
    let good = event("action", 1, json!({"type": "click", "target": {"name": "Load"}}));
    // The table of groups comes last.
    store.break_table("rum_error_group").await;
    let error = event("error", 2, json!({"message": "x", "source": "source"}));
    let failed = store.store.keep(sent(&[good.clone(), view(1, json!({})), error]).batch()).await;
    assert!(failed.is_err());
    for table in ["rum_session", "rum_view", "rum_event"] {
        assert_eq!(store.count(table).await, 0, "{table}");
    }
    assert_eq!(store.keep(&sent(&[good])).await.new, 1);
}

#[tokio::test]
async fn rum_91_what_is_no_event_is_counted_and_the_others_are_kept() {
    let store = TestStore::open().await;
    let good = event("vital", 1, json!({"type": "duration", "name": "hero", "duration": 5}));
    let lines = [
        good.to_string(),
        "{".to_owned(),
        json!({"type": "view"}).to_string(),
        event("error", 2, json!({"message": 5, "stack": ["x"], "source": null})).to_string(),
        event("surprise", 3, json!({})).to_string(),
        json!({"type": "telemetry", "service": "browser-rum-sdk"}).to_string(),
        good.to_string().replace("hero", "a\\u0000b").replace("00000001", "00000004"),
    ];
    let sent = Sent { text: lines.join("\n"), ..sent(&[]) };
    assert_eq!(sent.batch().unreadable(), 3);
    assert_eq!(store.keep(&sent).await.new, 3);
    let names: Vec<(String,)> = store.rows("select name from rum_event order by id").await;
    let names: Vec<_> = names.iter().map(|(name,)| &**name).collect();
    assert_eq!(names, ["hero", "", "a\u{fffd}b"]);
}

#[tokio::test]
async fn rum_90_two_that_keep_at_once_keep_each_event_once() {
    let store = TestStore::open().await;
    let other = store.another().await;
    let batches: Vec<_> = (0..20)
        .map(|number| {
            let errors = (0..5).map(|error| {
                event(
                    "error",
                    number * 3 + error,
                    json!({"message": format!("kind{}", (number + error) % 3), "source": "source"}),
                )
            });
            sent(&errors.chain([view(i64::from(number), json!({}))]).collect::<Vec<_>>())
        })
        .collect();
    let (first, second) = tokio::join!(
        async {
            for sent in &batches {
                store.store.keep(sent.batch()).await.unwrap();
            }
        },
        async {
            for sent in batches.iter().rev() {
                other.keep(sent.batch()).await.unwrap();
            }
        }
    );
    assert_eq!((first, second), ((), ()));
    assert_eq!((store.count("rum_event").await, store.count("rum_view").await), (62, 1));
    let (version,): (i64,) = only(&store, "select document_version from rum_view").await;
    assert_eq!(version, 19);
}

#[tokio::test]
async fn a_group_that_came_back_is_known_whatever_the_order_in_which_its_errors_come() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let error = |number: u32, ago: i64| {
        let mut error =
            event("error", number, json!({"type": "CatalogError", "message": "away", "source": "custom"}));
        error["date"] = json!(NOW - ago);
        error
    };
    let (first, back) = (error(1, 3 * DAY), error(2, DAY));
    let batches = [
        vec![sent(&[first.clone(), back.clone()])],
        vec![sent(std::slice::from_ref(&first)), sent(std::slice::from_ref(&back))],
        vec![sent(std::slice::from_ref(&back)), sent(std::slice::from_ref(&first))],
        vec![sent(std::slice::from_ref(&back)), sent(&[first, back])],
    ];
    for batches in batches {
        let store = TestStore::open().await;
        store.keep_all(&batches).await;
        let group: (i64, i64, Option<i64>, Option<i64>) =
            only(&store, "select first_ms, last_ms, back_ms, away_ms from rum_error_group").await;
        assert_eq!(group, (NOW - 3 * DAY, NOW - DAY, Some(NOW - DAY), Some(2 * DAY)));
    }
}

#[tokio::test]
async fn what_comes_again_is_not_counted_again() {
    let error = |number: u32| event("error", number, json!({"message": "away", "source": "custom"}));
    let bytes = "select bytes from rum_session";
    let once = TestStore::open().await;
    once.keep(&sent(&[error(1), error(2), view(3, json!({}))])).await;
    let again = TestStore::open().await;
    again.keep(&sent(&[error(1), view(1, json!({"loading_time": 5}))])).await;
    again.keep(&sent(&[error(1), error(1), view(2, json!({}))])).await;
    again.keep(&sent(&[error(1), error(2), error(1), view(3, json!({}))])).await;
    assert_eq!(only::<(i64,)>(&again, bytes).await, only::<(i64,)>(&once, bytes).await);
}

#[tokio::test]
async fn a_session_says_nothing_of_the_views_of_another() {
    let store = TestStore::open().await;
    store.keep(&sent(&[view(1, json!({"loading_time": 5}))])).await;
    let mut other = view(9, json!({"loading_time": 7}));
    other["session"]["id"] = json!("another");
    let mut update = other.clone();
    (update["type"], update["_dd"]["document_version"]) = (json!("view_update"), json!(10));
    store.keep(&sent(&[other])).await;
    store.keep(&sent(&[update])).await;
    let views: Vec<(String, i64, i64)> = store
        .rows("select session_id, document_version, loading_time_ns from rum_view order by document_version")
        .await;
    assert_eq!(views, [(SESSION.to_owned(), 1, 5), ("another".to_owned(), 10, 7)]);
}

#[tokio::test]
async fn rum_90_what_comes_at_once_is_kept_together_and_each_batch_whole() {
    let store = TestStore::open().await;
    // Twenty browsers, of which half send again what they have sent, before they are answered.
    let batches = (0..30).map(|number| store.store.keep(made_up_session(number % 20, NOW).batch()));
    let kept = futures_util::future::join_all(batches).await;
    assert!(kept.iter().all(Result::is_ok), "{kept:?}");
    assert_eq!((store.count("rum_session").await, store.count("rum_view").await), (20, 20));
    assert_eq!(store.count("rum_event").await, 20 * 20);
}

#[tokio::test]
async fn rum_90_a_batch_that_cannot_be_kept_keeps_no_other_from_it() {
    let store = TestStore::open().await;
    store.break_table("rum_error_group").await;
    let quiet =
        sent(&[event("resource", 1, json!({"url": "https://p.example/api/catalog", "type": "fetch"}))]);
    let error = sent(&[event("error", 2, json!({"message": "away", "source": "custom"}))]);
    let (one, other) = tokio::join!(store.store.keep(error.batch()), store.store.keep(quiet.batch()));
    assert!(one.is_err() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(store.count("rum_event").await, 1);
}

#[tokio::test]
async fn rum_92_a_session_is_as_large_as_its_rows() {
    let store = TestStore::open().await;
    for name in ["v7-string-proxy", "v7-view-updates", "v5-string-proxy"] {
        store.keep_all(&visit(name)).await;
    }
    // Some come once more, and what an umlaut takes is one character.
    store.keep_all(&visit("v7-view-updates")).await;
    store.keep(&sent(&[event("error", 1, json!({"message": "Stück ist weg", "source": "source"}))])).await;
    let sizes = store
        .rows::<(String, i64, i64)>(
            "select s.id, cast(s.bytes as bigint), cast(300 \
             + coalesce((select sum(length(e.id) + length(e.session_id) + length(e.view_id) + length(e.name) \
                + length(e.route) + length(e.detail) + 180) from rum_event e where e.session_id = s.id), 0) \
             + coalesce((select sum(length(v.id) + length(v.session_id) + length(v.route) + length(v.path) \
                + length(v.document) + 400) from rum_view v where v.session_id = s.id), 0) as bigint) from rum_session s",
        )
        .await;
    assert_eq!(sizes.len(), 4);
    for (session, counted, rows) in sizes {
        assert_eq!(counted, rows, "{session}");
    }
}

#[tokio::test]
async fn long_texts_are_cut_and_nothing_of_them_keeps_a_batch_from_the_store() {
    let store = TestStore::open().await;
    let long = "x".repeat(9_000);
    let mut resource =
        event("resource", 1, json!({"type": long, "method": long, "url": "/a", "more": [long, long]}));
    resource["session"]["type"] = json!(long);
    resource["usr"] = json!({"id": long, "anonymous_id": long});
    let mut sent = sent(&[resource, view(1, json!({"loading_type": long}))]);
    sent.arrival.sdk_version = Some("7\0.1".to_owned());
    store.keep(&sent).await;
    let lengths: (i64, i64, i64) = only(
        &store,
        "select cast(length(s.type) as bigint), cast(length(s.anonymous_id) as bigint), cast(length(v.loading_type) as bigint) \
         from rum_session s join rum_view v on v.session_id = s.id",
    )
    .await;
    assert_eq!(lengths, (512, 512, 512));
    let (version,): (String,) = only(&store, "select sdk_version from rum_session").await;
    assert_eq!(version, "7.1");
    let (kept,): (Vec<u8>,) = only(&store, "select detail from rum_event").await;
    let kept: Value = serde_json::from_str(&detail::unpack(&kept).unwrap()).unwrap();
    assert_eq!((&kept["resource"]["is_cut"], &kept["resource"]["more"]), (&json!(true), &Value::Null));
    assert_eq!(kept["resource"]["url"], "/a");
    assert_eq!(store.store.delete_user(&long).await.unwrap().sessions, 1);
}

#[test]
fn what_nobody_waits_for_is_read_no_further() {
    let events: Vec<_> = (0..9).map(|number| event("error", number, json!({"message": "away"}))).collect();
    let text = sent(&events).text;
    let asked = Cell::new(0);
    let is_wanted = || asked.replace(asked.get() + 1) < 2;
    assert!(Batch::read_while(&text, arrival(), is_wanted).is_none());
    assert_eq!(asked.get(), 3);
    assert!(Batch::read_while(&text, arrival(), || true).is_some_and(|batch| batch.unreadable() == 0));
}
