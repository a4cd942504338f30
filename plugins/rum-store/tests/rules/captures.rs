//! Visits that a browser has made with the SDK of versions 5, 6 and 7: what is in the store afterwards.

use serde_json::{Value, json};

use super::support::{TestStore, expected, visit};

fn ms(ns: Option<i64>) -> Value {
    ns.map_or(Value::Null, |ns| json!(ns as f64 / 1e6))
}

type ViewRow = (String, String, Option<String>, i64, i64);
type Measures = (Option<i64>, Option<i64>, Option<f64>, Option<i64>, Option<i64>, Option<i64>);

/// The store in the words of what is expected, but for who the user was: that is masked before it comes here.
async fn told(store: &TestStore) -> Value {
    let sessions: Vec<(String, i64, String, String)> =
        store.rows("select id, has_replay, service, version from rum_session order by id").await;
    let sessions: Vec<_> = sessions
        .into_iter()
        .map(|(id, replay, service, version)| {
            json!({"id": id, "has_replay": replay, "service": service, "version": version})
        })
        .collect();
    let of_views = "from rum_view order by date_ms, id";
    let views: Vec<ViewRow> =
        store.rows(format!("select id, path, loading_type, document_version, is_active {of_views}")).await;
    let measures: Vec<Measures> =
        store.rows(format!("select lcp_ns, inp_ns, cls, fcp_ns, ttfb_ns, loading_time_ns {of_views}")).await;
    let counts: Vec<(i64, i64, i64, i64, i64)> =
        store.rows(format!("select actions, errors, long_tasks, resources, frustrations {of_views}")).await;
    let views: Vec<_> = views
        .into_iter()
        .zip(measures)
        .zip(counts)
        .map(|(((id, path, loading, version, active), (lcp, inp, cls, fcp, ttfb, load)), counts)| {
            json!({
                "id": id, "url_path": path, "loading_type": loading, "document_version": version, "is_active": active,
                "lcp_ms": ms(lcp), "inp_ms": ms(inp), "cls": cls, "fcp_ms": ms(fcp), "ttfb_ms": ms(ttfb),
                "loading_time_ms": ms(load), "action_count": counts.0, "error_count": counts.1,
                "long_task_count": counts.2, "resource_count": counts.3, "frustration_count": counts.4,
            })
        })
        .collect();
    let events: Vec<(String, i64)> =
        store.rows("select type, count(*) from rum_event group by type order by type").await;
    let traces: Vec<(String,)> = store
        .rows("select distinct trace_id from rum_event where trace_id is not null order by trace_id")
        .await;
    json!({
        "sessions": sessions,
        "views": views,
        "event_counts": events.into_iter().map(|(kind, count)| (kind, json!(count))).collect::<serde_json::Map<_, _>>(),
        "trace_ids": traces.into_iter().map(|(id,)| id).collect::<Vec<_>>(),
    })
}

/// The same of what whoever recorded a visit expects.
fn expected_of(name: &str) -> Value {
    let mut expected = expected(name);
    for session in expected["sessions"].as_array_mut().unwrap() {
        session.as_object_mut().unwrap().remove("usr_id");
    }
    let mut traces = expected["trace_ids"].as_array().unwrap().clone();
    traces.sort_by_key(ToString::to_string);
    traces.dedup();
    let [sessions, views, events] = ["sessions", "views", "event_counts"].map(|part| expected[part].clone());
    json!({"sessions": sessions, "views": views, "event_counts": events, "trace_ids": traces})
}

async fn is_as_expected(name: &str) {
    let store = TestStore::open().await;
    store.keep_all(&visit(name)).await;
    assert_eq!(told(&store).await, expected_of(name), "{name}");
}

#[tokio::test]
async fn rum_80_a_recorded_visit_is_in_the_store_with_its_views_events_and_traces() {
    is_as_expected("v7-string-proxy").await;
}

#[tokio::test]
async fn rum_80_visits_of_compressed_batches_are_too() {
    is_as_expected("v7-deflate").await;
    is_as_expected("v7-deflate-long").await;
}

#[tokio::test]
async fn rum_80_visits_of_versions_5_and_6_are_too() {
    is_as_expected("v6-string-proxy").await;
    is_as_expected("v5-string-proxy").await;
}

#[tokio::test]
async fn rum_81_what_comes_twice_is_there_once() {
    let store = TestStore::open().await;
    store.keep_all(&visit("v7-string-proxy")).await;
    let before: Vec<(i64, i64, i64)> = store.rows("select started_ms, last_ms, bytes from rum_session").await;
    let again = store.keep_all(&visit("v7-string-proxy")).await;
    assert!(again.iter().all(|kept| kept.new == 0), "{again:?}");
    assert_eq!(told(&store).await, expected_of("v7-string-proxy"));
    assert_eq!(
        store.rows::<(i64, i64, i64)>("select started_ms, last_ms, bytes from rum_session").await,
        before
    );
}

#[tokio::test]
async fn rum_81_the_order_in_which_it_comes_does_not_matter() {
    for name in ["v7-string-proxy", "v7-view-updates"] {
        let store = TestStore::open().await;
        let backwards: Vec<_> = visit(name).into_iter().rev().collect();
        store.keep_all(&backwards).await;
        assert_eq!(told(&store).await, expected_of(name), "{name}");
    }
}

#[tokio::test]
async fn rum_81_what_a_browser_sends_again_after_408_is_there_once() {
    let store = TestStore::open().await;
    let kept = store.keep_all(&visit("v7-retry-408")).await;
    let new: Vec<_> = kept.iter().map(|kept| kept.new).collect();
    assert_eq!(new, [7, 0, 0, 0, 0, 0, 0, 0, 0], "63 lines, of which 56 are known already");
}

#[tokio::test]
async fn rum_85_updates_of_views_are_merged() {
    let store = TestStore::open().await;
    store.keep_all(&visit("v7-view-updates")).await;
    assert_eq!(told(&store).await, expected_of("v7-view-updates"));
    let views: Vec<(i64, i64, i64)> =
        store.rows("select document_version, time_spent_ns, is_partial from rum_view order by date_ms").await;
    assert_eq!(views, [(3, 6_159_000_000, 0), (3, 33_683_000_000, 0)]);
}

#[tokio::test]
async fn rum_82_the_environment_is_that_of_the_event_or_else_of_the_url() {
    for name in ["v5-string-proxy", "v7-string-proxy"] {
        let store = TestStore::open().await;
        store.keep_all(&visit(name)).await;
        for table in ["rum_session", "rum_view", "rum_event"] {
            let found: Vec<(Option<String>, Option<String>)> =
                store.rows(format!("select distinct env, version from {table}")).await;
            assert_eq!(found, [(Some("local".to_owned()), Some("1.2.3".to_owned()))], "{name} {table}");
        }
    }
}

#[tokio::test]
async fn rum_87_an_error_is_of_one_group_in_all_versions_of_the_sdk() {
    let store = TestStore::open().await;
    for name in ["v5-string-proxy", "v6-string-proxy", "v7-string-proxy"] {
        store.keep_all(&visit(name)).await;
    }
    let groups: Vec<(String, i64, i64)> = store
        .rows(
            "select g.type, count(*), count(distinct e.session_id) from rum_error_group g \
             join rum_event e on e.fingerprint = g.fingerprint where g.type = 'CatalogError' group by g.fingerprint, g.type",
        )
        .await;
    assert_eq!(groups, [("CatalogError".to_owned(), 3, 3)]);
}
