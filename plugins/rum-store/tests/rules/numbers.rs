//! Whatever numbers a browser writes, all that pages ask is answered.

use greenroom::errors::Error;
use greenroom_plugin_rum_store::{
    Store,
    queries::{By, Filter, Has, MOST_ROWS, Met},
};
use proptest::{
    arbitrary::any,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use super::support::{NOW, TestStore, sent};

const DAY_MS: i64 = 24 * 3_600_000;

/// Those at the ends of what there is, those beyond, and some between.
fn numbers() -> Vec<Value> {
    let ends = [json!(i64::MIN), json!(-1), json!(0.5), json!(i64::MAX), json!(u64::MAX), json!(1e300)];
    let mut runner = TestRunner::deterministic();
    let between = (0..12).map(|_| json!(any::<i64>().new_tree(&mut runner).unwrap().current()));
    ends.into_iter().chain(between).collect()
}

/// An event of each kind, in which each number is this one.
fn events(session: &str, n: &Value) -> Vec<Value> {
    let event = |kind: &str, member: &str, own: Value| {
        let mut event = json!({
            "type": kind, "date": n, "service": "backstage", "_dd": {"document_version": n},
            "session": {"id": session, "type": "user"}, "view": {"id": "first", "url": "https://p.example/catalog"},
        });
        for (name, value) in own.as_object().unwrap() {
            event[member][name] = value.clone();
        }
        event
    };
    let view = json!({
        "loading_type": "initial_load", "time_spent": n, "loading_time": n, "first_byte": n, "first_contentful_paint": n,
        "largest_contentful_paint": n, "interaction_to_next_paint": n, "cumulative_layout_shift": n,
        "action": {"count": n}, "error": {"count": n}, "long_task": {"count": n}, "resource": {"count": n},
        "frustration": {"count": n},
    });
    let performance = json!({
        "fcp": {"timestamp": n}, "lcp": {"timestamp": n}, "inp": {"duration": n}, "cls": {"score": n},
    });
    let resource = |id: &str| {
        let url = "https://p.example/api/catalog/entities";
        let own = json!({
            "id": id, "type": "fetch", "method": "GET", "url": url, "status_code": n, "duration": n, "size": n,
        });
        event("resource", "resource", own)
    };
    vec![
        event("view", "view", view),
        event("view_update", "view", json!({"id": "second", "performance": performance})),
        resource("r1"),
        resource("r2"),
        event("error", "error", json!({"id": "e", "message": "away", "source": "custom"})),
        event("action", "action", json!({"id": "a", "target": {"name": "go"}, "loading_time": n})),
        event("long_task", "long_task", json!({"id": "l", "entry_type": "long-task", "duration": n})),
        event("vital", "vital", json!({"id": "v", "name": "ready", "duration": n})),
    ]
}

/// All that pages ask, of these sessions and of the last of them alone.
async fn ask_all(store: &Store, sessions: &[&str]) -> Result<(), Error> {
    let week = Filter { from_ms: NOW - 8 * DAY_MS, to_ms: NOW + 1, ..Filter::default() };
    store.summary(&week).await?;
    store.choices(&week).await?;
    store.last_event_ms().await?;
    store.sessions_with_errors(&week).await?;
    store.session_counts(&week, &Met::default(), NOW).await?;
    for has in Has::ALL {
        store.sessions(&week, &has.into(), None, MOST_ROWS).await?;
    }
    for course in store.sessions(&week, &Met::default(), None, MOST_ROWS).await?.rows {
        assert!(course.frustrations() >= 0);
    }
    store.views(&week, None, MOST_ROWS).await?;
    store.error_totals(&week).await?;
    for group in store.error_groups(&week, None, None, MOST_ROWS).await?.rows {
        assert!(store.group_story(&week, &group.fingerprint).await?.is_some());
    }
    let (resources, _) = store.resources(&week).await?;
    for by in By::ALL {
        store.slowest(&week, resources.clone(), by, None, MOST_ROWS).await?;
    }
    store.slowest_sessions(&week, MOST_ROWS).await?;

    let last = sessions[sessions.len() - 1];
    store.grown(last).await?;
    let story = store.story(last).await?.unwrap();
    for event in &story.events {
        assert!(event.duration_ms.is_none_or(|took| (0.0..=86_400_000.0).contains(&took)), "{event:?}");
        assert!(event.size.is_none_or(|size| size >= 0), "{event:?}");
    }
    let (_, waited) = store.waited_for(&story.views[0].route, sessions).await?.unwrap();
    assert!(waited >= 0.0);
    Ok(())
}

#[tokio::test]
async fn rum_91_no_number_in_an_event_keeps_a_question_from_its_answer() {
    let store = TestStore::open().await;
    let mut sessions = vec![];
    for (place, number) in numbers().iter().enumerate() {
        sessions.push(format!("{place:08}-0000-4000-8000-000000000000"));
        let sent = sent(&events(&sessions[place], number));
        assert_eq!(sent.batch().unreadable(), 0, "{number}");
        store.keep(&sent).await;
        let ids: Vec<_> = sessions.iter().map(String::as_str).collect();
        let answered = Box::pin(ask_all(&store.store, &ids)).await;
        assert!(answered.is_ok(), "{number}: {answered:?}");
    }
}
