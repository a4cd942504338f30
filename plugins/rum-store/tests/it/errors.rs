//! Which errors of recorded visits are one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::Path,
};

use flate2::read::ZlibDecoder;
use greenroom_plugin_rum_store::{
    fingerprint::{Culprit, ErrorFacts, fingerprint},
    stack::Stack,
};
use serde_json::Value;

/// What three versions of the SDK have sent in six visits of one page.
const VISITS: [&str; 6] = [
    "../rum/tests/fixtures/captures/v5-string-proxy-002-rum.ndjson",
    "../rum/tests/fixtures/captures/v6-string-proxy-003-rum.ndjson",
    "../rum/tests/fixtures/captures/v7-deflate-004-rum.zlib",
    "../rum/tests/fixtures/captures/v7-function-proxy-003-rum.ndjson",
    "../rum/tests/fixtures/captures/v7-string-proxy-003-rum.ndjson",
    "tests/fixtures/v7-nocors-002-rum.ndjson",
];
/// What the same page has logged, in versions 5, 6 and 7.
const LOGGED: [&str; 3] = [
    "../rum/tests/fixtures/captures/v5-string-proxy-006-rum.ndjson",
    "../rum/tests/fixtures/captures/v6-string-proxy-009-rum.ndjson",
    "../rum/tests/fixtures/captures/v7-string-proxy-009-rum.ndjson",
];

/// The errors in these files, and by message the groups that they are of.
fn groups(files: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut groups = BTreeMap::<String, Vec<String>>::new();
    for file in files {
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let mut text = String::new();
        match file.ends_with(".zlib") {
            true => ZlibDecoder::new(&*bytes).read_to_string(&mut text).unwrap(),
            false => bytes.as_slice().read_to_string(&mut text).unwrap(),
        };
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        for event in events.filter(|event: &Value| event["type"] == "error") {
            groups
                .entry(event["error"]["message"].as_str().unwrap().to_owned())
                .or_default()
                .push(group(&event));
        }
    }
    groups
}

fn group(event: &Value) -> String {
    let text = |name: &str| event["error"][name].as_str();
    let stack = Stack::parse(text("stack").unwrap_or_default());
    fingerprint(&ErrorFacts {
        service: event["service"].as_str().unwrap_or_default(),
        fingerprint: text("fingerprint"),
        kind: text("type"),
        source: text("source").unwrap(),
        message: text("message").unwrap(),
        culprit: stack.top().map(Culprit::from),
    })
}

#[test]
fn rum_71_an_error_that_three_versions_of_the_sdk_tell_is_one() {
    let groups = groups(&VISITS);
    let of_entity = &groups["Cannot render entity wayback-42"];
    assert_eq!(of_entity.len(), VISITS.len());
    assert_eq!(of_entity.iter().collect::<BTreeSet<_>>().len(), 1);
    let all: BTreeSet<_> = groups.values().flatten().collect();
    assert_eq!(all.len(), groups.len(), "each message is a group of its own: {groups:?}");
}

#[test]
fn rum_71_what_version_5_logs_has_no_type_and_is_of_another_group() {
    let logged = &groups(&LOGGED)["console err Error: logged"];
    assert_eq!(logged.len(), 3);
    assert!(logged[0] != logged[1] && logged[1] == logged[2], "{logged:?}");
}
