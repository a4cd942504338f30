//! Which records a filter lets through.

use greenroom_logging::Level;
use greenroom_logs::Settings;

use crate::support::{messages, raw, shown};

const LOG: &str = concat!(
    r#"{"level":"info","message":"one","plugin":"catalog","status":200,"took":4.5,"timestamp":"2026-11-30T10:00:00.000Z"}"#,
    "\n",
    r#"{"level":"warn","message":"two is SLOW","plugin":"catalog","status":503,"took":6,"user":{"name":"A B","age":7},"timestamp":"2026-11-30T10:01:00.000Z"}"#,
    "\n",
    r#"{"level":"error","message":"three","plugin":"auth","tags":["a","b"],"a.b":"dotted","stack":"Error: Deep inside\n    at x (/a.js:1:2)","timestamp":"2026-11-30T10:02:00.000Z"}"#,
    "\n",
    r#"{"level":"debug","message":"four","plugin":"cat","took":"12","type":"x","timestamp":"2026-11-30T10:03:00.000Z"}"#,
    "\n",
    "Error: no such table\n    at run (/app/node_modules/@backstage/plugin-catalog-backend/dist/x.js:1:2)\n",
    r#"{"level":"info","message":"five","timestamp":"2026-11-30T10:04:00.000Z"}"#,
    "\n",
);

#[test]
fn all_terms_hold() {
    for (filter, expected) in [
        ("", &["one", "two is SLOW", "three", "four", "Error: no such table", "five"][..]),
        ("plugin:auth", &["three"]),
        ("plugin=auth", &["three"]),
        // A plugin that is guessed is matched, too.
        ("plugin:catalog", &["one", "two is SLOW", "Error: no such table"]),
        ("plugin:cat*", &["one", "two is SLOW", "four", "Error: no such table"]),
        ("plugin:*t*g", &["one", "two is SLOW", "Error: no such table"]),
        ("-plugin:*", &["five"]),
        ("plugin:catalog status:>=500", &["two is SLOW"]),
        ("took:>4.5", &["two is SLOW", "four"]),
        ("took:>=4.5 took:<6", &["one"]),
        ("took:<=6 -status:200", &["two is SLOW"]),
        ("status:200", &["one"]),
        ("status:20", &[]),
        ("user.name:\"A B\"", &["two is SLOW"]),
        ("user.age:>6", &["two is SLOW"]),
        ("a.b:dotted", &["three"]),
        ("tags:b", &["three"]),
        ("tags:c", &[]),
        ("type:x", &["four"]),
        ("level:error", &["three", "Error: no such table"]),
        ("slow", &["two is SLOW"]),
        ("\"deep INSIDE\"", &["three"]),
        ("-deep -slow level:warn", &[]),
        ("stack:*", &["three", "Error: no such table"]),
        ("plugin:\"cat*\"", &[]),
        ("time:2026-11-30T10:03*", &["four"]),
    ] {
        assert_eq!(messages(filter, LOG.as_bytes()), expected, "{filter}");
    }
}

#[test]
fn a_level_lets_through_what_is_as_grave_or_graver() {
    let count = |level| {
        let settings = Settings { level: Some(level), ..raw("") };
        shown(settings, LOG.as_bytes()).lines().filter(|line| !line.starts_with(' ')).count()
    };
    assert_eq!([Level::Error, Level::Warn, Level::Info, Level::Debug].map(count), [2, 3, 5, 6]);
}

#[test]
fn a_range_takes_what_has_no_time_for_as_old_as_the_record_before_it() {
    let between = |since: Option<&str>, until: Option<&str>| {
        let [since, until] = [since, until].map(|time| time.map(|time| time.parse().unwrap()));
        shown(Settings { since, until, ..raw("") }, LOG.as_bytes())
    };
    let text = between(Some("2026-11-30T10:03:00Z"), Some("2026-11-30T10:04:00Z"));
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("four") && text.contains("no such table"));
    assert!(between(Some("2026-11-30T10:04:00Z"), None).contains("five"));
    assert_eq!(between(None, Some("2026-11-30T10:01:00Z")).lines().count(), 1);
}
