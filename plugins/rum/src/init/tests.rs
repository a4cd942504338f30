//! What the script does, in a real Node: what needs it is ignored until `cargo xtask test` asks for it.

use std::process::Command;

use greenroom::config::RootConfig;
use proptest::{collection, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::*;
use crate::{
    scrub::scrubbed_line,
    settings::{Mode, Portal, Settings},
};

mod mask;

fn rum(rum: &str, greenroom: &str, more: &str) -> Rum {
    let yaml = format!(
        "app: {{datadogRum: {{clientToken: pub1, applicationId: id1{rum}}}}}\ngreenroom: {{rum: {{sdk: auto{greenroom}}}}}\n{more}"
    );
    match Settings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).mode {
        Mode::On(rum) => *rum,
        other => panic!("{other:?}"),
    }
}

/// What came of running the script on a page.
fn run(rum: &Rum, input: Value) -> Value {
    let script = InitScript::of(rum).text;
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let harness = file("harness.js", include_bytes!("harness.js"));
    file("steps.js", include_bytes!("steps.js"));
    let (script, input) = (file("init.js", &script), file("input.json", input.to_string().as_bytes()));
    let output = Command::new("node").args([harness, script, input]).output().expect("`node` can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn options(rum: &Rum) -> Value {
    let told = run(rum, json!({"origin": "https://second.example"}));
    assert_eq!(told["calls"][0][0], "init");
    told["calls"][0][1].clone()
}

#[test]
fn rum_3_rates_are_numbers() {
    let text = String::from_utf8(
        InitScript::of(&rum(", sessionSampleRate: 50.5, sessionReplaySampleRate: 0", "", "")).text.to_vec(),
    )
    .unwrap();
    assert!(text.contains(r#""sessionSampleRate":50.5,"sessionReplaySampleRate":0,"#), "{text}");
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_8_options_are_what_the_config_says_and_private_by_default() {
    let portal = "backend: {baseUrl: 'https://p.example/base'}\n";
    let direct = options(&rum(", env: prod, site: datadoghq.eu", ", version: '1.2.3'", portal));
    assert_eq!(
        direct,
        json!({
            "applicationId": "id1", "clientToken": "pub1", "service": "backstage", "sessionSampleRate": 100,
            "sessionReplaySampleRate": 0, "telemetrySampleRate": 0, "telemetryConfigurationSampleRate": 0,
            "telemetryUsageSampleRate": 0, "trackUserInteractions": true, "trackResources": true, "trackLongTasks": true,
            "trackAnonymousUser": false, "defaultPrivacyLevel": "mask", "silentMultipleInit": true,
            "site": "datadoghq.eu", "env": "prod", "version": "1.2.3",
            "allowedTracingUrls":
                [{"match": "https://second.example/base/api/", "propagatorTypes": ["tracecontext", "datadog"]}],
            "traceContextInjection": "sampled",
        })
    );
    let forwarded = options(&rum("", ", mode: forward, tracing: false", portal));
    assert_eq!(forwarded["proxy"], "https://second.example/base/api/rum/intake");
    assert!(forwarded.get("allowedTracingUrls").is_none() && forwarded.get("env").is_none());
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_24_a_backend_of_another_origin_is_traced_where_cors_lets_it() {
    let page = |cors: &str| format!("backend: {{baseUrl: 'https://b.example', cors: {cors}}}\n");
    let rum = |cors: &str| {
        let yaml = format!(
            "app: {{baseUrl: 'https://p.example', datadogRum: {{clientToken: a, applicationId: b}}}}\ngreenroom: {{rum: {{mode: forward}}}}\n{}",
            page(cors)
        );
        match Settings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).mode {
            Mode::On(rum) => *rum,
            other => panic!("{other:?}"),
        }
    };
    let let_through = options(&rum("{origin: 'https://p.example'}"));
    assert_eq!(let_through["allowedTracingUrls"][0]["match"], "https://b.example/api/");
    assert_eq!(let_through["proxy"], "https://b.example/api/rum/intake");
    let refused = options(&rum("{allowedHeaders: [content-type]}"));
    assert!(refused.get("allowedTracingUrls").is_none());
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_9_values_reach_the_sdk_literally_and_leave_no_script() {
    let token = "a');alert(1)//</script><!--\u{2028}\u{2029}\\\"${x}/*settings*/";
    let mut rum = rum("", "", "");
    rum.client_token = token.to_owned();
    let text = InitScript::of(&rum).text;
    let text = std::str::from_utf8(&text).unwrap();
    assert!(!text.contains("</script") && !text.contains("<!--") && !text.contains(['\u{2028}', '\u{2029}']));
    let options = options(&rum);
    assert_eq!(options["clientToken"], token);
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_10_without_consent_nothing_is_started() {
    let rum = rum("", ", consent: required", "");
    let ran = |consents: Value| run(&rum, json!({"origin": "https://p.example", "consents": consents}));
    let none = ran(json!([]));
    assert_eq!(
        (&none["calls"], &none["globals"]),
        (&json!([]), &json!(["location", "DD_RUM", "greenroomRum"]))
    );
    assert_eq!(ran(json!([false]))["calls"], json!([]));
    let calls = ran(json!([true, true, false, true]))["calls"].clone();
    let names: Vec<_> = calls.as_array().unwrap().iter().map(|call| call[0].as_str().unwrap()).collect();
    assert_eq!(names, ["init", "consent", "consent", "consent"]);
    assert_eq!((&calls[2][1], &calls[3][1]), (&json!("not-granted"), &json!("granted")));
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_10_only_true_consents_and_what_is_no_boolean_refuses_and_is_told() {
    let rum = rum("", ", consent: required", "");
    let ran = |consents: Value| run(&rum, json!({"origin": "https://p.example", "consents": consents}));
    for given in [json!("false"), json!("true"), json!(1), json!({}), json!(null)] {
        let refused = ran(json!([given]));
        assert_eq!(refused["calls"], json!([]), "{given}");
        assert_eq!(
            refused["warnings"],
            json!(["greenroomRum.consent takes true or false; what it got refuses, as false does"])
        );
    }
    let taken_back = ran(json!([true, "true"]));
    assert_eq!(taken_back["calls"][1], json!(["consent", "not-granted"]));
    assert_eq!(ran(json!([true, false]))["warnings"], json!([]));
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_50_what_was_before_the_consent_is_not_told() {
    let events =
        json!([{"type": "error", "date": 1}, {"type": "view", "date": 1}, {"type": "error", "date": 1e15}]);
    for (consent, consents, expected) in [
        (", consent: required", json!([true]), [false, true, true]),
        (", consent: required", json!([true, false, true]), [false, true, true]),
        ("", json!([]), [true, true, true]),
    ] {
        let input = json!({"origin": "https://p.example", "consents": consents, "events": events});
        let told = run(&rum("", consent, ""), input);
        let sent: Vec<_> = told["events"].as_array().unwrap().iter().map(|event| &event["isSent"]).collect();
        assert_eq!(sent, expected, "{consents}");
    }
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn a_page_without_the_sdk_goes_on() {
    let told = run(&rum("", "", ""), json!({"origin": "https://p.example", "hasSdk": false}));
    assert_eq!(told["calls"], json!([]));
}

/// All events that versions 5, 6 and 7 of the SDK sent in recorded visits.
fn recorded() -> Vec<Value> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let mut events = vec![];
    for file in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if file.to_string_lossy().ends_with("rum.ndjson") {
            let text = std::fs::read_to_string(file).unwrap();
            events.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
    }
    events
}

/// Where an event has a URL; `*` is each one of a list.
const URLS: [&str; 7] = [
    "/view/url",
    "/view/referrer",
    "/view/performance/lcp/resource_url",
    "/error/resource/url",
    "/resource/url",
    "/long_task/scripts/*/source_url",
    "/_dd/debug_ids/*/url",
];

fn texts_at<'a>(event: &'a Value, place: &str) -> Vec<&'a str> {
    let Some((list, member)) = place.split_once("/*/") else {
        return event.pointer(place).and_then(Value::as_str).into_iter().collect();
    };
    let members = event.pointer(list).and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|one| one[member].as_str()).collect()
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_11_no_recorded_event_keeps_the_query_of_a_url_that_the_browser_can_change() {
    let events = recorded();
    assert!(events.len() > 50, "only {} events", events.len());
    let input = json!({"origin": "https://p.example", "events": events});
    let told = run(&rum("", "", ""), input);
    let mut queries = 0;
    for (before, after) in events.iter().zip(told["events"].as_array().unwrap()) {
        if !after["isSent"].as_bool().unwrap() {
            assert!(before["resource"]["url"].as_str().unwrap().contains("/api/rum/intake"), "{before}");
            continue;
        }
        let event = &after["event"];
        for place in URLS {
            for (url, before) in texts_at(event, place).into_iter().zip(texts_at(before, place)) {
                let query = url.split_once('?').map_or("", |(_, query)| query);
                let told: Vec<_> = query.split('&').filter(|pair| !pair.ends_with("***")).collect();
                assert!(
                    told.iter().all(|pair| pair.is_empty() || pair.starts_with("limit=")),
                    "{place}: {url}"
                );
                queries += usize::from(before.contains('?'));
            }
        }
        let same = |name: &str| assert_eq!(before[name], event[name], "{name}");
        ["type", "date", "application", "session", "service", "ddtags"].into_iter().for_each(same);
    }
    assert!(queries > 50, "only {queries} URLs with a query");
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_12_calls_of_the_intake_itself_are_no_events() {
    let resource = |url: &&str| json!({"type": "resource", "resource": {"url": url}});
    let sent = |portal: &str, urls: &[&str]| {
        let portal = Portal::of(&RootConfig::from_yaml(portal).unwrap());
        let rum = Rum { portal, ..rum("", "", "") };
        let events: Vec<_> = urls.iter().map(resource).collect();
        let told = run(&rum, json!({"origin": "https://second.example", "events": events}));
        let events = told["events"].as_array().unwrap().iter();
        let sent = events.zip(urls).filter(|(event, _)| event["isSent"] == true);
        sent.map(|(_, url)| (*url).to_owned()).collect::<Vec<_>>()
    };
    let (second, other) = ("https://second.example/base/api/rum/", "https://b.example/base/api/rum/");
    let with =
        |host: &str, paths: &[&str]| paths.iter().map(|path| [host, path].concat()).collect::<Vec<_>>();
    let calls = ["intake?ddforward=x", "intake", "intake/api/v2/rum", "intake#x"];
    let alike = ["intake-stats", "intake2/x", "sdk"];
    for (portal, own, foreign) in [
        ("backend: {baseUrl: 'https://p.example/base'}", second, other),
        ("app: {baseUrl: 'https://p.example'}\nbackend: {baseUrl: 'https://b.example/base'}", other, second),
    ] {
        let (calls, others) = (with(own, &calls), [with(own, &alike), with(foreign, &calls)].concat());
        let urls: Vec<_> = calls.iter().chain(&others).map(String::as_str).collect();
        assert_eq!(sent(portal, &urls), others);
    }
    let urls = ["/base/api/rum/intake/api/v2/rum", "/base/api/rum/intake-stats"];
    assert_eq!(sent("backend: {baseUrl: 'https://p.example/base'}", &urls), urls[1..]);
}

/// Texts that hold a canary, as they may stand in titles, messages and URLs.
fn canaries() -> impl Strategy<Value = String> {
    let carried = prop_oneof![
        Just("https://a/b?x=hunter2"),
        Just("https://a/b?limit=20&y%5B%5D=hunter2&z"),
        Just("/b#access_token=hunter2"),
        Just("/b?hunter2"),
        Just("https://a/b?x=`hunter2&y=a`hunter2"),
        Just("Authorization: Token hunter2"),
        Just("hunter2@example.com"),
        Just("a.hunter2%40example.com"),
        Just("a.hunter2%2540example.com"),
        Just("https://me:hunter2@host/"),
        Just("clientSecret = hunter2"),
        Just("\"x-api-key\": \"hunter2\""),
        Just("Bearer hunter2hunter2"),
        Just("eyJhbGciOiJIUzI1NiJ9.hunter2.x"),
    ];
    ("[a-z /:?&=#.]{0,10} ", carried, "( \\PC{0,10})?").prop_map(|(a, b, c)| [&a, b, &c].concat())
}

#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn rum_13_a_canary_leaves_neither_the_browser_nor_the_backend() {
    let rum = rum("", "", "");
    let mut runner = TestRunner::deterministic();
    let texts: Vec<_> = (0..300).map(|_| canaries().new_tree(&mut runner).unwrap().current()).collect();
    let of = |text: &String| {
        json!({
            "type": "error",
            "view": {"name": text, "url": text, "referrer": text, "performance": {"lcp": {"resource_url": text}}},
            "error": {"message": text, "stack": text, "handling_stack": text, "resource": {"url": text}},
            "resource": {"url": text, "response": {"headers": {"location": text}}},
            "action": {"target": {"name": text}},
            "long_task": {"scripts": [{"source_url": text, "invoker": text}]},
            "context": {"a": [{"b": text}], "authToken": "hunter2"},
        })
    };
    let events: Vec<_> = texts.iter().map(of).collect();
    for event in &events {
        let line = event.to_string();
        let told = scrubbed_line(&line, &rum.kept);
        assert!(!told.contains("hunter2"), "{told}");
    }
    let told = run(&rum, json!({"origin": "https://p.example", "events": events}));
    for event in told["events"].as_array().unwrap() {
        assert!(!event.to_string().contains("hunter2") && event["isSent"] == true, "{event}");
    }
}

/// Texts of a portal in which nothing is personal.
#[test]
#[ignore = "needs Node: `cargo xtask test` runs it"]
fn what_is_not_personal_is_the_same_in_both() {
    let texts = [
        "Cannot render entity wayback-42",
        "TypeError: Cannot read properties of undefined (reading 'map')\n  at f @ https://p.example/static/main.123.js:1:509",
        "https://p.example/catalog/default/component/wayback?limit=20&filters%5Bkind%5D=component#top",
        "What? Yes! #1 AT&T=good",
        "DIV#root:nth-child(1)",
        "Loading chunk 5 failed.",
        "Unexpected token < in JSON at position 0",
    ];
    let rum = rum("", "", "");
    let events: Vec<_> =
        texts.iter().map(|text| json!({"type": "error", "error": {"message": text}})).collect();
    for event in &events {
        let line = event.to_string();
        assert_eq!(scrubbed_line(&line, &rum.kept), line);
    }
    let told = run(&rum, json!({"origin": "https://p.example", "events": events}));
    let after: Vec<_> = told["events"].as_array().unwrap().iter().map(|told| told["event"].clone()).collect();
    assert_eq!(after, events);
}
