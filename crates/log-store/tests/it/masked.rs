//! What nobody reads.

use greenroom_log_store::{LineQuery, LogStore};
use greenroom_logging::{Level, Record, RootLogger, fields, info};
use serde_json::json;

use crate::kit::{Kit, SMALL};

const SECRET: &str = "hunter2hunter2";

#[test]
fn log_33_a_secret_that_became_one_after_the_line_was_written_is_masked() {
    let kit = Kit::new();
    let log = kit.root.child(fields! { own: SECRET });
    info!(
        log,
        text = SECRET,
        below = &json!({"a": [SECRET], SECRET: 1}),
        number = 74_656_667,
        "said {SECRET}"
    );
    assert!(kit.written.lines()[0].contains(SECRET), "until then it was none");
    kit.root.add_redactions([SECRET, "74656667"]);
    let line = kit.line();
    assert_eq!(line.message, "said ***");
    assert_eq!((&line.fields["own"], &line.fields["text"]), (&json!("***"), &json!("***")));
    assert_eq!(
        (&line.fields["below"], &line.fields["number"]),
        (&json!({"a": ["***"], "***": 1}), &json!("***"))
    );
    assert!(!format!("{line:?}{}", serde_json::to_string(&line).unwrap()).contains(SECRET));
}

#[test]
fn log_33_what_is_masked_is_not_found_by_its_text() {
    let kit = Kit::of(SMALL, |builder| builder.secrets([SECRET]));
    info!(kit.root, text = SECRET, "said {SECRET}");
    let found =
        |text: &str| kit.found(LineQuery { text: Some(text.to_owned()), ..LineQuery::default() }).len();
    assert_eq!((found("said"), found(SECRET), found("hunter2h")), (1, 0, 0));
}

#[test]
fn log_33_what_is_named_like_a_secret_is_masked_and_so_are_credentials_in_urls() {
    let kit = Kit::new();
    let below = json!({"clientSecret": "canary", "clientId": "shown", "list": [{"access_token": "canary"}]});
    let log = kit.root.child(fields! { password: "canary" });
    info!(
        log,
        apiToken = "canary",
        below = &below,
        url = "https://me:canary@x/cb?code=canary",
        "GET https://x/?token=canary"
    );
    let line = kit.line();
    assert!(!format!("{line:?}").contains("canary"), "{line:?}");
    assert_eq!(
        (&line.fields["password"], &line.fields["below"]["clientId"]),
        (&json!("***"), &json!("shown"))
    );
    assert_eq!(line.message, "GET https://x/?token=***");
}

#[test]
fn what_lines_are_found_by_is_shown() {
    let kit = Kit::new();
    info!(
        kit.root,
        requestId = "a",
        trace_id = "b",
        sessionId = "c",
        principalType = "user",
        route = "/a",
        "x"
    );
    let line = kit.line();
    for (key, value) in [
        ("requestId", "a"),
        ("trace_id", "b"),
        ("sessionId", "c"),
        ("principalType", "user"),
        ("route", "/a"),
    ] {
        assert_eq!(line.fields[key], value);
    }
}

/// Half of a secret is not recognised, so that it must not be shown.
#[test]
fn log_33_of_a_secret_that_is_cut_nothing_is_shown() {
    for length in (16 << 10) - 20..(16 << 10) + 20 {
        let kit = Kit::new();
        let text = format!("{}{SECRET}{}", "x".repeat(length), "y".repeat(40));
        info!(kit.root, field = &text, json = &json!({"a": &text}), "{text}");
        kit.root.add_redactions([SECRET]);
        let line = kit.line();
        let told = serde_json::to_string(&line).unwrap();
        assert!(line.is_cut && !told.contains("hun"), "{length}");
    }
}

#[test]
fn a_sentence_that_holds_no_secret_is_shown_as_it_is_and_so_is_where_it_comes_from() {
    let kit = Kit::new();
    let log = kit.root.plugin("app").child(fields! { service: "start" });
    log.log(&Record::new(Level::Info, format_args!("the app did start")).unmasked());
    kit.root.add_redactions(["start", "app"]);
    log.log(&Record::new(Level::Info, format_args!("the app did start")).unmasked());
    log.info("the app did start");
    info!(log, plugin = "app", "x");
    let all = kit.all();
    for line in &all[..2] {
        assert_eq!((&*line.message, line.plugin.as_deref()), ("the app did start", Some("app")));
        assert_eq!(line.fields["service"], "start");
    }
    assert_eq!(all[2].message, "the *** did ***");
    assert_eq!(all[3].plugin.as_deref(), Some("***"));
}

#[test]
fn an_id_that_a_client_chose_is_masked_too() {
    let kit = Kit::of(SMALL, |builder| builder.secrets([SECRET]));
    let request = greenroom_context::Request::new(Some(SECRET), None);
    greenroom_context::Context::current().with_request(request).sync_scope(|| kit.root.info("x"));
    assert_eq!(kit.line().request_id.as_deref(), Some("***"));
}

#[test]
fn log_33_nothing_is_read_when_nobody_knows_the_secrets_any_more() {
    let store = LogStore::new(SMALL);
    let root = RootLogger::builder().tap(store.sink()).secrets([SECRET]).build();
    root.error(SECRET);
    assert_eq!(store.last_errors(1)[0].message, "***");
    drop(root);
    assert!(store.last_errors(1).is_empty() && store.lines(&LineQuery::default()).lines.is_empty());
}
