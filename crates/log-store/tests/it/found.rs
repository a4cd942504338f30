//! The search.

use greenroom_log_store::{LineQuery, MOST_LINES};
use greenroom_logging::{Level, debug, error, info, warn};

use crate::kit::{Kit, SMALL, messages};

fn all() -> LineQuery {
    LineQuery::default()
}

fn numbered(count: u32) -> Kit {
    let kit = Kit::new();
    (1..=count).for_each(|number| kit.root.info(number));
    kit
}

#[test]
fn log_34_pages_go_back_from_the_last_line_and_meet_each_once() {
    let kit = numbered(25);
    let (mut before, mut seen) = (None, vec![]);
    loop {
        let page = kit.store.lines(&LineQuery { before, limit: 10, ..all() });
        assert!(page.lines.is_sorted_by_key(|line| line.sequence));
        let mut texts: Vec<String> = page.lines.iter().map(|line| line.message.clone()).collect();
        texts.append(&mut seen);
        seen = texts;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=25).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn log_34_pages_go_on_from_a_line_to_the_last() {
    let kit = numbered(25);
    let third = kit.all()[2].sequence;
    let page = kit.store.lines(&LineQuery { after: Some(third), limit: 3, ..all() });
    assert_eq!(messages(&page.lines), ["4", "5", "6"]);
    let page = kit.store.lines(&LineQuery { after: page.next, limit: 100, ..all() });
    assert_eq!((page.lines.len(), page.next), (19, None));
    let between = LineQuery { after: Some(third), before: Some(third + 3), ..all() };
    assert_eq!(messages(&kit.found(between)), ["4", "5"]);
}

#[test]
fn a_page_has_one_line_at_least_and_never_too_many() {
    let kit = numbered(MOST_LINES as u32 + 1);
    assert_eq!(kit.found(LineQuery { limit: 0, ..all() }).len(), 1);
    assert_eq!(kit.found(LineQuery { limit: usize::MAX, ..all() }).len(), MOST_LINES);
}

#[test]
fn health_22_the_lines_around_a_moment_are_those_nearest_to_it_in_their_order_and_masked() {
    let kit = Kit::new();
    let mail = kit.root.plugin("mail");
    (1..=40).for_each(|number| mail.info(number));
    let at = kit.all()[19].time;
    kit.root.plugin("search").info("nobody asks for it");
    kit.root.plugin("search").error("token hunter2hunter2 was refused");
    kit.root.add_redactions(["hunter2hunter2"]);
    let of_mail = ["mail".to_owned()];
    let around = kit.store.around(at, &of_mail, 1000);
    let texts = messages(&around);
    assert_eq!((texts.len(), texts[0], texts[39], texts[40]), (41, "1", "40", "token *** was refused"));
    let nearest = kit.store.around(at, &of_mail, 7);
    assert!(nearest.len() == 7 && nearest.is_sorted_by_key(|line| line.sequence));
    assert!(nearest.iter().any(|line| line.time == at), "{nearest:?}");
    assert_eq!(messages(&kit.store.around(at, &[], 10)), ["token *** was refused"]);
    let second = std::time::Duration::from_secs(1);
    assert!(kit.store.around(at - 41 * second, &of_mail, 10).is_empty(), "it is long before");
    assert!(kit.store.around(at + 31 * second, &of_mail, 10).is_empty(), "it is long after");
    assert!(kit.store.around(std::time::UNIX_EPOCH, &of_mail, 10).is_empty());
}

#[test]
fn health_22_in_a_flood_the_lines_nearest_to_the_moment_are_found_however_many_were_before() {
    let kit = Kit::of(64 << 20, |builder| builder);
    let mail = kit.root.plugin("mail");
    (0..25_000).for_each(|number| mail.warn(number));
    // The clock goes on: what comes now is nearer than all of these.
    let flooded = std::time::SystemTime::now();
    while std::time::SystemTime::now() < flooded + std::time::Duration::from_millis(2) {}
    mail.error("it broke");
    let last = kit.all().pop().unwrap();
    let around = kit.store.around(last.time, &[], 1);
    assert_eq!(messages(&around), ["it broke"]);
    assert!(kit.store.around(last.time, &[], 0).is_empty());
}

#[test]
fn a_level_stands_for_itself_and_all_that_is_graver() {
    let kit = Kit::of(SMALL, |builder| builder.level(Level::Debug));
    debug!(kit.root, "debug");
    info!(kit.root, "info");
    warn!(kit.root, "warn");
    error!(kit.root, "error");
    let found = |level| kit.found(LineQuery { min_level: Some(level), ..all() });
    assert_eq!(messages(&found(Level::Warn)), ["warn", "error"]);
    assert_eq!(messages(&found(Level::Error)), ["error"]);
    assert_eq!(found(Level::Silly).len(), 4);
}

#[test]
fn a_text_is_found_in_any_case_wherever_a_line_shows_it() {
    let kit = Kit::new();
    info!(kit.root, "Queueing ÄPFEL");
    info!(kit.root, color = "Äpfel-grün", "x");
    info!(kit.root, apples = &serde_json::json!({"äpfel": 1}), "x");
    kit.root.plugin("äpfel").info("x");
    info!(kit.root, status = 503, "pears");
    let found = |text: &str| kit.found(LineQuery { text: Some(text.to_owned()), ..all() });
    assert_eq!(found("äpfel").len(), 4);
    assert_eq!(messages(&found("503")), ["pears"]);
    assert!(found("plums").is_empty());
}

/// More than one answer looks through.
#[test]
fn a_search_that_finds_nothing_goes_on_by_its_cursor_to_the_end() {
    let kit = Kit::of(16 << 20, |builder| builder);
    kit.root.info("the needle");
    (0..25_000).for_each(|_| kit.root.info("hay"));
    let mut query = LineQuery { text: Some("needle".to_owned()), ..all() };
    let first = kit.store.lines(&query);
    assert!(first.lines.is_empty() && first.next.is_some());
    query.before = first.next;
    let second = kit.store.lines(&query);
    assert_eq!((messages(&second.lines), second.next), (vec!["the needle"], None));
}
