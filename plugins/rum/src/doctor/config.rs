//! What the config says of where browser events go on this backend.

use std::path::Path;

use greenroom::{config::RootConfig, data_dir::DataDirectory, http::HttpSettings};

use super::{Diagnosis, Finding};
use crate::{
    page,
    sdk::SdkLocation,
    settings::{Mode, Rum, Settings, Way},
};

/// What a start would make of the config, where RUM is on.
pub(super) struct Asked {
    pub(super) rum: Rum,
    /// Whether pages get the scripts.
    pub(super) serves: bool,
}

pub(super) fn check(config: &RootConfig, data_dir: Option<&Path>, told: &mut Diagnosis) -> Option<Asked> {
    let mut is_switched_off = false;
    for (plugin, why, what) in [
        (
            "rum",
            "the plugin rum is off",
            "No script is served and no event taken, because the plugin rum is off",
        ),
        (
            "app",
            "this backend serves no page",
            "The scripts go into pages that the plugin app serves, and it is off",
        ),
    ] {
        let key = format!("greenroom.plugins.{plugin}");
        if matches!(config.optional_boolean(&key), Ok(Some(false))) {
            is_switched_off = true;
            told.add(Finding::error(why, what).at_key(config, &key).help(format!("Take {key} out")));
        }
    }
    if let Err(refused) = HttpSettings::from_config(config, None) {
        told.add(Finding::error("the config fails the start", refused.to_string()));
    }
    let settings = match Settings::from_config(config) {
        Ok(settings) => settings,
        Err(refused) => {
            told.add(Finding::error("the config fails the start", refused.to_string()));
            return None;
        }
    };
    let held_back = match &settings.mode {
        Mode::On(rum) => rum.held_back(),
        Mode::Off | Mode::Broken(_) => None,
    };
    for warning in settings.warnings.into_iter().filter(|warning| Some(warning) != held_back.as_ref()) {
        told.add(Finding::warning(warning));
    }
    match settings.mode {
        Mode::Off => told.add(off(config)),
        Mode::Broken(faults) => {
            for fault in faults {
                told.add(Finding::error("a value of the config is wrong, which switches RUM off", fault));
            }
        }
        Mode::On(rum) => {
            if let Some(held) = held_back {
                let held = Finding::error("the policy of the page lets none out", held);
                told.add(held.at_key(config, "backend.csp"));
            }
            let asked = on(config, data_dir, *rum, told);
            return Some(Asked { serves: asked.serves && !is_switched_off, ..asked });
        }
    }
    None
}

fn off(config: &RootConfig) -> Finding {
    const MODE: &str = "greenroom.rum.mode";
    if config.has(MODE).unwrap_or(false) {
        let off = Finding::error(format!("{MODE} is off"), format!("RUM is off, because {MODE} says so"));
        return off.at_key(config, MODE).help("Write direct or forward, or leave it out");
    }
    let missing = "app.datadogRum has no client token and no application id";
    Finding::error(missing, format!("RUM is off, because {missing}")).at_key(config, "app.datadogRum").help(
        "In Datadog, Digital Experience > Add an application, and copy clientToken, applicationId and site",
    )
}

fn on(config: &RootConfig, data_dir: Option<&Path>, rum: Rum, told: &mut Diagnosis) -> Asked {
    let rate = "app.datadogRum.sessionSampleRate";
    if rum.session_rate == 0.0 {
        let zero = Finding::error(
            "the rate of sessions is 0",
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
                "Nothing is measured before the page calls greenroomRum.consent(true), at each load",
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
    let source = data_dir.map(|data| page::source(config, &DataDirectory::at(data), &rum));
    let serves = match source {
        Some(SdkLocation::Missing(why)) => {
            told.add(Finding::error("Datadog's SDK is not here", why));
            false
        }
        Some(SdkLocation::Own(sdk)) => {
            told.fine(format!("Datadog's SDK {} is here", sdk.version()));
            true
        }
        Some(SdkLocation::Cdn(_)) | None => true,
    };
    told.fine(format!(
        "app.datadogRum has a client token ({}) and an application id",
        shown(&rum.client_token)
    ));
    Asked { rum, serves }
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

    const KEYS: &str = "clientToken: pub0123456789abcdef, applicationId: b";

    fn told(yaml: &str) -> Diagnosis {
        let config = RootConfig::from_yaml(yaml).unwrap();
        let mut told = Diagnosis::default();
        let data = tempfile::tempdir().unwrap();
        check(&config, Some(data.path()), &mut told);
        told
    }

    fn on(more: &str, rest: &str) -> Diagnosis {
        let yaml = format!("app: {{datadogRum: {{{KEYS}{more}}}}}\n{rest}");
        let has_rum = rest.contains("rum:");
        told(&if has_rum { yaml } else { format!("{yaml}\ngreenroom: {{rum: {{sdk: cdn}}}}") })
    }

    #[test]
    fn rum_43_what_switches_it_off_is_said_with_its_place() {
        assert_eq!(only_error(&told("")).why, "app.datadogRum has no client token and no application id");
        let off = told(&format!("app: {{datadogRum: {{{KEYS}}}}}\ngreenroom: {{rum: {{mode: off}}}}"));
        let off = only_error(&off);
        assert_eq!(off.why, "greenroom.rum.mode is off");
        assert_eq!(off.place.as_deref(), Some("mock-config:2:25 (greenroom.rum.mode)"));
        let plugin = on("", "greenroom: {plugins: {app: false}, rum: {sdk: cdn}}");
        assert_eq!(only_error(&plugin).place.as_deref(), Some("mock-config:2:28 (greenroom.plugins.app)"));
    }

    #[test]
    fn rum_43_each_value_that_is_wrong_is_an_error_of_its_own() {
        let told = on(", site: 'https://x', sessionSampleRate: many", "");
        let whats: Vec<_> = findings(&told, super::super::finding::Severity::Error).collect();
        assert_eq!(whats.len(), 2, "{told:?}");
        assert!(whats[0].what.starts_with("app.datadogRum.site is no site of Datadog"), "{told:?}");
        assert!(whats[1].what.ends_with("is no number from 0 to 100 (mock-config:1:110)"), "{told:?}");
        let listen = on("", "backend: {listen: nowhere}");
        assert!(only_error(&listen).what.contains("Unable to parse listen address"), "{listen:?}");
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
    fn rum_43_without_the_sdk_no_page_sends_anything() {
        let told = on("", "greenroom: {rum: {mode: forward}}");
        assert!(only_error(&told).what.contains("run `greenroom rum sdk`"), "{told:?}");
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
