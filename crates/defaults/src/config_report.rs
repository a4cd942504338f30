//! What there is to say of a config before anything runs: by the schemas and readers that features declare.
//!
//! A start and `config check` ask the same, so that one never refuses what the other finds fine.

use greenroom_config::{ConfigError, ConfigReader, RootConfig};
use greenroom_config_schema::ConfigSchema;
use greenroom_core::{
    Declarations, Fault, Owner,
    boot::{BootPolicy, OnFailure},
};
use greenroom_errors::Error;

use crate::{FeatureSchemas, boot_config::BootConfig, remarks, schemas::fault};

/// What schemas and readers say of a config.
#[derive(Debug, Default)]
pub struct ConfigReport {
    /// What fails the start of a plugin or module, or without an owner that of the backend.
    pub faults: Vec<Fault>,
    /// What those who read it warn of, each a sentence.
    pub warnings: Vec<String>,
    /// What is said besides: deprecated keys, what only schemas refuse, and what is probably not what was meant.
    pub remarks: Vec<String>,
}

impl ConfigReport {
    /// Asks every reader and schema that holds, whatever the ones before it said.
    pub fn of(declared: &Declarations, config: &RootConfig) -> Self {
        let mut report = Self::default();
        report.faults.extend(FeatureSchemas::of(declared, config).into_faults(config));
        if let Err(error) = BootConfig::from_config(config) {
            report.add(Fault { owner: None, error: error.into() });
        }
        for (by, reader) in declared.of::<ConfigReader>() {
            match reader.read(config) {
                Ok(warnings) => report.warnings.extend(warnings),
                Err(error) => report.add(fault(&by, error)),
            }
        }
        report.schema_remarks(config);
        report.remarks.extend(remarks::of(config));
        report
    }

    /// One mistake is often refused by several: a schema and its reader, or two readers of one key.
    fn add(&mut self, new: Fault) {
        let is_told = self.faults.iter().any(|known| {
            known.owner == new.owner
                && match (place(&known.error), place(&new.error)) {
                    (Some(known), Some(new)) => known == new,
                    _ => known.error.message() == new.error.message(),
                }
        });
        if !is_told {
            self.faults.push(new);
        }
    }

    /// Schemas besides those of the features only warn, since Node's do not fail its start either.
    fn schema_remarks(&mut self, config: &RootConfig) {
        let Some(schema) = ConfigSchema::declared(config) else { return };
        self.remarks.extend(schema.deprecations(config));
        let told = |error: &ConfigError| self.faults.iter().any(|fault| place(&fault.error) == error.place());
        let faults = schema.faults(config);
        let new: Vec<_> = faults.iter().filter(|error| !told(error)).map(ToString::to_string).collect();
        self.remarks.extend(new);
    }

    /// The faults that fail the start as a whole, and those that the boot policy permits.
    ///
    /// ```
    /// use greenroom_config::{DeclareConfig, RootConfig};
    /// use greenroom_core::{Backend, plugin};
    /// use greenroom_defaults::ConfigReport;
    ///
    /// let tasks = || plugin("tasks", |env| env.register_init(async || Ok(())));
    /// let tasks = tasks().reads(|config: &RootConfig| config.number("tasks.workers"));
    /// let backend = Backend::new([]).add(tasks);
    /// let asked = |yaml: &str| {
    ///     let config = RootConfig::from_yaml(yaml).unwrap();
    ///     let (refused, permitted) = ConfigReport::of(&backend.declared(), &config).by_policy(&config);
    ///     (refused.len(), permitted.len())
    /// };
    /// assert_eq!(asked("tasks: {workers: 2}"), (0, 0));
    /// assert_eq!(asked("tasks: {workers: many}"), (1, 0));
    /// let permits = "backend: {startup: {plugins: {tasks: {onPluginBootFailure: continue}}}}";
    /// assert_eq!(asked(&format!("tasks: {{workers: many}}\n{permits}")), (0, 1));
    /// ```
    pub fn by_policy(self, config: &RootConfig) -> (Vec<Fault>, Vec<Fault>) {
        // One that cannot be read is a fault of its own.
        let BootConfig { policy, .. } = BootConfig::from_config(config).unwrap_or_default();
        self.faults.into_iter().partition(|fault| !permits(&policy, fault.owner.as_ref()))
    }
}

fn permits(policy: &BootPolicy, owner: Option<&Owner>) -> bool {
    let meaning = match owner {
        None => return false,
        Some(Owner { plugin, module: None }) => policy.plugin(plugin),
        Some(Owner { plugin, module: Some(module) }) => policy.module(plugin, module),
    };
    meaning == OnFailure::Continue
}

/// Where a config error points at.
pub(crate) fn place(error: &Error) -> Option<&greenroom_config::Place> {
    error.downcast_ref::<ConfigError>()?.place()
}
