//! Boot policy and deadlines, as the config says them.

use std::{collections::HashMap, time::Duration};

use greenroom_config::{Config, ConfigError, RootConfig};
use greenroom_core::boot::{BootPolicy, Deadlines, OnFailure, OnStartFailure, PluginPolicy};

type Result<T> = greenroom_config::Result<T>;

/// What the boot itself reads.
#[derive(Default)]
pub(crate) struct BootConfig {
    pub(crate) policy: BootPolicy,
    pub(crate) deadlines: Deadlines,
}

impl BootConfig {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self> {
        Ok(Self { policy: policy(config)?, deadlines: deadlines(config)? })
    }
}

/// `backend.startup` and `greenroom.startup.onFailure` (contract: plugin-82 to plugin-86, plugin-107).
fn policy(config: &RootConfig) -> Result<BootPolicy> {
    let mut plugins = HashMap::new();
    if let Some(named) = config.optional_config("backend.startup.plugins")? {
        for id in named.keys() {
            plugins.insert(id.clone(), plugin_policy(&named.config(&id)?)?);
        }
    }
    let default = |key| Ok(on_failure(config, key)?.unwrap_or_default());
    Ok(BootPolicy {
        plugin_default: default("backend.startup.default.onPluginBootFailure")?,
        module_default: default("backend.startup.default.onPluginModuleBootFailure")?,
        plugins,
        on_start_failure: on_start_failure(config)?,
    })
}

fn plugin_policy(config: &Config) -> Result<PluginPolicy> {
    let mut modules = HashMap::new();
    if let Some(named) = config.optional_config("modules")? {
        for id in named.keys() {
            let policy = on_failure(&named.config(&id)?, "onPluginModuleBootFailure")?;
            modules.extend(policy.map(|policy| (id, policy)));
        }
    }
    Ok(PluginPolicy { on_failure: on_failure(config, "onPluginBootFailure")?, modules })
}

/// Only `continue` permits a failure; any other text means abort, as in Node (contract: plugin-86).
fn on_failure(config: &Config, key: &str) -> Result<Option<OnFailure>> {
    Ok(config.optional_string(key)?.map(|policy| match policy.as_str() {
        "continue" => OnFailure::Continue,
        _ => OnFailure::Abort,
    }))
}

fn on_start_failure(config: &Config) -> Result<OnStartFailure> {
    const KEY: &str = "greenroom.startup.onFailure";
    match config.optional_string(KEY)?.as_deref() {
        None | Some("exit") => Ok(OnStartFailure::Exit),
        Some("serve") => Ok(OnStartFailure::Serve),
        Some(other) => Err(ConfigError::invalid(
            config,
            KEY,
            format!("'{other}' is neither 'exit' nor 'serve' at {KEY}"),
        )),
    }
}

/// `greenroom.deadlines`.
fn deadlines(config: &RootConfig) -> Result<Deadlines> {
    let read = |key: &str, default: Duration| {
        Ok::<_, ConfigError>(
            config.optional_duration(&format!("greenroom.deadlines.{key}"))?.unwrap_or(default),
        )
    };
    let default = Deadlines::default();
    Ok(Deadlines {
        startup_hook: read("startupHook", default.startup_hook)?,
        before_shutdown_hook: read("beforeShutdownHook", default.before_shutdown_hook)?,
        plugin_shutdown_hook: read("pluginShutdownHook", default.plugin_shutdown_hook)?,
        shutdown_hook: read("shutdownHook", default.shutdown_hook)?,
        tasks: read("tasks", default.tasks)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_86_only_continue_permits_a_failure() {
        let yaml = "
backend:
  startup:
    default: { onPluginBootFailure: bogus, onPluginModuleBootFailure: continue }
    plugins:
      a:
        onPluginBootFailure: continue
        modules: { m: { onPluginModuleBootFailure: abort } }
";
        let policy = policy(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
        assert_eq!((policy.plugin("x"), policy.plugin("a")), (OnFailure::Abort, OnFailure::Continue));
        assert_eq!(
            (policy.module("x", "m"), policy.module("a", "m")),
            (OnFailure::Continue, OnFailure::Abort)
        );
    }

    #[test]
    fn a_start_failure_exits_or_serves_and_nothing_else() {
        let read =
            |text: &str| policy(&RootConfig::from_yaml(text).unwrap()).map(|policy| policy.on_start_failure);
        assert_eq!(read("a: 1").unwrap(), OnStartFailure::Exit);
        let key = |value| format!("greenroom: {{startup: {{onFailure: {value}}}}}");
        assert_eq!(read(&key("serve")).unwrap(), OnStartFailure::Serve);
        assert!(read(&key("retry")).unwrap_err().message().contains("'retry' is neither 'exit' nor 'serve'"));
    }
}
