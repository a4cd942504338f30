//! Which plugins this binary has, and which of them a config asks for.

use greenroom::{
    config::{ConfigError, RootConfig},
    core::{Backend, Plugin},
};
use greenroom_plugin_healthcheck::healthcheck;
use greenroom_plugin_tasks::tasks;

/// A plugin of this binary.
struct Entry {
    id: &'static str,
    /// Whether it runs unless the config says otherwise.
    default: bool,
    make: fn() -> Plugin,
}

const PLUGINS: [Entry; 2] = [
    Entry { id: "healthcheck", default: true, make: || healthcheck().into() },
    Entry { id: "tasks", default: false, make: tasks },
];

/// Config sections of well-known Backstage plugins that this binary does not have.
const ELSEWHERE: [&str; 13] = [
    "auth",
    "catalog",
    "events",
    "homepage",
    "jenkins",
    "kubernetes",
    "notifications",
    "permission",
    "proxy",
    "scaffolder",
    "search",
    "signals",
    "techdocs",
];

/// What a config asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Plugins to run.
    pub(crate) chosen: Vec<&'static str>,
    /// Plugins that the config names and this binary lacks.
    pub(crate) lacking: Vec<String>,
}

const KEY: &str = "greenroom.plugins";

/// Reads `greenroom.plugins.<id>: true | false`, and sees what other plugins' sections there are.
pub(crate) fn choose(config: &RootConfig) -> Result<Choice, ConfigError> {
    let mut chosen = vec![];
    for entry in &PLUGINS {
        if config.optional_boolean(&format!("{KEY}.{}", entry.id))?.unwrap_or(entry.default) {
            chosen.push(entry.id);
        }
    }
    let mut lacking: Vec<String> = vec![];
    if let Some(named) = config.optional_config(KEY)? {
        let known = |id: &String| PLUGINS.iter().any(|entry| entry.id == id);
        for id in named.keys().into_iter().filter(|id| !known(id)) {
            if named.boolean(&id)? {
                lacking.push(id);
            }
        }
    }
    let keys = config.keys();
    lacking.extend(keys.into_iter().filter(|key| ELSEWHERE.contains(&key.as_str())));
    lacking.sort();
    lacking.dedup();
    Ok(Choice { chosen, lacking })
}

/// A backend of all plugins that there are, to be asked and not to be started.
pub(crate) fn everything() -> Backend {
    PLUGINS.iter().fold(Backend::new([]), |backend, entry| backend.add((entry.make)()))
}

/// Adds the chosen plugins.
pub(crate) fn add(backend: Backend, choice: &Choice) -> Backend {
    let chosen = PLUGINS.iter().filter(|entry| choice.chosen.contains(&entry.id));
    chosen.fold(backend, |backend, entry| backend.add((entry.make)()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_run_by_default_by_name_or_not_at_all_and_missing_ones_are_told() {
        let choice = |yaml: &str| choose(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
        assert_eq!(choice("app: {}").chosen, ["healthcheck"]);
        let named = choice(
            "greenroom: {plugins: {healthcheck: false, tasks: true, rollbar: true, old: false}}\ncatalog: {}",
        );
        assert_eq!(
            named,
            Choice { chosen: vec!["tasks"], lacking: vec!["catalog".into(), "rollbar".into()] }
        );
        let wrong = RootConfig::from_yaml("greenroom: {plugins: {tasks: maybe}}").unwrap();
        assert!(choose(&wrong).unwrap_err().message().contains("greenroom.plugins.tasks"));
    }
}
