//! What the config says of where browser events go on this backend.

use std::path::Path;

use greenroom::{
    config::{ConfigError, RootConfig, nearest},
    data_dir::DataDirectory,
};

use super::{ConfigRemark, Diagnosis, Finding, PlannedStart, node};
use crate::{
    forwarded,
    sdk::SdkLocation,
    settings::{
        AS_BUILT, INJECT, Mode, Rum, SHOWS_API_KEY, Settings, Way, is_api_key, is_as_built, misspelt,
    },
    uuid::is_uuid,
};

/// Why events do not arrive where no session is measured.
pub(super) const NO_SESSIONS: &str = "the rate of sessions is 0";

const LOOK_THERE: &str = "Give the URL of the portal's page by --url";
const LOOK: &str = "give the URL of the portal's page by --url";

/// What a start would make of the config, where RUM is on.
pub(super) struct ConfigView {
    pub(super) config: RootConfig,
    pub(super) rum: Rum,
    /// Whether pages get the scripts.
    pub(super) serves: bool,
}

/// `is_seen`: whether a page with the scripts is, so that nothing need be said of who serves it.
pub(super) fn check(
    config: &RootConfig,
    start: &PlannedStart,
    data_dir: Option<&Path>,
    is_seen: bool,
    told: &mut Diagnosis,
) -> Option<ConfigView> {
    const REFUSED: &str = "the config fails the start";
    for fault in &start.faults {
        let error = fault.error.downcast_ref::<ConfigError>();
        told.add(Finding::error(REFUSED, fault.to_string()).at_error(error));
    }
    let settings = Settings::from_config(config);
    served(config, start, &settings.mode, is_seen, told);
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
    match settings.mode {
        Mode::Off => told.add(why_off(config)),
        Mode::Broken(faults) => {
            for fault in faults {
                let wrong = "a value of the config is wrong, which switches RUM off";
                told.add(Finding::error(wrong, fault.to_string()).at_error(Some(&fault)));
            }
        }
        Mode::On(mut rum) => {
            if start.gateway {
                rum.is_of_pages_that_pass();
            }
            if let Some(held) = held_back.filter(|_| !start.gateway) {
                let held = Finding::error("the policy of the page lets none out", held);
                told.add(held.at_key(config, "backend.csp"));
            }
            let view = on(config, data_dir, *rum, start.gateway && !is_seen, told);
            credentials(config, &view.rum, told);
            let is_as_built = is_as_built(config) && !start.gateway;
            return Some(ConfigView { serves: view.serves && start.serves_pages() && !is_as_built, ..view });
        }
    }
    None
}

/// What a start would say of sections that browser events depend on, but for keys that are told already.
pub(super) fn remarks(start: &PlannedStart, told: &mut Diagnosis) {
    let places: Vec<_> = told.findings.iter().filter_map(|found| found.place.clone()).collect();
    let is_told = |key: &str| places.iter().any(|place| place.ends_with(&format!("({key})")));
    let is_new = |remark: &&ConfigRemark| concerns(&remark.key) && !is_told(&remark.key);
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

/// What keeps pages with the scripts from being served. Where RUM is off, that is for a reason of its own.
fn served(config: &RootConfig, start: &PlannedStart, mode: &Mode, is_seen: bool, told: &mut Diagnosis) {
    let is_set_up = !matches!(mode, Mode::Off);
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
    // Of what the config does not decide on.
    let open = |finding, told: &mut Diagnosis| {
        if !is_seen {
            told.add(finding);
        }
    };
    if let Mode::On(rum) = mode
        && !rum.injects
    {
        let what = format!(
            "No page is changed, because {INJECT} is false: the start says what to paste into the page. Whether it is there is not \
             seen in the config"
        );
        open(Finding::note(what).at_key(config, INJECT).help(LOOK_THERE), told);
    } else if start.gateway {
        let what = "The pages are those of the server behind: they get the scripts as they pass, unless they start Datadog's SDK \
                    already. That is not seen in the config";
        open(Finding::note(what).help(LOOK_THERE), told);
    } else if let Some(page) = start.other_page.as_ref().filter(|_| !start.serves_app()) {
        told.add(Finding::note(format!("No front end is served: events come from {page} alone")));
    } else if let Some(reason) = &start.app_off {
        let what = "The scripts go into pages that the plugin app serves, and it is off";
        told.add(off("app", NO_PAGE, what, reason));
    } else if let Some(looked) = &start.no_front_end {
        // In front of a Node Backstage that is as it should be, and the config need not say that it is.
        let what = format!(
            "The scripts go into pages of the front end, and there is none here: {looked}. In front of a Node Backstage its pages get \
             them as they pass; that is not seen in the config"
        );
        let help = format!(
            "Build the app (`yarn workspace app build`), or say in greenroom.app.dist where its dist is; of a gateway: {LOOK}"
        );
        open(Finding::warning(what).help(help), told);
    } else if is_as_built(config) {
        let what = "The scripts go into the page, and the front end is served as it was built";
        let built = Finding::error("nothing is added to the page", what).at_key(config, AS_BUILT);
        told.add(built.help(format!("Take {AS_BUILT} out; a gateway adds to such a page, too: {LOOK}")));
    }
}

/// Why RUM is off where nothing is wrong.
pub(crate) fn why_off(config: &RootConfig) -> Finding {
    const MODE: &str = "greenroom.rum.mode";
    let is_auto = config.optional_string(MODE).is_ok_and(|mode| mode.as_deref() == Some("auto"));
    if config.has(MODE).unwrap_or(false) && !is_auto {
        let off = Finding::error(format!("{MODE} is off"), format!("RUM is off, because {MODE} says so"));
        return off.at_key(config, MODE).help("Write direct, forward, store or both, or leave it out");
    }
    let missing = "app.datadogRum has no client token and no application id";
    let found =
        Finding::error(missing, format!("RUM is off, because {missing}")).at_key(config, "app.datadogRum");
    match misspelt(config, "app", "datadogRum") {
        Some(written) => found.help(format!("Write app.datadogRum in place of {written}")),
        None => found.help(
            "Set greenroom.rum.mode: store to keep events here; or, in Datadog, Digital Experience > Add an application, and copy \
             clientToken, applicationId and site",
        ),
    }
}

fn on(
    config: &RootConfig,
    data_dir: Option<&Path>,
    rum: Rum,
    is_gateway: bool,
    told: &mut Diagnosis,
) -> ConfigView {
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
    if let Some(retention) = rum.way.retention() {
        told.add(Finding::note(format!(
            "Events are kept here for {}, and shown at /.greenroom/browser of this backend",
            retention.time()
        )));
    }
    if rum.way == Way::Direct {
        told.add(Finding::note(format!(
            "Browsers send to {} themselves, and many blockers stop that; greenroom.rum.mode: forward sends events through \
             this backend, and store keeps them here",
            rum.intake()
        )));
    }
    let source = data_dir.map(|data| SdkLocation::find(&rum, config, &DataDirectory::at(data)));
    if is_gateway && rum.injects {
        policy_behind(config, &rum, source.as_ref(), told);
    }
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

/// What pages of the server behind would refuse, if it has this config, as it has where both are started with one.
fn policy_behind(config: &RootConfig, rum: &Rum, sdk: Option<&SdkLocation>, told: &mut Diagnosis) {
    let Some(policy) = node::policy_header(config, told) else { return };
    if let Some(why) = sdk.and_then(|sdk| forwarded::refused(rum, sdk, Some(&policy))) {
        const WHY: &str = "the page's Content-Security-Policy blocks them";
        told.add(Finding::error(WHY, why).at_key(config, "backend.csp"));
    }
}

/// Whether token and id look like what Datadog gives out for an application. Pages show them to everybody.
fn credentials(config: &RootConfig, rum: &Rum, told: &mut Diagnosis) {
    let (token, id) = ("app.datadogRum.clientToken", "app.datadogRum.applicationId");
    const SHOWN: &str = "In Datadog, Digital Experience > your application shows it";
    if !config.has(token).unwrap_or(true) && !config.has(id).unwrap_or(true) {
        // They were made up, for what stays here.
        return;
    }
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
mod tests;
