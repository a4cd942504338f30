//! What the running backend has browsers start the SDK with, read out of its script.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Diagnosis, Finding,
    config::{ConfigView, NO_SESSIONS},
    finding::Severity,
};
use crate::{
    init::InitScript,
    settings::{Origin, Site},
};

/// How the running backend has browsers start the SDK.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    /// All that it says.
    all: Map<String, Value>,
    told: Told,
}

/// What there is to look at of it. A backend of another version may say less.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    options: Options,
    backend: Option<String>,
    path: String,
    forwards: bool,
    traces: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options {
    session_sample_rate: Option<f64>,
    session_replay_sample_rate: Option<f64>,
    site: Option<String>,
}

impl Running {
    pub(super) fn of(script: &str) -> Option<Self> {
        let (_, settings) = script.rsplit_once("})(window, ")?;
        let all: Map<String, Value> = serde_json::from_str(settings.trim_end().strip_suffix(");")?).ok()?;
        let told = Told::deserialize(&Value::Object(all.clone())).ok()?;
        Some(Self { all, told })
    }

    pub(super) fn forwards(&self) -> bool {
        self.told.forwards
    }

    pub(super) fn session_rate(&self) -> f64 {
        self.told.options.session_sample_rate.unwrap_or(100.0)
    }

    pub(super) fn replay_rate(&self) -> f64 {
        self.told.options.session_replay_sample_rate.unwrap_or(0.0)
    }

    pub(super) fn backend(&self) -> Option<Origin> {
        Origin::of(self.told.backend.as_deref()?)
    }

    pub(super) fn site(&self) -> Site {
        self.told.options.site.as_deref().and_then(Site::named).unwrap_or(Site::default())
    }

    pub(super) fn path(&self) -> &str {
        &self.told.path
    }

    pub(super) fn traces(&self) -> bool {
        self.told.traces
    }

    /// What is set to something else in `other`, by its name.
    fn differences(&self, other: &Self) -> Vec<String> {
        const OPTIONS: &str = "options";
        let empty = Map::new();
        let options = |of: &'_ Self| of.all.get(OPTIONS).and_then(Value::as_object).unwrap_or(&empty).clone();
        let options = differing(&options(self), &options(other));
        let others = differing(&self.all, &other.all).into_iter().filter(|name| name != OPTIONS);
        options.into_iter().chain(others).collect()
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
        let script = InitScript::of(&view.rum);
        let of_config = std::str::from_utf8(&script.text).ok().and_then(Running::of);
        let differs = of_config.map(|of_config| self.differences(&of_config)).unwrap_or_default();
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

/// The names that are not in both with the same value, in their order.
fn differing(one: &Map<String, Value>, other: &Map<String, Value>) -> BTreeSet<String> {
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use greenroom::config::RootConfig;

    use super::*;
    use crate::settings::{Mode, Settings};

    fn running(more: &str) -> Running {
        let yaml = format!("app: {{datadogRum: {{clientToken: a, applicationId: b{more}}}}}");
        let Mode::On(rum) = Settings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap().mode
        else {
            panic!("it is off")
        };
        Running::of(std::str::from_utf8(&InitScript::of(&rum).text).unwrap()).unwrap()
    }

    #[test]
    fn what_a_backend_runs_with_is_read_out_of_its_script() {
        let one = running(", sessionSampleRate: 12.5, site: datadoghq.eu, env: '</script>'");
        assert_eq!((one.session_rate(), one.forwards(), one.site().name), (12.5, false, "datadoghq.eu"));
        let other = running(", sessionSampleRate: 12.5, site: datadoghq.com");
        assert_eq!(one.differences(&other), ["env", "site"]);
        assert_eq!(one.differences(&one.clone()), [""; 0]);
        assert_eq!(Running::of("alert(1)"), None);
    }
}
