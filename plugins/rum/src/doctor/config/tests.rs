//! What the doctor says of a config, key by key.

use super::*;
use crate::doctor::tests::{findings, only_error};

const KEYS: &str =
    "clientToken: pub0123456789abcdef0123456789abcdef, applicationId: 11111111-2222-4333-8444-555555555555";

fn of_start(yaml: &str, start: &PlannedStart) -> Diagnosis {
    let config = RootConfig::from_yaml(yaml).unwrap();
    let mut told = Diagnosis::default();
    let data = tempfile::tempdir().unwrap();
    check(&config, start, Some(data.path()), false, &mut told);
    remarks(start, &mut told);
    told
}

fn told(yaml: &str) -> Diagnosis {
    of_start(yaml, &PlannedStart::default())
}

fn on(more: &str, rest: &str) -> Diagnosis {
    let yaml = format!("app: {{datadogRum: {{{KEYS}{more}}}}}\n{rest}");
    let has_rum = rest.contains("rum:");
    told(&if has_rum { yaml } else { format!("{yaml}\ngreenroom: {{rum: {{sdk: cdn}}}}") })
}

#[test]
fn rum_43_what_a_start_says_of_the_sections_is_told_and_of_others_not() {
    let remark = |key: &str| ConfigRemark {
        key: key.to_owned(),
        place: Some("a.yaml:1:2".to_owned()),
        text: format!("nobody reads '{key}' (a.yaml:1:2)"),
    };
    let keys = [
        ("greenroom", ".rmu"),
        ("greenroom", ".RUM.mode"),
        ("app", ".datadogrum"),
        ("app", ".datadogRum.clienttoken"),
        ("backend", ".csp.script_src"),
        ("app", ".titel"),
        ("catalog", ""),
    ];
    let keys = keys.map(|(above, below)| [above, below].concat());
    let start =
        PlannedStart { remarks: keys.iter().map(|key| remark(key)).collect(), ..PlannedStart::default() };
    let told = of_start("greenroom: {rum: {sdk: cdn}}", &start);
    let warnings: Vec<_> = findings(&told, super::super::finding::Severity::Warning).collect();
    assert_eq!(warnings.len(), 5, "{told:?}");
    assert_eq!(warnings[0].what, "nobody reads 'greenroom.rmu'");
    assert_eq!(warnings[0].place.as_deref(), Some("a.yaml:1:2 (greenroom.rmu)"));
}

#[test]
fn rum_43_a_section_that_is_written_otherwise_is_named() {
    let misspelt = told(&format!("app: {{datadogrum: {{{KEYS}}}}}"));
    assert_eq!(
        only_error(&misspelt).help.as_deref(),
        Some("Write app.datadogRum in place of app.datadogrum")
    );
    let asked = told(&format!("app: {{dataDogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{mode: direct}}}}"));
    assert_eq!(
        only_error(&asked).what,
        "app.datadogRum is missing, and RUM needs its clientToken and applicationId: did you mean it by app.dataDogRum?"
    );
}

#[test]
fn rum_43_what_switches_it_off_is_said_with_its_place() {
    for unset in ["", "greenroom: {rum: {mode: auto}}"] {
        let why = only_error(&told(unset)).why.clone();
        assert_eq!(why, "app.datadogRum has no client token and no application id", "{unset}");
    }
    let off = told(&format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{mode: off}}}}"));
    let off = only_error(&off);
    assert_eq!(off.why, "greenroom.rum.mode is off");
    assert_eq!(off.place.as_deref(), Some("mock-config:2:25 (greenroom.rum.mode)"));
}

#[test]
fn without_an_app_another_measured_page_is_enough() {
    let yaml = format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{sdk: cdn}}}}");
    let start = PlannedStart {
        app_off: Some("greenroom.plugins.app is false".to_owned()),
        other_page: Some("the demo's page at /demo".to_owned()),
        ..PlannedStart::default()
    };
    let told = of_start(&yaml, &start);
    assert_eq!(findings(&told, super::super::finding::Severity::Error).count(), 0, "{told:?}");
    let what = "No front end is served: events come from the demo's page at /demo alone";
    assert!(told.findings.iter().any(|found| found.what == what), "{told:?}");
}

#[test]
fn rum_43_what_a_start_does_with_the_config_is_said_as_the_program_knows_it() {
    let yaml =
        |rest: &str| format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{sdk: cdn}}{rest}}}");
    let app_off = Some("greenroom.plugins.app is false".to_owned());
    let switched =
        of_start(&yaml(", plugins: {app: false}"), &PlannedStart { app_off, ..PlannedStart::default() });
    let error = only_error(&switched);
    assert_eq!(error.why, "this backend serves no page");
    assert!(error.what.ends_with("and it is off: greenroom.plugins.app is false"), "{error:?}");
    assert_eq!(error.help.as_deref(), Some("Take greenroom.plugins.app out"));
    assert!(error.place.as_deref().unwrap().ends_with("(greenroom.plugins.app)"), "{error:?}");

    let app_off = Some("none of app.baseUrl, greenroom.app.dist is set".to_owned());
    let unasked = of_start(&yaml(""), &PlannedStart { app_off, ..PlannedStart::default() });
    assert!(only_error(&unasked).what.ends_with("none of app.baseUrl, greenroom.app.dist is set"));

    let no_front_end = Some("there is no package 'app' in the node_modules of /x".to_owned());
    let none = of_start(&yaml(""), &PlannedStart { no_front_end, ..PlannedStart::default() });
    let warning = &none.findings[0];
    assert!(
        warning.what.contains("there is no package 'app'") && !none.has_errors(),
        "a gateway needs none: {none:?}"
    );

    let rum_off = Some("greenroom.plugins.rum is not true".to_owned());
    let off = PlannedStart { rum_off, ..PlannedStart::default() };
    assert_eq!(only_error(&of_start(&yaml(""), &off)).why, "the plugin rum is off");
    let why = only_error(&of_start("", &off)).why.clone();
    assert_eq!(why, "app.datadogRum has no client token and no application id", "said once");
}

#[test]
fn rum_43_a_page_as_it_was_built_has_no_scripts() {
    let told = on(", site: datadoghq.eu}, disableConfigInjection: true, x: {", "");
    let error = only_error(&told);
    assert_eq!(error.why, "nothing is added to the page");
    assert!(error.place.as_deref().unwrap().ends_with("(app.disableConfigInjection)"), "{error:?}");
}

#[test]
fn rum_43_what_a_start_refuses_is_an_error_each_and_once() {
    let yaml = format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{mode: direct, sdk: cdn}}}}");
    let config = RootConfig::from_yaml(&yaml).unwrap();
    let error = ConfigError::invalid(&config, "greenroom.rum.mode", "of another version").into();
    let owner = Some(greenroom::core::Owner { plugin: "rum".into(), module: None });
    let faults = vec![
        greenroom::core::Fault { owner, error },
        greenroom::core::Fault { owner: None, error: greenroom::errors::Error::new("no address") },
    ];
    let told = of_start(&yaml, &PlannedStart { faults, ..PlannedStart::default() });
    let whats: Vec<_> =
        findings(&told, super::super::finding::Severity::Error).map(|found| &*found.what).collect();
    assert_eq!(whats.len(), 2, "{whats:?}");
    assert!(whats[0].starts_with("Plugin 'rum': ") && whats[1] == "no address", "{whats:?}");
}

#[test]
fn rum_43_each_value_that_is_wrong_is_an_error_of_its_own() {
    let told = on(", site: 'https://x', sessionSampleRate: many", "");
    let whats: Vec<_> = findings(&told, super::super::finding::Severity::Error).collect();
    assert_eq!(whats.len(), 2, "{told:?}");
    assert!(whats[0].what.starts_with("app.datadogRum.site is no site of Datadog"), "{told:?}");
    assert!(whats[1].what.ends_with("is no number from 0 to 100"), "{told:?}");
    let place = whats[1].place.as_deref();
    assert_eq!(place, Some("mock-config:1:161 (app.datadogRum.sessionSampleRate)"));
}

#[test]
fn rum_43_events_that_are_kept_here_need_nothing_of_datadogs() {
    let told = told("app: {baseUrl: 'https://p.example'}\ngreenroom: {rum: {mode: store, sdk: cdn}}");
    assert!(!told.has_errors(), "{told:?}");
    let text = told.text();
    assert!(
        text.contains("note: Events are kept here for 7 days") && !text.contains("client token"),
        "{text}"
    );
}

#[test]
fn rum_43_a_rate_of_0_measures_nothing_and_a_low_one_is_noted() {
    assert_eq!(only_error(&on(", sessionSampleRate: 0", "")).why, "the rate of sessions is 0");
    let low = on(", sessionSampleRate: 2.5", "");
    assert!(!low.has_errors());
    assert!(low.text().contains("2.5 of a hundred sessions"), "{}", low.text());
    let text = on(", sessionSampleRate: '50'", "");
    assert!(text.text().contains("warning: app.datadogRum.sessionSampleRate is a text"), "{}", text.text());
}

#[test]
fn rum_43_a_token_or_an_id_that_datadog_does_not_give_out_is_told_and_not_shown() {
    let of = |token: &str, id: &str| {
        let rum = format!("app: {{datadogRum: {{clientToken: {token}, applicationId: {id}}}}}");
        told(&format!("{rum}\ngreenroom: {{rum: {{sdk: cdn}}}}"))
    };
    let (key, id) = ("0123456789abcdef0123456789abcdef", "11111111-2222-4333-8444-555555555555");
    let secret = of(key, id);
    assert_eq!(only_error(&secret).why, "the client token is an API key");
    assert!(!secret.text().contains("01234"), "{}", secret.text());
    let whats = |told: &Diagnosis| {
        findings(told, super::super::finding::Severity::Warning)
            .map(|found| found.what.clone())
            .collect::<String>()
    };
    let cut = of(&format!("pub{}", &key[..30]), id);
    assert!(whats(&cut).starts_with("app.datadogRum.clientToken (pub01…bcd) is none"), "{cut:?}");
    let name = of(&format!("pub{key}"), "portal");
    assert!(
        whats(&name).starts_with("app.datadogRum.applicationId is none as Datadog gives them"),
        "{name:?}"
    );
    assert_eq!(whats(&of(&format!("pub{key}"), id)), "");
}

#[test]
fn rum_43_without_the_sdk_no_page_sends_anything() {
    let told = on("", "greenroom: {rum: {mode: forward}}");
    assert!(only_error(&told).what.contains("fetch it by `greenroom rum sdk`"), "{told:?}");
}

#[test]
fn rum_43_a_policy_that_lets_nothing_out_is_an_error_once() {
    let told = on("", "backend: {csp: {connect-src: [\"'self'\"]}}");
    let error = only_error(&told);
    assert_eq!(error.why, "the policy of the page lets none out");
    assert_eq!(error.place.as_deref(), Some("mock-config:2:11 (backend.csp)"));
}

#[test]
fn a_token_is_shown_so_that_it_is_recognised_and_no_more() {
    assert_eq!(shown("pub00000000000000000000000000000abc"), "pub00…abc");
    assert_eq!(shown("pub123"), "***");
    assert!(!on("", "").text().contains("0123456789"));
}

#[test]
fn of_a_gateway_the_pages_are_those_of_the_server_behind_and_that_is_not_seen_in_the_config() {
    let sdk = tempfile::tempdir().unwrap();
    std::fs::write(sdk.path().join("datadog-rum.js"), "main").unwrap();
    let of = |mode: &str, more: &str, rest: &str| {
        let start = PlannedStart {
            gateway: true,
            app_off: Some("greenroom.plugins.app is false".to_owned()),
            no_front_end: Some("nothing is there".to_owned()),
            ..PlannedStart::default()
        };
        let rum = format!("{{mode: {mode}, sdk: '{}'{more}}}", sdk.path().display());
        of_start(&format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {rum}}}\n{rest}"), &start)
    };
    let fine = of("store", "", "");
    assert!(!fine.has_errors(), "{fine:?}");
    assert!(fine.text().contains("they get the scripts as they pass"), "{}", fine.text());
    assert!(fine.text().contains("Give the URL of the portal's page by --url"), "{}", fine.text());
    // Of the server behind, which has this config, too.
    let strict = of("store", "", "backend: {csp: {script-src: [\"'unsafe-eval'\"]}}");
    let error = only_error(&strict);
    assert_eq!(error.why, "the page's Content-Security-Policy blocks them");
    assert!(error.what.contains("add 'self' to script-src"), "{error:?}");
    let direct = of("direct", "", "");
    assert!(
        only_error(&direct).what.contains("https://browser-intake-datadoghq.com to connect-src"),
        "{direct:?}"
    );
    let pasted = of("store", ", inject: false", "");
    assert!(!pasted.has_errors(), "{pasted:?}");
    assert!(
        pasted.text().contains("No page is changed, because greenroom.rum.inject is false"),
        "{}",
        pasted.text()
    );
}
