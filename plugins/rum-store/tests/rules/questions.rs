//! What pages and programs ask, of sessions that were made for it.

use greenroom_plugin_rum_store::{
    Store,
    group::State,
    made::{self, Made},
    queries::{By, Cursor, Filter, Has, Met, Rating, Vital},
};

use crate::engine::Engine;

const END_MS: i64 = 1_770_000_000_000;
const HOUR_MS: i64 = 3_600_000;
const MADE: Made = Made { sessions: 240, span_ms: 48 * HOUR_MS, end_ms: END_MS };

/// The last 24 hours, and the two minutes in which the first session of their half has begun.
fn day() -> Filter {
    Filter { from_ms: END_MS - 24 * HOUR_MS - 120_000, to_ms: END_MS, ..Filter::default() }
}

/// The store, and the engine that goes with the test.
async fn made() -> (Store, Engine) {
    let (store, engine) = empty().await;
    made::fill(&store, &MADE).await.unwrap();
    (store, engine)
}

async fn empty() -> (Store, Engine) {
    let engine = Engine::start().await;
    (Store::open(&engine.client).await.unwrap(), engine)
}

#[tokio::test]
async fn rum_101_a_summary_tells_each_route_and_each_hour_and_what_a_release_changed() {
    let (store, _engine) = made().await;
    let summary = store.summary(&day()).await.unwrap();
    assert_eq!((summary.sessions, summary.sessions_over_time.len()), (120, summary.buckets.count));
    let measured = &summary.measurements;
    assert_eq!((measured.one_of, measured.all.views), (1, 600));
    assert_eq!(measured.routes.iter().map(|(_, vitals)| vitals.views).sum::<i64>(), 600);
    assert_eq!(measured.over_time.iter().map(|vitals| vitals.views).sum::<i64>(), 600);
    assert_eq!(measured.all.of(Vital::Lcp).n, 120, "one first load for each session");
    assert_eq!(measured.all.of(Vital::Inp).n, 600);

    let releases: Vec<_> = summary.releases.iter().map(|release| &*release.version).collect();
    assert_eq!(releases, [made::RELEASE]);
    let slow = Filter { route: Some(made::SLOW_ROUTE.to_owned()), ..day() };
    let slow = store.summary(&slow).await.unwrap();
    let [before, since] = slow.measurements.around.unwrap();
    assert!(since.of(Vital::Inp).p75 > before.of(Vital::Inp).p75.map(|before| before * 1.5));
    assert_eq!(before.of(Vital::Inp).rating(), Some(Rating::Good));
}

#[tokio::test]
async fn a_filter_leaves_what_it_names() {
    let (store, _engine) = made().await;
    let all = store.summary(&day()).await.unwrap();
    let of = |change: fn(&mut Filter)| {
        let mut filter = day();
        change(&mut filter);
        let store = store.clone();
        async move { store.summary(&filter).await.unwrap() }
    };
    let [desktop, mobile] = [
        of(|filter| filter.device = Some("desktop".to_owned())).await,
        of(|filter| filter.device = Some("mobile".to_owned())).await,
    ];
    assert!(desktop.sessions > mobile.sessions && mobile.sessions > 0);
    assert_eq!(desktop.sessions + mobile.sessions, all.sessions);
    assert_eq!(desktop.errors + mobile.errors, all.errors);
    let old = of(|filter| filter.version = Some("1.14.1".to_owned())).await;
    let new = of(|filter| filter.version = Some(made::RELEASE.to_owned())).await;
    assert_eq!(old.sessions + new.sessions, all.sessions);
    assert!((25..=30).contains(&new.sessions), "a quarter of a day: {}", new.sessions);
    let nowhere = of(|filter| filter.env = Some("' or 1 = 1 --".to_owned())).await;
    assert_eq!((nowhere.sessions, nowhere.measurements.all.views, nowhere.errors), (0, 0, 0));
    let none = of(|filter| filter.service = Some("other".to_owned())).await;
    assert_eq!(none.measurements.all.of(Vital::Lcp).p75, None);

    let choices = store.choices(&day()).await.unwrap();
    assert_eq!(choices.routes.len(), 10);
    assert_eq!(choices.versions.into_iter().collect::<Vec<_>>(), ["1.14.1", made::RELEASE]);
    assert_eq!(choices.devices.into_iter().collect::<Vec<_>>(), ["desktop", "mobile"]);
}

#[tokio::test]
async fn rum_104_a_list_goes_on_where_it_has_ended_and_tells_each_row_once() {
    let (store, _engine) = made().await;
    let (mut after, mut ids, mut began) = (None::<Cursor>, vec![], i64::MAX);
    loop {
        let page = store.sessions(&day(), &Met::default(), after.as_ref(), 50).await.unwrap();
        for course in &page.rows {
            assert!(course.session.started_ms <= began);
            began = course.session.started_ms;
            assert_eq!(course.views.len(), 5);
            assert_eq!(
                course.errors_ms.len() as i64,
                course.views.iter().map(|view| view.errors).sum::<i64>()
            );
        }
        ids.extend(page.rows.into_iter().map(|course| course.session.id));
        let Some(next) = page.next else { break };
        after = Some(Cursor::parse(&next.text()).unwrap());
    }
    assert_eq!(ids.len(), 120);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 120);
}

#[tokio::test]
async fn sessions_are_found_by_what_they_met() {
    let (store, _engine) = made().await;
    let with_errors = store.sessions(&day(), &Has::Errors.into(), None, 200).await.unwrap().rows;
    assert!(!with_errors.is_empty() && with_errors.len() < 120);
    assert!(with_errors.iter().all(|course| !course.errors_ms.is_empty()));
    assert!(store.sessions(&day(), &Has::Frustration.into(), None, 200).await.unwrap().rows.is_empty());
    let paces = store.paces(&day()).await.unwrap();
    let slow = store.sessions(&day(), &Has::SlowView.into(), None, 200).await.unwrap().rows;
    assert!(!slow.is_empty() && slow.len() < 120);
    for course in slow {
        let is_slow = course.views.iter().any(|view| view.loading_ms.unwrap() > paces[&view.route]);
        assert!(is_slow, "{course:?}");
    }
    let counts = store.session_counts(&day(), &Met::default(), END_MS - 15 * 60_000).await.unwrap();
    assert_eq!((counts.sessions, counts.open), (120, 1));
    let errors = store.session_counts(&day(), &Has::Errors.into(), END_MS).await.unwrap();
    assert_eq!(errors.sessions, with_errors.len() as i64);
}

#[tokio::test]
async fn a_session_is_told_with_the_requests_that_this_backend_has_answered() {
    let (store, _engine) = made().await;
    let page = store.sessions(&day(), &Met::default(), None, 1).await.unwrap();
    let story = store.story(&page.rows[0].session.id).await.unwrap().unwrap();
    assert_eq!((story.views.len(), story.events.len(), story.is_cut), (5, 45, false));
    let fetches: Vec<_> =
        story.events.iter().filter(|event| event.sub_type.as_deref() == Some("fetch")).collect();
    assert!(!fetches.is_empty());
    for fetch in fetches {
        let request = story.request_of(fetch).unwrap();
        assert_eq!((&request.path, request.plugin.as_deref()), (&fetch.name, Some("catalog")));
        assert!(request.duration_ms < fetch.duration_ms.unwrap());
        let stages: Vec<_> = request.stages.iter().map(|(name, _)| &**name).collect();
        assert_eq!(stages, ["waiting", "credentials", "handling", "sending"]);
        assert_eq!(
            store.requests_of(fetch.trace_id.as_ref().unwrap()).await.unwrap(),
            std::slice::from_ref(request)
        );
    }
    let click = story.events.iter().find(|event| event.kind == "action").unwrap();
    assert_eq!(click.detail()["action"]["frustration"]["type"], serde_json::json!([]));
    assert_eq!(store.story("nobody's").await.unwrap(), None);
    assert_eq!(store.requests_of("nobody's").await.unwrap(), []);
}

#[tokio::test]
async fn errors_are_told_by_group_with_their_state_and_the_version_they_came_with() {
    let (store, _engine) = made().await;
    let groups = store.error_groups(&day(), None, None, 50).await.unwrap();
    assert_eq!(groups.next, None);
    let of = |fingerprint: &str| groups.rows.iter().find(|group| group.fingerprint == fingerprint).unwrap();
    let (new, old) = (of(made::NEW_ERROR), of(made::OLD_ERROR));
    assert_eq!((new.state, old.state), (State::New, State::Ongoing));
    assert_eq!(new.since_version.as_deref(), Some(made::RELEASE));
    assert_eq!(new.over_time.iter().sum::<i64>(), new.n);
    assert!(new.sessions <= new.n && old.sessions <= old.n);
    let totals = store.error_totals(&day()).await.unwrap();
    assert_eq!((totals.groups, totals.errors, totals.new, totals.back), (2, new.n + old.n, 1, 0));
    let only = store.error_groups(&day(), Some(State::New), None, 50).await.unwrap().rows;
    assert_eq!(only.iter().map(|group| &*group.fingerprint).collect::<Vec<_>>(), [made::NEW_ERROR]);

    let first = store.error_groups(&day(), None, None, 1).await.unwrap();
    let rest = store.error_groups(&day(), None, first.next.as_ref(), 1).await.unwrap();
    assert!(first.rows[0].n >= rest.rows[0].n && first.rows != rest.rows && rest.next.is_none());

    let story = store.group_story(&day(), made::NEW_ERROR).await.unwrap().unwrap();
    assert_eq!(story.versions, [(made::RELEASE.to_owned(), new.n)]);
    let met = Met { error: Some(made::NEW_ERROR.to_owned()), has: None };
    let sessions = store.sessions(&day(), &met, None, 200).await.unwrap().rows;
    assert_eq!(i64::try_from(sessions.len()).unwrap(), new.sessions);
    assert_eq!(story.routes, [(made::SLOW_ROUTE.to_owned(), new.n)]);
    assert_eq!(story.affected[0].last_ms, story.last.began_ms);
    for affected in &story.affected {
        assert!(affected.session.is_some());
        let [.., slow] = &*affected.before else { panic!("{affected:?}") };
        assert!(affected.before.iter().any(|event| event.name == made::SLOW_RESOURCE), "{slow:?}");
    }
    assert_eq!(store.group_story(&day(), "none").await.unwrap(), None);
}

#[tokio::test]
async fn resources_are_told_by_what_was_asked_for_the_slowest_first() {
    let (store, _engine) = empty().await;
    // Of the slow one as many as can be compared.
    made::fill(&store, &Made { sessions: 480, ..MADE }).await.unwrap();
    let (resources, one_of) = store.resources(&day()).await.unwrap();
    assert_eq!(one_of, 1);
    let page = store.slowest(&day(), resources.clone(), By::P75, None, 3).await.unwrap();
    let slowest = &page.rows[0];
    assert_eq!(slowest.resource.name, made::SLOW_RESOURCE);
    assert!(slowest.resource.p75_ms.unwrap() > 2000.0);
    let example = slowest.slowest.as_ref().unwrap();
    assert_eq!(example.name, made::SLOW_RESOURCE);
    assert!(example.duration_ms >= slowest.resource.p75_ms && example.trace_id.is_some());
    let rest = store.slowest(&day(), resources.clone(), By::P75, page.next.as_ref(), 50).await.unwrap();
    assert_eq!(page.rows.len() + rest.rows.len(), resources.len());
    let failing = store.slowest(&day(), resources, By::Failures, None, 50).await.unwrap().rows;
    assert!(failing.windows(2).all(|pair| pair[0].resource.failures >= pair[1].resource.failures));
    let waited = store.waited_for(made::SLOW_ROUTE, &[&example.session_id]).await.unwrap().unwrap();
    assert_eq!(waited.0, made::SLOW_RESOURCE);
}

#[tokio::test]
async fn views_are_told_the_newest_first() {
    let (store, _engine) = made().await;
    let filter = Filter { route: Some("/docs/:namespace/:kind/:name".to_owned()), ..day() };
    let first = store.views(&filter, None, 5).await.unwrap();
    let rest = store.views(&filter, first.next.as_ref(), 5).await.unwrap();
    let began: Vec<_> = first.rows.iter().chain(&rest.rows).map(|view| view.began_ms).collect();
    assert!(began.is_sorted_by(|a, b| a >= b) && began.len() == 10);
    assert!(first.rows.iter().all(|view| Some(&view.route) == filter.route.as_ref()));
    let later = first.rows.iter().find(|view| view.loading_type.as_deref() == Some("route_change")).unwrap();
    assert_eq!((later.vital(Vital::Lcp), later.vital(Vital::Inp).is_some()), (None, true));
}

#[tokio::test]
async fn nothing_is_told_of_an_empty_store() {
    let (store, _engine) = empty().await;
    let summary = store.summary(&day()).await.unwrap();
    assert_eq!((summary.sessions, summary.errors, summary.releases), (0, 0, vec![]));
    assert_eq!(store.sessions(&day(), &Has::SlowView.into(), None, 50).await.unwrap().rows, []);
    assert_eq!(store.error_groups(&day(), None, None, 50).await.unwrap().rows, []);
    assert_eq!(store.resources(&day()).await.unwrap().0, []);
    assert_eq!(store.choices(&day()).await.unwrap(), greenroom_plugin_rum_store::queries::Choices::default());
}
