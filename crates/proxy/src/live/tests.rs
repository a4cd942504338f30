//! Which plugins are told apart, and which of them are plugins.

use super::*;

#[tokio::test]
async fn of_ten_thousand_names_few_are_told_apart_and_no_refusal_is_lost() {
    const NAMES: u64 = 10_000;
    let live = Arc::new(Live::new(Limits::default()));
    for name in 0..NAMES {
        let place = live.enter(&format!("p{name}"), false).unwrap();
        place.answered(&Method::GET, StatusCode::UNAUTHORIZED, "id");
        place.refused(StatusCode::UNAUTHORIZED, "missing");
    }
    let plugins = live.status();
    assert_eq!(plugins.len(), MOST_PLUGINS + 1);
    let refused = plugins.values().flat_map(|plugin| &plugin.refused);
    assert_eq!(refused.map(|refused| refused.count).sum::<u64>(), NAMES);
    let [others] = &plugins[OTHER_PLUGINS].refused[..] else { panic!("{plugins:?}") };
    assert_eq!((others.status, others.reason, others.count), (401, "missing", NAMES - MOST_PLUGINS as u64));
    // One of them comes back: what it was refused before stays with the others.
    let place = live.enter("p0", false).unwrap();
    place.answered(&Method::GET, StatusCode::UNAUTHORIZED, "id");
    place.refused(StatusCode::UNAUTHORIZED, "missing");
    drop(place);
    let plugins = live.status();
    let counts = ["p0", OTHER_PLUGINS].map(|id| plugins[id].refused[0].count);
    assert_eq!(counts, [1, NAMES - MOST_PLUGINS as u64 + 1], "one more had to give way");
}

#[test]
fn a_plugin_is_found_by_what_plugins_answer_and_not_by_what_is_said_of_any_name() {
    let live = Arc::new(Live::new(Limits::default()));
    let is_found = |id: &str, method: Method, status: u16| {
        let place = live.enter(id, false).unwrap();
        place.answered(&method, StatusCode::from_u16(status).unwrap(), "id");
        assert_eq!(place.is_plugins(), live.status()[id].is_found, "{id}");
        place.is_plugins()
    };
    for status in [101, 200, 204, 302, 304, 401, 403, 500, 501, 503] {
        assert!(is_found(&format!("p{status}"), Method::GET, status), "{status}");
        assert!(!is_found(&format!("cors{status}"), Method::OPTIONS, status), "{status}");
    }
    for status in [400, 404, 405, 413, 429, 431] {
        assert!(!is_found(&format!("p{status}"), Method::GET, status), "{status}");
    }
    assert!(is_found("p200", Method::GET, 404), "it stays one");
    assert!(!is_found("", Method::GET, 200), "a page is no plugin's");
    let probe = live.enter_probe().unwrap();
    probe.answered(&Method::GET, StatusCode::OK, "id");
    assert!(!probe.is_plugins());
}

#[test]
fn where_every_name_is_refused_few_are_taken_for_plugins_and_one_that_answers_is_one_still() {
    let live = Arc::new(Live::new(Limits::default()));
    let is_found = |id: &str, status| {
        let place = live.enter(id, false).unwrap();
        place.answered(&Method::GET, status, "id");
        place.is_plugins()
    };
    let refused = (0..10_000).filter(|name| is_found(&format!("p{name}"), StatusCode::UNAUTHORIZED));
    assert_eq!(refused.count(), MOST_PLUGINS / 2);
    assert!(!is_found("search", StatusCode::UNAUTHORIZED));
    assert!(is_found("search", StatusCode::OK));
}

#[test]
fn where_every_name_is_answered_no_more_are_told_in_a_life_than_are_told_apart() {
    let live = Arc::new(Live::new(Limits::default()));
    let is_found = |id: &str| {
        let place = live.enter(id, false).unwrap();
        place.answered(&Method::GET, StatusCode::OK, "id");
        place.is_plugins()
    };
    assert_eq!((0..10_000).filter(|name| is_found(&format!("p{name}"))).count(), MOST_PLUGINS);
    // The first ones have given way since, and come back by the names that they had.
    assert!(!live.status().contains_key("p0"));
    assert!(is_found("p0") && !is_found("p9999") && !is_found("late"));
    assert_eq!(live.status().values().filter(|plugin| plugin.is_found).count(), 1);
}

#[test]
fn a_health_check_that_is_answered_not_ready_is_no_failure_and_any_other_5xx_is() {
    let live = Arc::new(Live::new(Limits::default()));
    let answered = |place: Place, status| place.answered(&Method::GET, status, "id");
    for (status, failures) in [(StatusCode::SERVICE_UNAVAILABLE, [0, 1]), (StatusCode::BAD_GATEWAY, [1, 2])] {
        answered(live.enter_probe().unwrap(), status);
        answered(live.enter("catalog", false).unwrap(), status);
        let plugins = live.status();
        assert_eq!([PROBES, "catalog"].map(|id| plugins[id].failures), failures, "{status}");
    }
}

#[test]
fn suspects_are_those_that_wait_since_lately_who_has_most_first() {
    let live = Arc::new(Live::new(Limits::default()));
    let enter = |plugin: &str| live.enter(plugin, false).unwrap();
    let _old = enter("old");
    live.turn();
    live.turn();
    let catalog = [enter("catalog"), enter("catalog")];
    let (search, _pages) = (enter("search"), enter(""));
    search.answered(&Method::GET, StatusCode::OK, "id");
    let suspects = || {
        let of = live.suspects().into_iter().map(|suspect| (suspect.plugin, suspect.requests));
        of.collect::<Vec<_>>()
    };
    assert_eq!(suspects(), [("catalog".to_owned(), 2), (String::new(), 1)]);
    drop(catalog);
    assert_eq!(suspects(), [(String::new(), 1)]);
    let _many: Vec<_> = (0..1000).map(|name| enter(&format!("p{name}"))).collect();
    let suspects = suspects();
    assert_eq!((suspects.len(), &*suspects[0].0), (MOST_SUSPECTS, OTHER_PLUGINS));
}
