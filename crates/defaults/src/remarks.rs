//! What is said of a config that nothing is wrong with, and that is probably not what was meant.

use crate::{Finding, Severity};
use greenroom_config::{RootConfig, Unset};
use greenroom_config_schema::keys::Unknown;

const LISTEN: &str = "backend.listen";

/// How the config was found and written, secrets that are likely to be part of other text, what variables without a value
/// leave out, policies that are none, and a `NODE_ENV` that nobody knows.
pub(crate) fn of(config: &RootConfig, node_env: Option<&str>) -> Vec<Finding> {
    // A list of exceptions that is none is refused by who reads it.
    let doubtful = greenroom_logging::doubtful_secrets(config).unwrap_or_default();
    let texts = config.warnings().into_iter().chain(doubtful);
    let found = texts.map(|text| Finding::new(Severity::Remark, text));
    let unset = config.unset();
    found
        .chain(unset.iter().map(left_out))
        .chain(odd_policies(config))
        .chain(odd_node_env(node_env))
        .collect()
}

/// Each rule asks for one of these, and takes any other word for none.
const NODE_ENVS: [&str; 3] = ["production", "development", "test"];

fn odd_node_env(node_env: Option<&str>) -> Option<Finding> {
    let odd = node_env.filter(|word| !word.is_empty() && !NODE_ENVS.contains(word))?;
    let meant = NODE_ENVS.into_iter().find(|known| known.starts_with(&odd.to_lowercase()));
    let meant = meant.map(|meant| format!(", did you mean '{meant}'?")).unwrap_or_default();
    let text = format!(
        "NODE_ENV is '{odd}', which is none of 'production', 'development' and 'test': no rule of these holds{meant}"
    );
    Some(Finding::new(Severity::Remark, text))
}

/// What follows where no address is read.
const OPEN: &str = ": the backend listens on all addresses";

/// A key that nobody reads; one that stands where the address would, opens the backend to the network too.
pub(crate) fn unknown(config: &RootConfig, unknown: Unknown) -> Finding {
    let is_address = unknown.key.strip_prefix(LISTEN).is_some_and(|rest| rest.starts_with('.'));
    let mut found = Finding::unknown(unknown);
    if is_address && !config.has("backend.listen.host").unwrap_or_default() {
        found.severity = Severity::Warning;
        found.text.push_str(OPEN);
    }
    found
}

/// An address that is left out opens the backend to the network, though the file may name a host of this machine alone.
fn left_out(unset: &Unset) -> Finding {
    let below = unset.key.strip_prefix(LISTEN);
    match below {
        Some("" | ".host") => Finding::unset(Severity::Warning, unset, OPEN),
        _ => Finding::unset(Severity::Remark, unset, ""),
    }
}

/// As in Node, a policy that is no `continue` aborts, whatever it says.
fn odd_policies(config: &RootConfig) -> Vec<Finding> {
    let mut keys = vec![
        "backend.startup.default.onPluginBootFailure".to_owned(),
        "backend.startup.default.onPluginModuleBootFailure".to_owned(),
    ];
    const PLUGINS: &str = "backend.startup.plugins";
    for plugin in names(config, PLUGINS) {
        let plugin = format!("{PLUGINS}.{plugin}");
        keys.push(format!("{plugin}.onPluginBootFailure"));
        let modules = format!("{plugin}.modules");
        let policy = |module| format!("{modules}.{module}.onPluginModuleBootFailure");
        keys.extend(names(config, &modules).into_iter().map(policy));
    }
    let odd = keys.into_iter().filter_map(|key| {
        let policy = config.optional_string(&key).ok()??;
        let is_known = matches!(policy.as_str(), "continue" | "abort");
        let text = format!("{key} is '{policy}', which means 'abort' as all that is not 'continue'");
        (!is_known).then(|| Finding::at(Severity::Remark, config, &key, text))
    });
    odd.collect()
}

/// The names of the parts there; what cannot be read is told by its reader.
fn names(config: &RootConfig, key: &str) -> Vec<String> {
    config.optional_config(key).ok().flatten().map(|parts| parts.keys()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_is_neither_continue_nor_abort_is_told_with_its_place() {
        let told = |yaml: &str| {
            let found = of(&RootConfig::from_yaml(yaml).unwrap(), None);
            found.into_iter().map(|found| found.text).collect::<Vec<_>>()
        };
        let odd =
            "backend: {startup: {plugins: {tasks: {modules: {m: {onPluginModuleBootFailure: ignore}}}}}}";
        assert_eq!(
            told(odd),
            [
                "backend.startup.plugins.tasks.modules.m.onPluginModuleBootFailure is 'ignore', which means 'abort' \
              as all that is not 'continue' (mock-config:1:80)"
            ]
        );
        let fine = "backend: {startup: {default: {onPluginBootFailure: abort, onPluginModuleBootFailure: continue}}}";
        assert_eq!(told(fine), [""; 0]);
    }

    #[test]
    fn a_key_in_place_of_the_address_is_a_warning_unless_there_is_an_address() {
        let found = |yaml: &str| {
            let config = RootConfig::from_yaml(yaml).unwrap();
            let known = vec!["host".to_owned()];
            let key = "backend.listen.adress".to_owned();
            let place = config.place(&key);
            let found = unknown(&config, Unknown { key, place, suggestion: None, known });
            (found.severity, found.text)
        };
        let text = "nobody reads 'backend.listen.adress', known there are 'host' (mock-config:1:29)";
        assert_eq!(
            found("backend: {listen: { adress: localhost }}"),
            (Severity::Warning, format!("{text}: the backend listens on all addresses"))
        );
        let beside = found("backend: {listen: { adress: x, host: localhost }}");
        assert_eq!(beside, (Severity::Remark, text.to_owned()));
    }

    #[test]
    fn a_node_env_that_no_rule_asks_for_is_told_with_what_was_meant() {
        let told = |node_env| {
            let found = of(&RootConfig::from_yaml("").unwrap(), node_env);
            found.into_iter().map(|found| found.text).collect::<Vec<_>>()
        };
        let text = "is none of 'production', 'development' and 'test': no rule of these holds";
        assert_eq!(
            told(Some("prod")),
            [format!("NODE_ENV is 'prod', which {text}, did you mean 'production'?")]
        );
        assert_eq!(told(Some("staging")), [format!("NODE_ENV is 'staging', which {text}")]);
        for fine in [None, Some(""), Some("production"), Some("development"), Some("test")] {
            assert_eq!(told(fine), [""; 0]);
        }
    }
}
