//! What of a config switches RUM on, and what switches it off.

use greenroom::config::{ConfigError, RootConfig};
use proptest::prelude::*;

use super::*;

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn settings(yaml: &str) -> Settings {
    Settings::from_config(&RootConfig::from_yaml(yaml).unwrap())
}

fn with(rum: &str, greenroom: &str) -> Settings {
    settings(&format!(
        "app:\n  datadogRum:\n    clientToken: pub1\n    applicationId: {ID}\n{rum}\ngreenroom:\n  rum:\n    version: '1'\n{greenroom}"
    ))
}

fn on(settings: Settings) -> Rum {
    match settings.mode {
        Mode::On(rum) => *rum,
        other => panic!("{other:?}"),
    }
}

fn joined(told: &[ConfigError]) -> String {
    told.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn broken(settings: Settings) -> String {
    match settings.mode {
        Mode::Broken(faults) => joined(&faults),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rum_1_it_is_off_unless_there_are_a_token_and_an_id() {
    for yaml in ["", "app: {title: x}", "app: {datadogRum: {env: local}}", "greenroom: {rum: {mode: auto}}"] {
        assert!(matches!(settings(yaml).mode, Mode::Off), "{yaml}");
    }
    assert!(matches!(with("", "    mode: off").mode, Mode::Off));
    assert!(matches!(with("", "    mode: false").mode, Mode::Off));
    let rum = on(with("", ""));
    assert_eq!((rum.way, &*rum.application_id, &*rum.client_token), (Way::Direct, ID, "pub1"));
}

#[test]
fn rum_2_all_but_the_token_and_the_id_may_be_missing() {
    let rum = on(with("", ""));
    assert_eq!((rum.env, rum.session_rate, rum.replay_rate), (None, 100.0, 0.0));
    assert_eq!((&*rum.service, rum.site.unwrap().name), ("backstage", "datadoghq.com"));
}

#[test]
fn rum_4_a_rate_of_0_stays_0() {
    assert_eq!(on(with("    sessionSampleRate: 0", "")).session_rate, 0.0);
}

#[test]
fn rum_5_a_rate_that_is_a_text_is_read_as_a_number_with_a_warning() {
    let settings = with("    sessionSampleRate: '50'", "");
    assert_eq!(
        joined(&settings.warnings),
        "app.datadogRum.sessionSampleRate is a text, and is read as a number (mock-config:5:24)"
    );
    assert_eq!(on(settings).session_rate, 50.0);
}

#[test]
fn rum_6_what_is_wrong_switches_it_off_and_says_where_and_what_to_do() {
    for (rum, greenroom, told) in [
        (
            "    sessionSampleRate: 101",
            "",
            "app.datadogRum.sessionSampleRate is no number from 0 to 100 (mock-config:5:24)",
        ),
        (
            "    sessionSampleRate: many",
            "",
            "app.datadogRum.sessionSampleRate is no number from 0 to 100 (mock-config:5:24)",
        ),
        (
            "    sessionSampleRate: true",
            "",
            "app.datadogRum.sessionSampleRate is no number from 0 to 100 (mock-config:5:24)",
        ),
        (
            "    sessionReplaySampleRate: -1",
            "",
            "app.datadogRum.sessionReplaySampleRate is no number from 0 to 100 (mock-config:5:30)",
        ),
        ("    env: [a]", "", "app.datadogRum.env is no text (mock-config:5:5)"),
        (
            "",
            "    mode: proxy",
            "greenroom.rum.mode is none of auto, off, direct, forward, store, both: 'proxy' (mock-config:9:11)",
        ),
        (
            "",
            "    mode: foward",
            "greenroom.rum.mode is none of auto, off, direct, forward, store, both: 'foward', did you mean 'forward'? (mock-config:9:11)",
        ),
        (
            "",
            "    tracing: 'off'",
            "greenroom.rum.tracing is \"off\", expected true or false (mock-config:9:14)",
        ),
        (
            "",
            "    consent: yes please",
            "greenroom.rum.consent is none of none, required: 'yes please' (mock-config:9:14)",
        ),
        (
            "",
            "    mode: forward\n    intakeUrl: '//x'",
            "greenroom.rum.intakeUrl is no URL of http or https without credentials and query (mock-config:10:16)",
        ),
        (
            "",
            "    allowedOrigins: [portal]",
            "greenroom.rum.allowedOrigins[0] is no origin, such as https://portal.example.com (mock-config:9:22)",
        ),
    ] {
        assert_eq!(broken(with(rum, greenroom)), told);
    }
    for (sdk, told) in [
        (
            "CDN",
            "greenroom.rum.sdk is CDN: did you mean cdn? A directory of that name is ./CDN (mock-config:9:10)",
        ),
        (
            "https://cdn.example/rum.js",
            "greenroom.rum.sdk is a URL: write a directory, or cdn for Datadog's content network (mock-config:9:10)",
        ),
    ] {
        assert_eq!(broken(with("", &format!("    sdk: {sdk}"))), told);
    }
    let site = broken(with("    site: https://x", ""));
    assert!(
        site.starts_with(
            "app.datadogRum.site is no site of Datadog: 'https://x'. There are datadoghq.com, us3."
        ),
        "{site}"
    );
    assert!(site.ends_with("(mock-config:5:11)"), "{site}");
    let near = broken(with("    site: datadoghq.ue", ""));
    assert!(near.contains("'datadoghq.ue', did you mean 'datadoghq.eu'?"), "{near}");
    let half = broken(settings("app: {datadogRum: {clientToken: pub1}}"));
    assert_eq!(
        half,
        "app.datadogRum.applicationId is missing: Datadog gives it out together with app.datadogRum.clientToken \
         (mock-config:1:7)"
    );
    assert!(broken(settings("greenroom: {rum: {mode: forward}}")).contains("is missing"));
}

#[test]
fn rum_6_all_that_is_wrong_is_told_at_once_each_by_itself() {
    let wrong = "retention: {days: seven, bytes: 1GiB}, consent: maybe, sdk: CDN";
    let retention = ["greenroom.rum.retention.days", "greenroom.rum.retention.bytes"];
    for (mode, keys) in [
        ("Store", &["greenroom.rum.mode", retention[0], retention[1]][..]),
        ("keep-it-here", &["greenroom.rum.mode", retention[0], retention[1]]),
        ("store", &retention),
        ("direct", &["app.datadogRum"]),
    ] {
        let settings = settings(&format!("greenroom: {{rum: {{mode: {mode}, {wrong}}}}}"));
        let Mode::Broken(faults) = &settings.mode else { panic!("{settings:?}") };
        let told: Vec<_> = faults.iter().filter_map(ConfigError::key).collect();
        let expected = [keys, &["greenroom.rum.consent", "greenroom.rum.sdk"]].concat();
        assert_eq!(told, expected, "{mode}");
        let remarks = settings.remarks();
        assert_eq!(remarks.len(), expected.len(), "each is a line of its own: {remarks:?}");
        for (remark, key) in remarks.iter().zip(expected) {
            let Remark::OffBy(error) = remark else { panic!("{remark:?}") };
            assert_eq!(error.key(), Some(key));
            let text = error.to_string();
            let is_one = text.starts_with("A start with this config leaves RUM off: ") && text.contains(key);
            assert!(is_one && text.matches("(mock-config:").count() <= 1, "{text}");
        }
    }
}

#[test]
fn rum_6_what_is_no_section_is_told_once_with_what_to_write() {
    for (yaml, told) in [
        (
            "greenroom: {rum: forward}",
            "greenroom.rum is a text, and has keys of its own: write greenroom.rum.mode: forward (mock-config:1:18)",
        ),
        (
            "greenroom: {rum: [forward]}",
            "greenroom.rum is no object: write greenroom.rum.mode below it (mock-config:1:13)",
        ),
        (
            "app: {datadogRum: true}",
            "app.datadogRum is no object: write app.datadogRum.clientToken and the others of its keys below it \
             (mock-config:1:19)",
        ),
    ] {
        assert_eq!(broken(settings(yaml)), told);
    }
    let both =
        broken(settings("app: {datadogRum: {clientToken: '', applicationId: x}}\ngreenroom: {rum: direct}"));
    assert!(
        both.contains("greenroom.rum.mode: direct")
            && both.ends_with("clientToken is empty (mock-config:1:33)"),
        "{both}"
    );
    assert!(broken(settings("greenroom: forward")).contains("greenroom"));
    assert_eq!(
        broken(settings("app: {datadogRum: {clientToken: '', applicationId: x}}")),
        "app.datadogRum.clientToken is empty (mock-config:1:33)"
    );
}

#[test]
fn rum_6_an_api_key_in_place_of_the_client_token_is_a_warning() {
    let told = |token: &str| {
        settings(&format!("app: {{datadogRum: {{clientToken: {token}, applicationId: b}}}}")).warnings
    };
    assert_eq!(told("pub0123456789abcdef0123456789abcdef").len(), 0);
    let warned = joined(&told("0123456789abcdef0123456789abcdef"));
    assert!(warned.contains("looks like an API key") && !warned.contains("0123456789abcdef"), "{warned}");
}

#[test]
fn who_gets_the_events_is_named_where_it_is_not_datadog() {
    let to = |greenroom: &str| on(with("", &format!("    mode: {greenroom}"))).recipient();
    assert_eq!(to("direct"), "Datadog");
    assert_eq!(to("both"), "Datadog");
    assert_eq!(to("store"), "this backend");
    assert_eq!(to("forward"), "Datadog");
    assert_eq!(to("forward\n    intakeUrl: https://Browser-Intake-datadoghq.eu/"), "Datadog");
    assert_eq!(to("forward\n    intakeUrl: http://collector.example:4318/dd"), "collector.example:4318");
}

#[test]
fn rum_7_what_stays_here_needs_no_names_of_datadogs_and_all_replicas_agree_on_others() {
    let names = |app: &str| {
        let yaml = format!("app: {{baseUrl: '{app}'}}\ngreenroom: {{rum: {{mode: store}}}}");
        let rum = on(settings(&yaml));
        (rum.application_id, rum.client_token)
    };
    let (id, token) = names("https://portal.example/");
    assert!(crate::uuid::is_uuid(&id) && token.len() == 35 && token.starts_with("pub"), "{id} {token}");
    assert_eq!((&id, &token), (&names("https://PORTAL.example:443").0, &names("https://portal.example").1));
    assert_ne!(id, names("https://other.example").0);
    assert!(broken(settings("greenroom: {rum: {mode: both}}")).contains("app.datadogRum is missing"));
    let own = on(with("", "    mode: store"));
    assert_eq!((&*own.application_id, &*own.client_token), (ID, "pub1"));
}

#[test]
fn rum_96_events_are_kept_for_seven_days_unless_it_is_said_otherwise() {
    let kept = |more: &str| *on(with("", &format!("    mode: store{more}"))).way.retention().unwrap();
    assert_eq!((kept("").age().as_secs(), kept("").bytes), (7 * 86_400, 1 << 30));
    let kept = kept("\n    retention: {days: 1, bytes: 5000000}");
    assert_eq!((kept.time(), kept.bytes), ("a day".to_owned(), 5_000_000));
    for wrong in ["days: 0", "days: many", "bytes: 1"] {
        let told = broken(with("", &format!("    mode: both\n    retention: {{{wrong}}}")));
        assert!(told.contains("greenroom.rum.retention."), "{told}");
    }
}

#[test]
fn rum_97_no_replay_is_made_that_nobody_gets() {
    let settings = with("    sessionReplaySampleRate: 50", "    mode: store");
    assert!(joined(&settings.warnings).contains("replays are not kept here"), "{:?}", settings.warnings);
    assert_eq!(on(settings).replay_rate, 0.0);
    assert_eq!(on(with("    sessionReplaySampleRate: 50", "    mode: both")).replay_rate, 50.0);
}

#[test]
fn forwarded_events_go_to_the_intake_of_the_site_or_to_the_one_that_is_set() {
    let way = |rum: &str, greenroom: &str| on(with(rum, &format!("    mode: forward\n{greenroom}"))).way;
    let to =
        |intake: &str, tells_address| Way::Forward(Forwarding { intake: intake.to_owned(), tells_address });
    assert_eq!(way("    site: datadoghq.eu", ""), to("https://browser-intake-datadoghq.eu", false));
    assert_eq!(
        way(
            "    site: own.example",
            "    intakeUrl: https://proxy.example/dd/\n    clientAddress: truncated"
        ),
        to("https://proxy.example/dd", true)
    );
}

#[test]
fn keys_that_are_for_forwarding_are_told_where_browsers_send_themselves() {
    let keys = "    intakeUrl: https://p.example\n    allowedOrigins: [https://p.example]\n    clientAddress: truncated";
    let told = |mode: &str| with("", &format!("    mode: {mode}\n{keys}")).warnings;
    assert_eq!(
        told("direct").iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            ("allowedOrigins", "11:5", "forward, store and both"),
            ("intakeUrl", "10:16", "forward and both"),
            ("clientAddress", "12:20", "forward and both")
        ]
        .map(|(key, place, modes)| format!(
            "greenroom.rum.{key} is not used: it is for greenroom.rum.mode: {modes} (mock-config:{place})"
        ))
    );
    assert!(told("forward").is_empty());
    assert_eq!(told("store").len(), 2, "{:?}", told("store"));
    assert_eq!(with("", "    mode: forward\n    retention: {days: 1}").warnings.len(), 1);
}

#[test]
fn rum_26_a_policy_that_lets_no_event_out_is_warned_of() {
    let warned = |csp: &str| {
        let yaml =
            format!("app: {{datadogRum: {{clientToken: a, applicationId: b}}}}\nbackend: {{csp: {csp}}}");
        joined(&settings(&yaml).warnings)
    };
    assert!(warned("{connect-src: [\"'self'\"]}").contains("https://browser-intake-datadoghq.com"));
    assert_eq!(warned("{connect-src: [\"'self'\", 'https:']}"), "");
    assert_eq!(warned("{}"), "");
}

#[test]
fn the_summary_says_where_events_go_and_how_many() {
    assert_eq!(
        on(with("    sessionSampleRate: 12.5", "")).summary(""),
        "Browsers send events to browser-intake-datadoghq.com directly: 12.5 % of sessions, 0 % of them with replay. \
         Causes of errors, names of vitals, and users are not masked; greenroom.rum.mode: forward masks them"
    );
    assert_eq!(
        on(with("    site: datadoghq.eu", "    mode: forward\n    consent: required")).summary(""),
        "Browsers send events to https://browser-intake-datadoghq.eu through this backend: 100 % of sessions, 0 % of \
         them with replay, once users consent"
    );
    assert_eq!(
        on(with("", "    mode: store")).summary("./rum.sqlite"),
        "Browser events are kept here for 7 days, in ./rum.sqlite: 100 % of sessions"
    );
    assert_eq!(
        on(with("", "    mode: both\n    retention: {days: 1}")).summary("./rum.sqlite"),
        "Browser events are kept here for a day, in ./rum.sqlite, and sent on to https://browser-intake-datadoghq.com: 100 % of \
         sessions, 0 % of them with replay"
    );
}

proptest! {
    #[test]
    fn no_value_of_any_key_fails_the_app(
        key in prop_oneof![
            Just("app.datadogRum"), Just("app.datadogRum.site"), Just("app.datadogRum.env"), Just("app.datadogRum.clientToken"),
            Just("app.datadogRum.sessionSampleRate"), Just("greenroom.rum"), Just("greenroom.rum.sdk"),
            Just("greenroom.rum.consent"), Just("greenroom.rum.tracing"), Just("greenroom.rum.intakeUrl"),
            Just("greenroom.rum.allowedOrigins"), Just("greenroom.rum.keptParameters"), Just("greenroom.rum.clientAddress"),
            Just("greenroom.rum.retention"),
        ],
        value in prop_oneof![
            Just("1".to_owned()), Just("true".to_owned()), Just("[x]".to_owned()), Just("{a: 1}".to_owned()),
            Just("''".to_owned()), "'[a-z:/.@?#]{0,12}'",
        ],
    ) {
        let mut parts: Vec<&str> = key.split('.').collect();
        let last = parts.pop().unwrap();
        let own = format!("{last}: {value}");
        let yaml = match &parts[..] {
            ["app", "datadogRum"] => format!("app: {{datadogRum: {{applicationId: a, {own}}}}}\ngreenroom: {{rum: {{mode: forward}}}}"),
            ["greenroom", "rum"] => format!("app: {{datadogRum: {{clientToken: a, applicationId: b}}}}\ngreenroom: {{rum: {{mode: forward, {own}}}}}"),
            [above] => format!("{above}: {{{own}}}"),
            other => panic!("{other:?}"),
        };
        let settings = Settings::from_config(&RootConfig::from_yaml(&yaml).unwrap());
        prop_assert!(matches!(settings.mode, Mode::On(_) | Mode::Broken(_) | Mode::Off));
    }
}
