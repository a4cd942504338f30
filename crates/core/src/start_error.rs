//! Why a start failed.

use greenroom_errors::{Error, describe};

use crate::{
    boot::{BootReport, Failure},
    owner::Fault,
};

/// Why a start failed. Its text is Backstage's.
#[derive(Debug)]
pub enum StartError {
    /// The graph is wrong; nothing ran. Every fault is listed, those with an owner too.
    Graph(Vec<Fault>),
    /// The boot policy could not be read, or the logger not be made.
    Boot(Error),
    /// A root service could not be made.
    Service {
        /// Its id.
        id: &'static str,
        /// What its factory said, unchanged.
        error: Error,
    },
    /// Plugins or modules failed that may not (Backstage's `BackendStartupError`).
    Plugins(Box<BootReport>),
}

impl StartError {
    /// As an error with Backstage's name, for the log.
    pub fn to_error(&self) -> Error {
        match self {
            Self::Boot(error) | Self::Service { error, .. } => error.clone(),
            Self::Graph(faults) if faults.len() == 1 => faults[0].error.clone(),
            Self::Graph(_) => Error::new(self.to_string()),
            Self::Plugins(_) => Error::named("BackendStartupError", self.to_string()),
        }
    }
}

impl std::error::Error for StartError {}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let report = match self {
            Self::Boot(error) | Self::Service { error, .. } => return error.fmt(f),
            Self::Graph(faults) => match &**faults {
                [one] => return one.error.fmt(f),
                _ => {
                    f.write_str("Backend startup failed due to the following errors:")?;
                    return faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"));
                }
            },
            Self::Plugins(report) => report,
        };
        f.write_str("Backend startup failed due to the following errors:")?;
        for plugin in &report.plugins {
            let id = &plugin.plugin_id;
            for module in &plugin.modules {
                let who = format!("Module '{}' for plugin '{id}'", module.module_id);
                line(f, &who, module.failure.as_ref())?;
            }
            line(f, &format!("Plugin '{id}'"), plugin.failure.as_ref())?;
        }
        Ok(())
    }
}

fn line(f: &mut std::fmt::Formatter<'_>, who: &str, failure: Option<&Failure>) -> std::fmt::Result {
    let Some(failure) = failure.filter(|failure| !failure.allowed) else { return Ok(()) };
    let seen = describe(&failure.error);
    write!(f, "\n  {who} startup failed; caused by {}: {}", seen.name, seen.message)
}
