//! What there is to say of a config before anything runs: by the schemas and readers that features declare.
//!
//! It is put together here alone. A start logs it and `config check` prints it, so that one never refuses what the other
//! finds fine.

use std::collections::{HashMap, HashSet};

use greenroom_config::{ConfigError, ConfigReader, Masks, ReadContext, RootConfig};
use greenroom_config_schema::ConfigSchema;
use greenroom_core::{
    Fault, Owner,
    boot::{BootPolicy, OnFailure},
};
use greenroom_logging::RootLogger;

use crate::{FeatureSchemas, Finding, Severity, boot_config::BootConfig, remarks, schemas::fault};

/// All findings of a config.
///
/// ```
/// use greenroom_config::{DeclareConfig, ReadContext, RootConfig};
/// use greenroom_core::{Backend, plugin};
/// use greenroom_defaults::{ConfigReport, Severity};
///
/// let tasks = plugin("tasks", |env| env.register_init(async || Ok(())));
/// let tasks = tasks.reads(|config: &RootConfig| config.number("tasks.workers"));
/// let context = ReadContext { declarations: Backend::new([]).add(tasks).declarations(), ..ReadContext::default() };
/// let gravest = |yaml: &str| {
///     let config = RootConfig::from_yaml(yaml).unwrap();
///     ConfigReport::of(&context, &config).findings().iter().map(|found| found.severity).min()
/// };
/// assert_eq!(gravest("tasks: {workers: 2}"), None);
/// assert_eq!(gravest("tasks: {workers: many}"), Some(Severity::Refused));
/// let permits = "backend: {startup: {plugins: {tasks: {onPluginBootFailure: continue}}}}";
/// assert_eq!(gravest(&format!("tasks: {{workers: many}}\n{permits}")), Some(Severity::Permitted));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigReport {
    findings: Vec<Finding>,
    told: Told,
    /// Of what fails something, by whom it fails.
    failing: HashMap<Option<Owner>, Told>,
    policy: BootPolicy,
}

/// What findings say: of which keys, and in which words. There may be as many as a config has lines.
#[derive(Clone, Debug, Default)]
struct Told {
    keys: HashSet<String>,
    texts: HashSet<String>,
    /// Those of no key.
    texts_alone: HashSet<String>,
}

impl Told {
    /// Whether one says the same: of the same key, or, where there is none, in the same words.
    fn says(&self, finding: &Finding) -> bool {
        match &finding.key {
            Some(key) => self.keys.contains(key) || self.texts_alone.contains(&finding.text),
            None => self.texts.contains(&finding.text),
        }
    }

    fn add(&mut self, finding: &Finding) {
        match &finding.key {
            Some(key) => self.keys.insert(key.clone()),
            None => self.texts_alone.insert(finding.text.clone()),
        };
        self.texts.insert(finding.text.clone());
    }
}

impl ConfigReport {
    /// Asks every reader and schema that holds, whatever the ones before it said.
    pub fn of(context: &ReadContext, config: &RootConfig) -> Self {
        Self::by(&FeatureSchemas::of(&context.declarations, config), context, config)
    }

    /// The same, where the schemas are known already.
    pub(crate) fn by(features: &FeatureSchemas, context: &ReadContext, config: &RootConfig) -> Self {
        let boot = BootConfig::from_config(config);
        let policy = boot.as_ref().map(|boot| boot.policy.clone()).unwrap_or_default();
        let mut report = Self { policy, ..Self::default() };
        features.refused(config).into_iter().for_each(|fault| report.refuse(fault));
        if let Err(error) = boot {
            report.refuse(Fault { owner: None, error: error.into() });
        }
        for (by, reader) in context.declarations.of::<ConfigReader>() {
            match reader.read(config, context) {
                Ok(remarks) => {
                    report.add_all(remarks.into_iter().map(|remark| Finding::of_reader(by.owner(), remark)));
                }
                Err(error) => report.refuse(fault(&by, error)),
            }
        }
        report.add_all(remarks::of(config, context.node_env.as_deref()));
        if let Some(schema) = ConfigSchema::declared(config) {
            report.add_all(schema.faults(config).iter().map(Finding::of_schema));
            let deprecations = schema.deprecations(config).into_iter();
            report.add_all(deprecations.map(|text| Finding::new(Severity::Remark, text)));
            report.add_all(features.unknown(config).into_iter().map(|key| remarks::unknown(config, key)));
            let notes = schema.notes().iter();
            report.add_all(notes.map(|note| Finding::new(Severity::Note, format!("Config schemas: {note}"))));
        }
        report
    }

    /// All of them, in the order in which they were found; each key is told once for each owner that it fails.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Adds more; what is told already is not told again.
    pub fn add_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|new| {
            if !self.told.says(&new) {
                self.add(new);
            }
        });
    }

    /// Adds what fails the backend, or a plugin that may or must not fail: each thing by itself.
    pub fn refuse(&mut self, fault: Fault) {
        let permits = permits(&self.policy, fault.owner.as_ref());
        let severity = if permits { Severity::Permitted } else { Severity::Refused };
        for fault in ConfigError::each_fault(fault) {
            let new = Finding::fault(severity, fault);
            if !self.failing.get(&new.owner).is_some_and(|told| told.says(&new)) {
                self.add(new);
            }
        }
    }

    fn add(&mut self, finding: Finding) {
        self.told.add(&finding);
        if finding.is_fault() {
            self.failing.entry(finding.owner.clone()).or_default().add(&finding);
        }
        self.findings.push(finding);
    }

    /// What fails the start of the backend, or keeps one of these plugins, or a module of theirs, from starting.
    ///
    /// ```
    /// use greenroom_config::{DeclareConfig, ReadContext, RootConfig};
    /// use greenroom_core::{Backend, plugin};
    /// use greenroom_defaults::ConfigReport;
    ///
    /// let tasks = plugin("tasks", |env| env.register_init(async || Ok(())));
    /// let tasks = tasks.reads(|config: &RootConfig| config.number("tasks.workers"));
    /// let context = ReadContext { declarations: Backend::new([]).add(tasks).declarations(), ..ReadContext::default() };
    /// let permits = "backend: {startup: {plugins: {tasks: {onPluginBootFailure: continue}}}}";
    /// let config = RootConfig::from_yaml(&format!("tasks: {{workers: many}}\n{permits}")).unwrap();
    /// let report = ConfigReport::of(&context, &config);
    /// assert_eq!((report.faults_for(&["tasks"]).len(), report.faults_for(&["mail"]).len()), (1, 0));
    /// ```
    pub fn faults_for(&self, plugins: &[&str]) -> Vec<Fault> {
        let fails = |found: &&Finding| match (found.severity, &found.owner) {
            (Severity::Refused, _) => true,
            (_, Some(owner)) => plugins.contains(&&*owner.plugin),
            (_, None) => false,
        };
        self.findings.iter().filter(fails).filter_map(Finding::to_fault).collect()
    }

    /// What fails the start of the backend, of a plugin or of a module.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.findings.iter().filter_map(Finding::to_fault).collect()
    }

    /// An error that is told before all of them could be, with the others that point into the config.
    pub(crate) fn join(&self, error: ConfigError) -> ConfigError {
        let known: HashSet<_> = error.clone().each().map(|one| one.key().map(str::to_owned)).collect();
        let refused = self.findings.iter().filter(|found| found.severity == Severity::Refused);
        let others = refused.filter(|found| !known.contains(&found.key)).filter_map(Finding::config_error);
        others.cloned().fold(error, ConfigError::and)
    }

    /// Logs what fails nothing. `additions` is whether the log's format has lines that Node's backend does not write.
    pub(crate) fn tell(&self, logger: &RootLogger, additions: bool, masks: &Masks) {
        self.findings.iter().for_each(|found| found.tell(logger, additions, masks));
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
