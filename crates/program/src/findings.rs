//! What the program itself finds of a config that nothing is wrong with: plugins that it lacks or does not know, keys that
//! nobody reads, and a base URL that a Node backend could not use.

use greenroom::config::{RootConfig, nearest};
use greenroom_defaults::{FeatureSchemas, Finding, Severity};

use crate::catalogue::{Catalogue, Choice};

pub(crate) fn of(
    catalogue: &Catalogue,
    config: &RootConfig,
    choice: &Choice,
    node_env: Option<&str>,
) -> Vec<Finding> {
    let everything = catalogue.everything();
    // Of plugins that are off, too.
    let unknown = FeatureSchemas::of(&everything.declarations(), config).unknown(config);
    let mut out: Vec<_> = unknown.into_iter().map(Finding::unknown).collect();
    out.extend(lacking(config, choice));
    let ids: Vec<_> = everything.plugin_ids().collect();
    out.extend(of_nobody(config, &ids));
    out.extend(base_url(config, node_env));
    out
}

/// Those that are switched on one by one; those that only have a section in one line, since Node may run them.
fn lacking(config: &RootConfig, choice: &Choice) -> Vec<Finding> {
    let key = |id: &str| format!("greenroom.plugins.{id}");
    let is_switched = |id: &&String| config.has(&key(id)).unwrap_or(false);
    let (switched, sections): (Vec<_>, Vec<_>) = choice.lacking.iter().partition(is_switched);
    let switched = switched.into_iter().map(|id| {
        let text = format!("{} is on, and this program does not have the plugin '{id}'", key(id));
        Finding::at(Severity::Remark, config, &key(id), text)
    });
    let names: Vec<_> = sections.into_iter().map(String::as_str).collect();
    let sections = (!names.is_empty()).then(|| {
        let names = names.join(", ");
        let told = format!("plugins that the config names and this program does not have: {names}");
        Finding::new(Severity::Note, told)
    });
    switched.chain(sections).collect()
}

/// What is said of single plugins.
const OF_PLUGINS: [&str; 2] = ["backend.startup.plugins", "backend.rateLimit.plugin"];

/// What is said of a plugin that is not there, which Node may run; unless it is nearly one that is there.
fn of_nobody(config: &RootConfig, ids: &[&str]) -> Vec<Finding> {
    let keys = |section| {
        config.optional_config(section).ok().flatten().map(|named| named.keys()).unwrap_or_default()
    };
    let named =
        OF_PLUGINS.into_iter().flat_map(|section| keys(section).into_iter().map(move |id| (section, id)));
    let unknown = named.filter(|(_, id)| !ids.contains(&id.as_str()));
    let told = unknown.map(|(section, id)| {
        let (severity, meant) = match nearest(&id, ids.iter().copied()) {
            Some(meant) => (Severity::Remark, format!(", did you mean '{meant}'?")),
            None => (Severity::Note, String::new()),
        };
        let key = format!("{section}.{id}");
        let text = format!("{key} is of no plugin that this program has{meant}");
        Finding::at(severity, config, &key, text)
    });
    told.collect()
}

/// A Node backend, which may share the file, never does without it. A plugin that needs it here says so itself.
fn base_url(config: &RootConfig, node_env: Option<&str>) -> Option<Finding> {
    const KEY: &str = "backend.baseUrl";
    let at = |text: String| Some(Finding::at(Severity::Note, config, KEY, text));
    if !config.has(KEY).unwrap_or(true) {
        return at(format!("{KEY} is not set: a Node backend on this config does not get ready"));
    }
    let url = config.optional_string(KEY).ok().flatten();
    let Some(url) = url.filter(|url| url.contains("://")) else {
        return at(format!("{KEY} is no URL, such as 'http://localhost:7007': a Node backend cannot use it"));
    };
    let is_local = ["://localhost", "://127.", "://[::1]"].iter().any(|host| url.contains(host));
    if is_local && node_env == Some("production") {
        return at(format!("{KEY} is a localhost URL and NODE_ENV is 'production'"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_no_plugin_is_told_with_the_one_that_was_meant() {
        let yaml = "backend: {startup: {plugins: {taks: {}, rollbar: {}, tasks: {}}}, rateLimit: {plugin: {mial: true}}}";
        let config = RootConfig::from_yaml(yaml).unwrap();
        let told = of_nobody(&config, &["tasks", "mail"]);
        let told: Vec<_> = told.iter().map(|found| (found.severity, found.text.as_str())).collect();
        let text = |key: &str, end: &str| format!("backend.{key} is of no plugin that this program has{end}");
        assert_eq!(
            told,
            [
                (
                    Severity::Remark,
                    &*text("startup.plugins.taks", ", did you mean 'tasks'? (mock-config:1:31)")
                ),
                (Severity::Note, &text("startup.plugins.rollbar", " (mock-config:1:41)")),
                (
                    Severity::Remark,
                    &text("rateLimit.plugin.mial", ", did you mean 'mail'? (mock-config:1:94)")
                ),
            ]
        );
    }
}
