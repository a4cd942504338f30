//! Boot policy and deadlines, as the config says them.

use std::{collections::HashMap, time::Duration};

use greenroom_config::{Config, ConfigError, RootConfig, all, each};
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
        let (policy, deadlines) = all((policy(config), deadlines(config)))?;
        Ok(Self { policy, deadlines })
    }
}

/// `backend.startup` and `greenroom.startup.onFailure` (contract: plugin-82 to plugin-86, plugin-107).
fn policy(config: &RootConfig) -> Result<BootPolicy> {
    let default =
        |key: &str| Ok(on_failure(config, &format!("backend.startup.default.{key}"))?.unwrap_or_default());
    let (plugin_default, module_default, plugins, on_start_failure) = all((
        default("onPluginBootFailure"),
        default("onPluginModuleBootFailure"),
        named(config, "backend.startup.plugins", plugin_policy),
        on_start_failure(config),
    ))?;
    Ok(BootPolicy { plugin_default, module_default, plugins, on_start_failure })
}

fn plugin_policy(config: &Config) -> Result<PluginPolicy> {
    let modules = named(config, "modules", |config| on_failure(config, "onPluginModuleBootFailure"));
    let (on_failure, modules) = all((on_failure(config, "onPluginBootFailure"), modules))?;
    let modules = modules.into_iter().filter_map(|(id, policy)| Some((id, policy?))).collect();
    Ok(PluginPolicy { on_failure, modules })
}

/// What is read of each part below `key`, by its name.
fn named<T>(config: &Config, key: &str, read: impl Fn(&Config) -> Result<T>) -> Result<HashMap<String, T>> {
    let Some(parts) = config.optional_config(key)? else { return Ok(HashMap::new()) };
    let parts = each(parts.keys().into_iter().map(|id| Ok((id.clone(), read(&parts.config(&id)?)?))));
    Ok(parts?.into_iter().collect())
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
    let (startup_hook, before_shutdown_hook, plugin_shutdown_hook, shutdown_hook, tasks) = all((
        read("startupHook", default.startup_hook),
        read("beforeShutdownHook", default.before_shutdown_hook),
        read("pluginShutdownHook", default.plugin_shutdown_hook),
        read("shutdownHook", default.shutdown_hook),
        read("tasks", default.tasks),
    ))?;
    Ok(Deadlines { startup_hook, before_shutdown_hook, plugin_shutdown_hook, shutdown_hook, tasks })
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
