//! The browser's mask and the intake's are one: whatever the text, whatever the name.

use greenroom_redact::{NAME_LISTS, name_is_secret};

use super::*;
use crate::scrub::steps::tests::{repeated, takes_too_long};

#[path = "../../../../../crates/redact/src/name/cases.rs"]
mod cases;

/// Whether the browser and the intake make the same of these events, and what they make.
fn masked_alike(events: Vec<Value>) -> Vec<Value> {
    let rum = rum("", ", keptParameters: [tab]", "");
    let told = run(&rum, json!({"origin": "https://p.example", "events": &events}));
    let after: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(after.len(), events.len());
    for (before, after) in events.iter().zip(&after) {
        let line = before.to_string();
        let expected: Value = serde_json::from_str(&scrubbed_line(&line, &rum.kept)).unwrap();
        assert_eq!(after, &expected, "{before}");
    }
    after
}

fn with_message(text: &String) -> Value {
    json!({"type": "error", "error": {"message": text}})
}

fn some<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Names of secrets and of what is none: those of the tests of `greenroom-redact`, those of its lists, and what is made of such
/// words.
fn names() -> Vec<String> {
    let cases = [
        cases::OF_BACKSTAGE,
        cases::DECLARED_ALONE,
        cases::HARMLESS_IN_BACKSTAGE,
        cases::ALIKE,
        cases::GO_ON,
        cases::PARAMETERS,
        cases::NO_PARAMETERS,
    ];
    let cases = cases.into_iter().flat_map(str::split_whitespace).map(str::to_owned);
    let all = [NAME_LISTS.endings, NAME_LISTS.anywhere, NAME_LISTS.words, NAME_LISTS.about_secrets];
    let more = [NAME_LISTS.names, NAME_LISTS.parameter_endings, NAME_LISTS.parameters, NAME_LISTS.harmless];
    let listed: Vec<_> = all.into_iter().chain(more).flatten().map(|word| (*word).to_owned()).collect();
    let word = prop_oneof![
        proptest::sample::select(listed.clone()),
        "[a-z]{1,3}|[A-Z]{1,2}|[0-9]|\u{212a}|\u{130}|s"
    ];
    let part = (word, "[-_.\\[\\] ]?", 0..3).prop_map(|(word, mark, case)| {
        let capital = || word[..1].to_uppercase() + &word[1..];
        let word = match case {
            0 => word.to_lowercase(),
            1 => word.to_uppercase(),
            _ if word.is_char_boundary(1) => capital(),
            _ => word,
        };
        word + &mark
    });
    let made = collection::vec(part, 1..4).prop_map(|parts| parts.concat());
    cases.chain(listed).chain(some(&made, 1500)).collect()
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_what_has_the_name_of_a_secret_is_masked_by_the_same_rule_in_both() {
    let names = names();
    let events = names.iter().flat_map(|name| {
        let context = json!({"type": "error", "context": {name: "hunter2"}});
        [
            context,
            with_message(&format!("x {name}: hunter2")),
            with_message(&format!("/x?tab=a/{name}=hunter2")),
        ]
    });
    let after = masked_alike(events.collect());
    for (name, after) in names.iter().zip(after.chunks(3)) {
        assert!(!name_is_secret(name) || !after[0].to_string().contains("hunter2"), "{name}");
    }
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_a_text_is_masked_by_the_same_rules_in_both() {
    let piece = prop_oneof![
        "https?://|//|:/|[?&;#=@:/\\\\]|[\"'`(){}<>\\[\\]]|[ \n\t\u{85}\u{a0}\u{feff}\u{1}]",
        "(password|apiKey|[cC]ookie|authorization)[\"'`\\]\\\\]{0,2} ?(:|=|=>|:=|: )[\\\\]{0,3}[\"'`\\[{]|(Set-)?Cookie: |\\\\{1,8}|\\\\\"|\\\\{3}\"|\r",
        "token[=.:]|hooks[/.]|webhooks/|services/|code=|state=|a=|tab=|limit=|password\"?[:=] {0,70}[\"'`\\[{]?|apiKey",
        "%3[aAdDfF]|%2[2567]|%(25){0,2}40|%FF|%C3%A9|%E2|%|%74oken",
        "(eyJ[a-zA-Z0-9]{3,9}\\.?){1,6}|-----BEGIN (RSA PRIVATE|PRIVATE|PUBLIC) KEY-----|-----END ",
        "[Bb]earer  ?|BASIC |gh[ps]_[a-zA-Z0-9]{12,20}|github_pat_[a-z0-9_]{14,18}|glpat-[a-z]{14,18}|xoxb-[0-9a-z]{8,12}",
        "[aA]uthorization[\"']?( => |: ?|=)[\"'`\\[{]?(Token|Digest|null|)[ ,\"'=}]|'authorization: ",
        "me|user:pw|h\\.example|:8080|\\.com|a\\.b-c|x|[A-Z][a-z]{2,9}|[a-z0-9]{6,24}|\u{e9}|\u{1f600}|\u{212a}",
    ];
    let texts = collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat());
    let events = some(&texts, 2000).iter().chain(&some(&"\\PC{0,40}", 300)).map(with_message).collect();
    masked_alike(events);
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_json_in_a_text_is_masked_by_the_same_rules_in_both() {
    let value = "[a-c \\\\\"'`{}\\[\\],;:=&<>\n\u{e9}\u{1f600}]{0,12}hunter2";
    let member = (value, any::<bool>(), 0..4_u8, 0..90_usize).prop_map(|(value, is_list, depth, cut)| {
        let value = if is_list { json!([{"a": value}, value]) } else { json!(value) };
        let shown = json!({"a": "b c", "set-cookie": value, "z": 1}).to_string();
        let nested = (0..depth).fold(shown, |inner, _| json!({"inner": inner}).to_string());
        let cut = nested.char_indices().rev().nth(cut).map_or(0, |(at, _)| at);
        [nested.clone(), nested[..cut].to_owned()]
    });
    let texts = some(&member, 500).concat();
    for after in masked_alike(texts.iter().map(with_message).collect()) {
        assert!(!after.to_string().contains("hunter2"), "{after}");
    }
}

/// What a shorter rule than the intake's let through.
#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_credentials_are_found_wherever_they_stand() {
    for (text, expected) in [
        ("https:/me:hunter2@host/", "https:/***@host/"),
        ("amqp://me:hun/ter2@host", "amqp://***@host"),
        ("https://hooks.slack.com/services/T0A1/hunter2", "https://hooks.slack.com/services/***"),
        ("GET /x/code=hunter2/y", "GET /x/code=***/y"),
        ("/x?tab=https%3A%2F%2Fme%3Ahunter2%40host", "/x?tab=***"),
        ("/users/hunter2%2540example.com/x", "/users/***/x"),
        ("/users/hunter2%252540example.com", "/users/***"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "***"),
        (
            r#"{"passwordConfirm":"hunter2","signingKey":"hunter2"}"#,
            r#"{"passwordConfirm":"***","signingKey":"***"}"#,
        ),
    ] {
        let after = masked_alike(vec![with_message(&text.to_owned())]);
        assert_eq!(after[0]["error"]["message"], expected);
    }
    let context = json!({"type": "error", "context": {"me@example.com": {"x": 1}, "signingKey": "hunter2"}});
    assert_eq!(masked_alike(vec![context])[0]["context"], json!({"***": {"x": 1}, "signingKey": "***"}));
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_each_place_that_the_browser_can_change_is_masked() {
    for place in URLS.into_iter().chain([
        "/view/name",
        "/error/message",
        "/error/stack",
        "/error/handling_stack",
        "/error/fingerprint",
        "/resource/graphql/variables",
        "/resource/request/headers/referer",
        "/resource/response/headers/location",
        "/action/target/name",
        "/long_task/scripts/*/invoker",
        "/context/a/b",
    ]) {
        // From the innermost name on.
        let event =
            place.rsplit('/').filter(|name| !name.is_empty()).fold(json!("/x?q=hunter2"), |inner, name| {
                if name == "*" { json!([inner]) } else { json!({name: inner}) }
            });
        let after = &masked_alike(vec![event])[0];
        assert_eq!(texts_at(after, place), ["/x?q=***"], "{place}");
    }
}

/// The intake takes no more than its own depth; the browser shortens before that.
#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn what_is_very_deep_in_a_context_is_masked_as_a_whole() {
    let deep = |levels| (0..levels).fold(json!("plain"), |inner, _| json!({"a": inner}));
    let event = |levels| json!({"type": "action", "context": deep(levels)});
    let input = json!({"origin": "https://p.example", "events": [event(9), event(12)]});
    let told = run(&rum("", "", ""), input);
    assert_eq!(told["events"][0]["event"], event(9));
    let masked = (0..10).fold(json!("***"), |inner, _| json!({"a": inner}));
    assert_eq!(told["events"][1]["event"]["context"], masked);
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn a_text_of_twice_the_length_takes_twice_the_steps_in_the_browser_too() {
    let events: Vec<_> = repeated().iter().flatten().map(with_message).collect();
    let input = json!({"origin": "https://p.example", "events": events, "isCounted": true});
    let told = run(&rum("", "", ""), input);
    let steps: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|steps| steps.as_u64().unwrap()).collect();
    assert_eq!(takes_too_long(steps.as_chunks().0), Vec::<String>::new());
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_a_text_that_goes_on_is_masked_by_the_same_rules_in_both() {
    masked_alike(repeated().iter().step_by(7).map(|[text, _]| with_message(text)).collect());
}
