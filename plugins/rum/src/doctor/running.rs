//! What the running backend has browsers start the SDK with, read out of its script.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Number, Value};

use greenroom::config::RootConfig;

use super::{
    Diagnosis, Finding,
    config::{ConfigView, NO_SESSIONS},
    finding::Severity,
};
use crate::{
    init::ScriptSettings,
    settings::{Origin, Site},
};

/// How the running backend has browsers start the SDK.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    /// All that it says.
    members: Map<String, Value>,
    settings: ScriptSettings,
}

impl Running {
    pub(super) fn of(script: &str) -> Option<Self> {
        let (_, settings) = script.rsplit_once("})(window, ")?;
        let members: Map<String, Value> =
            serde_json::from_str(settings.trim_end().strip_suffix(");")?).ok()?;
        let settings = ScriptSettings::deserialize(&Value::Object(members.clone())).ok()?;
        Some(Self { members, settings })
    }

    pub(super) fn forwards(&self) -> bool {
        self.settings.forwards
    }

    pub(super) fn session_rate(&self) -> f64 {
        rate(&self.settings.options.session_sample_rate, 100.0)
    }

    pub(super) fn replay_rate(&self) -> f64 {
        rate(&self.settings.options.session_replay_sample_rate, 0.0)
    }

    pub(super) fn backend(&self) -> Option<Origin> {
        Origin::of(self.settings.backend.as_deref()?)
    }

    pub(super) fn site(&self) -> Site {
        self.settings.options.site.as_deref().and_then(Site::named).unwrap_or(Site::default())
    }

    pub(super) fn path(&self) -> &str {
        &self.settings.path
    }

    pub(super) fn traces(&self) -> bool {
        self.settings.traces
    }

    /// The keys that say something else than this config does, each with its place there; of what no key decides on, whose
    /// it is.
    fn differences(&self, of_config: &ScriptSettings, config: &RootConfig) -> Vec<String> {
        let ours = serde_json::to_value(of_config).unwrap_or_default();
        let (ours, theirs) = (flat(ours.as_object()), flat(Some(&self.members)));
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let mut told: Vec<String> = vec![];
        for name in names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name)) {
            let keys = match keys(name) {
                Some(keys) if !keys.is_empty() => keys.iter().map(|key| match config.place(key) {
                    Some(place) => format!("{key} ({place})"),
                    None => (*key).to_owned(),
                }),
                _ => {
                    told.push("it is another version of Greenroom".to_owned());
                    continue;
                }
            };
            told.extend(keys);
        }
        let mut seen = BTreeSet::new();
        told.retain(|one| seen.insert(one.clone()));
        told
    }

    /// Of what runs, what the config says is a matter of the next start, but for what is `seen` of it, too.
    pub(super) fn until_next_start(&self, config_says: &mut Diagnosis, seen: &Diagnosis) {
        let measures_none = self.session_rate() == 0.0;
        let is_seen = |why: &str| {
            let mut errors = seen.findings.iter().filter(|finding| finding.severity == Severity::Error);
            errors.any(|finding| finding.why == why) || (why == NO_SESSIONS && measures_none)
        };
        let errors = config_says.findings.iter_mut().filter(|finding| finding.severity == Severity::Error);
        let mut is_another = false;
        for later in errors.filter(|finding| !is_seen(&finding.why)) {
            *later = Finding {
                severity: Severity::Warning,
                what: format!("From the next start on: {}", later.what),
                ..later.clone()
            };
            is_another = true;
        }
        if is_another {
            config_says.add(Finding::note(self.summary()));
        }
    }

    fn summary(&self) -> String {
        let to = match self.forwards() {
            true => "through it".to_owned(),
            false => format!("to {} directly", self.site().intake),
        };
        let rate = greenroom_js::number::to_string(self.session_rate());
        format!(
            "RUM is on in the running backend: browsers send events {to}, of {rate} of a hundred sessions"
        )
    }

    /// Whether that is what the config says.
    pub(super) fn against_config(&self, view: Option<&ConfigView>, init: &str, told: &mut Diagnosis) {
        if self.session_rate() == 0.0 && view.is_none_or(|view| view.rum.session_rate > 0.0) {
            let what = "The running backend has browsers measure 0 of a hundred sessions";
            told.add(Finding::error(NO_SESSIONS, what).at(init).help("Set app.datadogRum.sessionSampleRate"));
        }
        let Some(view) = view else { return };
        let differs = self.differences(&ScriptSettings::of(&view.rum), &view.config);
        if differs.is_empty() {
            told.fine("the backend runs with this config");
        } else {
            told.add(
                Finding::warning(format!(
                    "The backend runs with another config than this one: {}",
                    differs.join(", ")
                ))
                .at(init)
                .help("Restart it, or give the config it runs with by --config"),
            );
        }
    }
}

fn rate(number: &Option<Number>, default: f64) -> f64 {
    number.as_ref().and_then(Number::as_f64).unwrap_or(default)
}

/// The members by their names, of the SDK's options too; one that is null is none.
fn flat(members: Option<&Map<String, Value>>) -> Map<String, Value> {
    const OPTIONS: &str = "options";
    let members = members.into_iter().flatten();
    let (options, members): (Vec<_>, Vec<_>) = members.partition(|(name, _)| *name == OPTIONS);
    let options = options.into_iter().filter_map(|(_, options)| options.as_object()).flatten();
    let is_set = |(_, value): &(&String, &Value)| !value.is_null();
    options.chain(members).filter(is_set).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The keys that decide on a member of what the script is told: none on what is so in every config, and `None` of a member
/// that this version does not know.
fn keys(member: &str) -> Option<&'static [&'static str]> {
    Some(match member {
        "applicationId" => &["app.datadogRum.applicationId"],
        "clientToken" => &["app.datadogRum.clientToken"],
        "sessionSampleRate" => &["app.datadogRum.sessionSampleRate"],
        "sessionReplaySampleRate" => &["app.datadogRum.sessionReplaySampleRate"],
        "site" => &["app.datadogRum.site"],
        "env" => &["app.datadogRum.env"],
        "service" => &["greenroom.rum.service"],
        "version" => &["greenroom.rum.version"],
        "forwards" => &["greenroom.rum.mode"],
        "traces" => &["greenroom.rum.tracing"],
        "needsConsent" => &["greenroom.rum.consent"],
        "kept" => &["greenroom.rum.keptParameters"],
        "backend" => &["app.baseUrl", "backend.baseUrl"],
        "path" => &["backend.baseUrl"],
        "intake"
        | "telemetrySampleRate"
        | "telemetryConfigurationSampleRate"
        | "telemetryUsageSampleRate"
        | "trackUserInteractions"
        | "trackResources"
        | "trackLongTasks"
        | "trackAnonymousUser"
        | "defaultPrivacyLevel"
        | "silentMultipleInit" => &[],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        init::InitScript,
        settings::{Mode, Settings},
    };

    fn config(more: &str) -> RootConfig {
        RootConfig::from_yaml(&format!("app: {{datadogRum: {{clientToken: a, applicationId: b{more}}}}}"))
            .unwrap()
    }

    fn settings(config: &RootConfig) -> ScriptSettings {
        let Mode::On(rum) = Settings::from_config(config).mode else { panic!("it is off") };
        ScriptSettings::of(&rum)
    }

    fn running(config: &RootConfig) -> Running {
        let Mode::On(rum) = Settings::from_config(config).mode else { panic!("it is off") };
        Running::of(std::str::from_utf8(&InitScript::of(&rum).text).unwrap()).unwrap()
    }

    #[test]
    fn rum_48_what_a_backend_runs_with_is_read_out_of_its_script_and_told_by_the_keys_of_the_config() {
        let one = config(", sessionSampleRate: 12.5, site: datadoghq.eu, env: '</script>'");
        let runs = running(&one);
        assert_eq!((runs.session_rate(), runs.forwards(), runs.site().name), (12.5, false, "datadoghq.eu"));
        let other =
            config(", sessionSampleRate: 12.5, site: datadoghq.com}}\ngreenroom: {rum: {consent: required");
        assert_eq!(
            runs.differences(&settings(&other), &other),
            [
                "app.datadogRum.env",
                "greenroom.rum.consent (mock-config:2:28)",
                "app.datadogRum.site (mock-config:1:85)"
            ]
        );
        assert_eq!(runs.differences(&settings(&one), &one), [""; 0]);
        assert_eq!(Running::of("alert(1)"), None);
    }

    #[test]
    fn rum_48_a_script_of_another_version_is_told_as_such() {
        let config = config("");
        let mut runs = running(&config);
        runs.members.insert("news".to_owned(), true.into());
        runs.members.remove("intake");
        assert_eq!(runs.differences(&settings(&config), &config), ["it is another version of Greenroom"]);
        let older = Running::of("(function(){})(window, {\"options\":{}});").unwrap();
        assert_eq!((older.session_rate(), older.forwards()), (100.0, false));
    }

    /// A member that is renamed or new must be one of those that are told by a key.
    #[test]
    fn each_member_of_what_the_script_is_told_has_its_keys() {
        let all = config(
            ", site: datadoghq.eu, env: x, sessionReplaySampleRate: 1}, baseUrl: 'http://a'}\nbackend: {baseUrl: 'http://b/c'}\n\
             greenroom: {rum: {version: '1'",
        );
        let members = serde_json::to_value(settings(&all)).unwrap();
        let members = flat(members.as_object());
        assert_eq!(members.keys().filter(|name| keys(name).is_none()).count(), 0, "{members:?}");
        assert_eq!(members.len(), 24, "of those that are told, each is there: {members:?}");
    }
}
