//! What logs tell.

use super::*;

fn causes(text: &str) -> Vec<&'static str> {
    let log = Log::read(text.as_bytes(), |_| true).unwrap();
    log.wrong().into_iter().chain(log.last_error()).map(|found| found.cause).collect()
}

fn line(second: u32, level: &str, message: &str) -> String {
    format!(
        "{{\"level\":\"{level}\",\"message\":\"{message}\",\"service\":\"backstage\",\
         \"timestamp\":\"2026-12-01T10:00:{second:02}.000Z\"}}\n"
    )
}

/// It passes Node's logger by.
const BEGINS: &str = "Loading config from MergedConfigSource{FileConfigSource{}}\n";

#[test]
fn what_the_last_lines_of_a_process_say_is_the_cause() {
    let heap = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
    assert_eq!(causes(heap), ["v8HeapLimit"]);
    let failed = line(
        3,
        "error",
        "Plugin 'catalog' threw an error during startup. connect ECONNREFUSED 127.0.0.1:5432",
    );
    let started = line(2, "info", "Plugin initialization started: 'catalog', 'app'");
    let text = [BEGINS.to_owned(), started.clone(), failed.clone()].concat();
    assert_eq!(causes(&text), ["databaseDown", "databaseDown"]);
    assert_eq!(causes(&[BEGINS.to_owned(), started].concat()), ["startWaits"]);
}

#[test]
fn a_limit_that_is_reached_is_told_by_its_key_until_it_keeps_up_again() {
    let key = "greenroom.limits.inFlight";
    let began = format!(
        "This backend has too much to do: 9 requests are in flight, as many as {key} allows. More are answered 503"
    );
    let ended = format!("This backend keeps up again: 7 requests were answered 503 by {key}");
    let text = [line(1, "warn", &began), line(2, "error", "no entity")].concat();
    assert_eq!(causes(&text), ["overloaded"]);
    let found = Log::read(text.as_bytes(), |_| true).unwrap().last_error().unwrap();
    assert!(found.what.contains(key) && found.next.contains(key) && found.since.is_some(), "{found:?}");
    assert_eq!(found.hits.as_deref(), Some("everybody"));
    assert_eq!(causes(&(text + &line(3, "info", &ended))), ["errors"]);
    assert_eq!(causes(&[line(1, "warn", &began), line(2, "info", &ended)].concat()), [""; 0]);
}

#[test]
fn a_start_takes_from_its_first_line_with_a_time_to_its_last() {
    let old = line(1, "info", "of the process before");
    let started = line(40, "info", "Plugin initialization started: 'catalog'");
    let complete = line(43, "info", "Plugin initialization complete, newly initialized: 'catalog'");
    for before in [String::new(), old] {
        let text = [before, BEGINS.to_owned(), started.clone(), complete.clone()].concat();
        let log = Log::read(text.as_bytes(), |_| true).unwrap();
        assert_eq!(log.document().and_then(|boot| boot.took_ms), Some(3000.0));
    }
}

#[test]
fn what_was_wrong_before_the_last_start_is_over() {
    let failed = line(3, "error", "Plugin 'catalog' threw an error during startup. no key");
    let started = line(5, "info", "Plugin initialization started: 'catalog'");
    let complete = line(6, "info", "Plugin initialization complete, newly initialized: 'catalog'");
    let text = [BEGINS.to_owned(), failed, BEGINS.to_owned(), started, complete].concat();
    assert_eq!(causes(&text), Vec::<&str>::new());
    let after = [text, line(9, "error", "no entity")].concat();
    assert_eq!(causes(&after), ["errors"]);
}

#[test]
fn a_database_that_goes_away_while_the_backend_runs_is_known_by_who_asks_nothing_else() {
    let started = line(5, "info", "Plugin initialization started: 'catalog'");
    let complete = line(6, "info", "Plugin initialization complete, newly initialized: 'catalog'");
    let well = [BEGINS.to_owned(), started, complete].concat();
    let refused = "connect ECONNREFUSED 10.0.0.1:17543";
    let failed = line(20, "error", &format!("Request failed with status 500 {refused}"));
    let pool = format!("Acquire connection error: Error: {refused}\n");
    let poll = line(21, "warn", &format!("Failed to load processing items {refused}"));
    let later = line(21, "info", "Fetching results").replace("T10:00:", "T10:02:");
    for (behind, told) in [
        (vec![&pool, &failed], vec!["databaseDown"]),
        (vec![&failed, &poll], vec!["databaseDown"]),
        (vec![&poll], vec!["databaseDown"]),
        (vec![&failed], vec!["errors"]),
        (vec![&poll, &later], vec![]),
    ] {
        let text = behind.into_iter().fold(well.clone(), |text, line| text + line);
        assert_eq!(causes(&text), told, "{text}");
    }
}
