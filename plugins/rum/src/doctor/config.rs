//! What the config says of where browser events go on this backend.

use std::path::Path;

use greenroom::{
    config::{ConfigError, RootConfig, nearest},
    data_dir::DataDirectory,
};

use super::{ConfigRemark, Diagnosis, Finding, PlannedStart};
use crate::{
    intake::is_uuid,
    sdk::SdkLocation,
    settings::{AS_BUILT, Mode, Rum, SHOWS_API_KEY, Settings, Way, is_api_key, is_as_built, misspelt},
};

/// Why events do not arrive where no session is measured.
pub(super) const NO_SESSIONS: &str = "the rate of sessions is 0";

/// What a start would make of the config, where RUM is on.
pub(super) struct ConfigView {
    pub(super) config: RootConfig,
    pub(super) rum: Rum,
    /// Whether pages get the scripts.
    pub(super) serves: bool,
}

pub(super) fn check(
    config: &RootConfig,
    start: &PlannedStart,
    data_dir: Option<&Path>,
    told: &mut Diagnosis,
) -> Option<ConfigView> {
    const REFUSED: &str = "the config fails the start";
    for fault in &start.faults {
        let error = fault.error.downcast_ref::<ConfigError>();
        told.add(Finding::error(REFUSED, fault.to_string()).at_error(error));
    }
    let settings = Settings::from_config(config);
    let is_set_up = !matches!(&settings, Ok(Settings { mode: Mode::Off, .. }));
    served(config, start, is_set_up, told);
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            // Told already, if the plugin runs.
            let is_new = |one: &ConfigError| {
                !start.faults.iter().any(|fault| fault.to_string().contains(one.message()))
            };
            for one in error.each().filter(is_new) {
                told.add(Finding::error(REFUSED, one.to_string()).at_error(Some(&one)));
            }
            return None;
        }
    };
    let held_back = match &settings.mode {
        Mode::On(rum) => rum.held_back(),
        Mode::Off | Mode::Broken(_) => None,
    };
    // What is an error here is told as one.
    let is_told_below = |warning: &ConfigError| {
        held_back.as_deref() == Some(warning.message()) || warning.message() == SHOWS_API_KEY
    };
    for warning in settings.warnings.iter().filter(|warning| !is_told_below(warning)) {
        told.add(Finding::warning(warning.to_string()).at_error(Some(warning)));
    }
    let keys: Vec<_> = match &settings.mode {
        Mode::Broken(faults) => {
            faults.iter().chain(&settings.warnings).filter_map(ConfigError::key).collect()
        }
        Mode::Off | Mode::On(_) => settings.warnings.iter().filter_map(ConfigError::key).collect(),
    };
    remarks(start, &keys, told);
    match settings.mode {
        Mode::Off => told.add(off(config)),
        Mode::Broken(faults) => {
            for fault in faults {
                let wrong = "a value of the config is wrong, which switches RUM off";
                told.add(Finding::error(wrong, fault.to_string()).at_error(Some(&fault)));
            }
        }
        Mode::On(rum) => {
            if let Some(held) = held_back {
                let held = Finding::error("the policy of the page lets none out", held);
                told.add(held.at_key(config, "backend.csp"));
            }
            let view = on(config, data_dir, *rum, told);
            credentials(config, &view.rum, told);
            return Some(ConfigView {
                serves: view.serves && start.serves_pages() && !is_as_built(config),
                ..view
            });
        }
    }
    None
}

/// What a start would say of sections that browser events depend on, but for keys that are told already.
pub(super) fn remarks(start: &PlannedStart, keys: &[&str], told: &mut Diagnosis) {
    let is_new = |remark: &&ConfigRemark| concerns(&remark.key) && !keys.contains(&&*remark.key);
    for ConfigRemark { key, place, text } in start.remarks.iter().filter(is_new) {
        let found = Finding::warning(text.clone());
        told.add(match place {
            Some(place) => {
                let what = text.replace(&format!(" ({place})"), "");
                Finding { what, ..found }.at(format!("{place} ({key})"))
            }
            None => found,
        });
    }
}

/// Whether a key is in one of these sections, or in one whose name is written like theirs.
fn concerns(key: &str) -> bool {
    const SECTIONS: [(&str, &str); 3] = [("app", "datadogRum"), ("greenroom", "rum"), ("backend", "csp")];
    let mut names = key.split(['.', '[']);
    let (above, section) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    SECTIONS.iter().any(|(known, name)| *known == above && nearest(section, [*name]).is_some())
}

/// What keeps pages with the scripts from being served. `is_set_up`: where it is not, RUM is off for a reason of its own.
fn served(config: &RootConfig, start: &PlannedStart, is_set_up: bool, told: &mut Diagnosis) {
    let key = |plugin: &str| format!("greenroom.plugins.{plugin}");
    let is_switched = |plugin| config.has(&key(plugin)).unwrap_or(false);
    let off = |plugin, why: &str, what: &str, reason: &str| {
        let found = Finding::error(why, format!("{what}: {reason}")).at_key(config, &key(plugin));
        if is_switched(plugin) { found.help(format!("Take {} out", key(plugin))) } else { found }
    };
    if let Some(reason) = start.rum_off.as_deref().filter(|_| is_set_up || is_switched("rum")) {
        let what = "No script is served and no event taken, because the plugin rum is off";
        told.add(off("rum", "the plugin rum is off", what, reason));
    }
    const NO_PAGE: &str = "this backend serves no page";
    if let Some(reason) = &start.app_off {
        let what = "The scripts go into pages that the plugin app serves, and it is off";
        told.add(off("app", NO_PAGE, what, reason));
    } else if let Some(looked) = &start.no_front_end {
        let what = format!("The scripts go into pages of the front end, and there is none: {looked}");
        let help =
            "Build the app (`yarn workspace app build`), or say in greenroom.app.dist where its dist is";
        told.add(Finding::error(NO_PAGE, what).help(help));
    } else if is_as_built(config) {
        let what = "The scripts go into the page, and the front end is served as it was built";
        let built = Finding::error("nothing is added to the page", what).at_key(config, AS_BUILT);
        told.add(built.help(format!("Take {AS_BUILT} out")));
    }
}

fn off(config: &RootConfig) -> Finding {
    const MODE: &str = "greenroom.rum.mode";
    let is_auto = config.optional_string(MODE).is_ok_and(|mode| mode.as_deref() == Some("auto"));
    if config.has(MODE).unwrap_or(false) && !is_auto {
        let off = Finding::error(format!("{MODE} is off"), format!("RUM is off, because {MODE} says so"));
        return off.at_key(config, MODE).help("Write direct or forward, or leave it out");
    }
    let missing = "app.datadogRum has no client token and no application id";
    let found =
        Finding::error(missing, format!("RUM is off, because {missing}")).at_key(config, "app.datadogRum");
    match misspelt(config, "app", "datadogRum") {
        Some(written) => found.help(format!("Write app.datadogRum in place of {written}")),
        None => found.help(
            "In Datadog, Digital Experience > Add an application, and copy clientToken, applicationId and site",
        ),
    }
}

fn on(config: &RootConfig, data_dir: Option<&Path>, rum: Rum, told: &mut Diagnosis) -> ConfigView {
    let rate = "app.datadogRum.sessionSampleRate";
    if rum.session_rate == 0.0 {
        let zero = Finding::error(
            NO_SESSIONS,
            format!("{rate} is 0, and stays 0: no session is measured, and nothing is sent"),
        );
        told.add(zero.at_key(config, rate).help("Write how many of a hundred sessions are to be measured"));
    } else if rum.session_rate < 100.0 {
        let shown = greenroom_js::number::to_string(rum.session_rate);
        told.add(
            Finding::note(format!(
                "{shown} of a hundred sessions are measured: a visit of yours may be none of them"
            ))
            .at_key(config, rate),
        );
    }
    if rum.needs_consent {
        told.add(
            Finding::note(
                "Nothing is measured before the page calls greenroomRum?.consent(true), at each load",
            )
            .at_key(config, "greenroom.rum.consent"),
        );
    }
    if matches!(rum.way, Way::Direct) {
        told.add(Finding::note(format!(
            "Browsers send to {} themselves, and many blockers stop that; greenroom.rum.mode: forward sends events through \
             this backend",
            rum.intake()
        )));
    }
    let source = data_dir.map(|data| SdkLocation::find(&rum, config, &DataDirectory::at(data)));
    let serves = match source {
        Some(SdkLocation::Missing(missing)) => {
            told.add(Finding::error(missing.why, missing.told));
            false
        }
        Some(SdkLocation::Own(sdk)) => {
            told.fine(format!("Datadog's SDK {} is here", sdk.version()));
            true
        }
        Some(SdkLocation::Cdn(_)) | None => true,
    };
    ConfigView { config: config.clone(), rum, serves }
}

/// Whether token and id look like what Datadog gives out for an application. Pages show them to everybody.
fn credentials(config: &RootConfig, rum: &Rum, told: &mut Diagnosis) {
    let (token, id) = ("app.datadogRum.clientToken", "app.datadogRum.applicationId");
    const SHOWN: &str = "In Datadog, Digital Experience > your application shows it";
    if is_api_key(&rum.client_token) {
        let (what, help) = SHOWS_API_KEY.split_once(": ").unwrap_or((SHOWS_API_KEY, ""));
        told.add(Finding::error("the client token is an API key", what).at_key(config, token).help(help));
        return;
    }
    let has_token = rum.client_token.strip_prefix("pub").is_some_and(is_api_key);
    if !has_token {
        let what = format!(
            "{token} ({}) is none as Datadog gives them out: pub and 32 hexadecimal digits",
            shown(&rum.client_token)
        );
        told.add(Finding::warning(what).at_key(config, token).help(SHOWN));
    }
    let has_id = is_uuid(&rum.application_id);
    if !has_id {
        let what = format!(
            "{id} is none as Datadog gives them out: a UUID, as 11111111-2222-4333-8444-555555555555"
        );
        told.add(Finding::warning(what).at_key(config, id).help(SHOWN));
    }
    if has_token && has_id {
        let token = shown(&rum.client_token);
        told.fine(format!("app.datadogRum has a client token ({token}) and an application id"));
    }
}

/// A token, to be recognised and not to be used.
pub(super) fn shown(token: &str) -> String {
    let (start, end) = (token.chars().take(5), token.chars().rev().take(3).collect::<Vec<_>>());
    match token.chars().count() {
        0..12 => "***".to_owned(),
        _ => start.chain("…".chars()).chain(end.into_iter().rev()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::tests::{findings, only_error};

    const KEYS: &str = "clientToken: pub0123456789abcdef0123456789abcdef, applicationId: 11111111-2222-4333-8444-555555555555";

    fn of_start(yaml: &str, start: &PlannedStart) -> Diagnosis {
        let config = RootConfig::from_yaml(yaml).unwrap();
        let mut told = Diagnosis::default();
        let data = tempfile::tempdir().unwrap();
        check(&config, start, Some(data.path()), &mut told);
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
            "greenroom.rmu",
            "greenroom.RUM.mode",
            "app.datadogrum",
            "app.datadogRum.clienttoken",
            "backend.csp.script_src",
            "app.titel",
            "catalog",
        ];
        let start = PlannedStart { remarks: keys.map(remark).into(), ..PlannedStart::default() };
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
        assert!(only_error(&none).what.contains("there is no package 'app'"), "{none:?}");

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
        let yaml = format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{mode: store}}}}");
        let config = RootConfig::from_yaml(&yaml).unwrap();
        let error = Settings::from_config(&config).unwrap_err().into();
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
        let later = on("", "greenroom: {rum: {mode: store}}");
        assert_eq!(only_error(&later).why, "the config fails the start");
    }

    #[test]
    fn rum_43_a_rate_of_0_measures_nothing_and_a_low_one_is_noted() {
        assert_eq!(only_error(&on(", sessionSampleRate: 0", "")).why, "the rate of sessions is 0");
        let low = on(", sessionSampleRate: 2.5", "");
        assert!(!low.has_errors());
        assert!(low.text().contains("2.5 of a hundred sessions"), "{}", low.text());
        let text = on(", sessionSampleRate: '50'", "");
        assert!(
            text.text().contains("warning: app.datadogRum.sessionSampleRate is a text"),
            "{}",
            text.text()
        );
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
        assert!(only_error(&told).what.contains("the command `rum sdk`"), "{told:?}");
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
}
