//! What the running backend has browsers start the SDK with, read out of its script.

use serde_json::Value;

use super::{Diagnosis, Finding, config::ConfigView};
use crate::{
    init::InitScript,
    settings::{Origin, Site},
};

/// How the running backend has browsers start the SDK.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running(Value);

impl Running {
    pub(super) fn of(script: &str) -> Option<Self> {
        let (_, settings) = script.rsplit_once("})(window, ")?;
        serde_json::from_str(settings.trim_end().strip_suffix(");")?).ok().map(Self)
    }

    pub(super) fn forwards(&self) -> bool {
        self.0["forwards"] == true
    }

    pub(super) fn session_rate(&self) -> f64 {
        self.0["options"]["sessionSampleRate"].as_f64().unwrap_or(100.0)
    }

    pub(super) fn replay_rate(&self) -> f64 {
        self.0["options"]["sessionReplaySampleRate"].as_f64().unwrap_or(0.0)
    }

    pub(super) fn backend(&self) -> Option<Origin> {
        Origin::of(self.0["backend"].as_str()?)
    }

    pub(super) fn site(&self) -> Site {
        self.0["options"]["site"].as_str().and_then(Site::named).unwrap_or(Site::default())
    }

    pub(super) fn path(&self) -> &str {
        self.0["path"].as_str().unwrap_or_default()
    }

    pub(super) fn traces(&self) -> bool {
        self.0["traces"] == true
    }

    /// The options that are others in `other`, by their names.
    fn differences(&self, other: &Self) -> Vec<String> {
        let all = |of: &Self| of.0["options"].as_object().cloned().unwrap_or_default();
        let (ours, theirs) = (all(self), all(other));
        let names = ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
        let options = names.filter(|name| ours.get(*name) != theirs.get(*name)).cloned();
        let others = ["backend", "path", "forwards", "traces", "needsConsent", "kept"];
        let others =
            others.iter().filter(|name| self.0[**name] != other.0[**name]).map(|name| (*name).to_owned());
        options.chain(others).collect()
    }

    /// Whether that is what the config says.
    pub(super) fn against_config(&self, view: Option<&ConfigView>, init: &str, told: &mut Diagnosis) {
        if self.session_rate() == 0.0 && view.is_none_or(|view| view.rum.session_rate > 0.0) {
            let what = "The running backend has browsers measure 0 of a hundred sessions";
            told.add(
                Finding::error("the rate of sessions is 0", what)
                    .at(init)
                    .help("Set app.datadogRum.sessionSampleRate"),
            );
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
        assert_eq!(one.differences(&other), ["site", "env"]);
        assert_eq!(one.differences(&one.clone()), [""; 0]);
        assert_eq!(Running::of("alert(1)"), None);
    }
}
