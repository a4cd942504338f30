//! What the framework says while it starts.

use crate::{Kind, Plugin, Record};

/// A line of the start. Node says the same in 0.18 and 0.19 of `@backstage/backend-defaults`, in production and development.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Boot<'a> {
    /// `Loading config from …`: the first line of all, past the logger.
    LoadingConfig {
        /// The source, as its class prints itself.
        source: &'a str,
    },
    /// `Listening on :7007`.
    Listening {
        /// The host; empty for all.
        host: &'a str,
        /// The port.
        port: u16,
    },
    /// `Plugin initialization started: 'a', 'b'`.
    Started {
        /// The plugins, sorted.
        plugins: Vec<&'a str>,
    },
    /// `Plugin initialization in progress, newly initialized: 'a', still initializing: 'b'`.
    InProgress {
        /// Those that ended since the line before, well or not.
        initialized: Vec<&'a str>,
        /// Those that did not.
        initializing: Vec<&'a str>,
    },
    /// `Plugin initialization complete, newly initialized: 'a'`.
    Complete {
        /// Those that ended since the line before, well or not.
        initialized: Vec<&'a str>,
        /// Those that did not, if any.
        initializing: Vec<&'a str>,
    },
    /// `Plugin 'a' threw an error during startup…`, or a module of it.
    Failed(StartupFailure<'a>),
    /// `Unhandled rejection Backend startup failed due to the following errors: …`: the process stays, and is never ready.
    StartupFailed {
        /// What failed, a line each.
        errors: Vec<&'a str>,
    },
}

/// A plugin or a module that threw while it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartupFailure<'a> {
    /// The plugin.
    pub plugin: &'a str,
    /// The module, if it was one.
    pub module: Option<&'a str>,
    /// Whether config permits it, and the start goes on.
    pub permitted: bool,
    /// Whether the start was over: a plugin has blamed its module for what came later.
    pub late: bool,
    /// How many other plugins are waited for.
    pub waiting_for: usize,
    /// The error's message.
    pub error: &'a str,
}

impl<'a> Boot<'a> {
    /// What a record says of the start, if it does.
    pub fn of(record: &'a Record<'_>) -> Option<Self> {
        let message = &*record.message;
        match (message.as_bytes().first()?, &record.kind) {
            (b'L' | b'P' | b'M' | b'U', Kind::Json | Kind::Development) => Self::logged(record),
            (b'L', Kind::Console) => {
                let source = message.strip_prefix("Loading config from ")?;
                Some(Self::LoadingConfig { source })
            }
            (_, Kind::Uncaught(_) | Kind::Error) => startup_failed(message),
            _ => None,
        }
    }

    fn logged(record: &'a Record<'_>) -> Option<Self> {
        // The framework's own logger names no plugin.
        if matches!(record.plugin, Some(Plugin::Named(_))) {
            return None;
        }
        let message = &*record.message;
        if let Some(rest) = message.strip_prefix("Plugin initialization ") {
            if let Some(plugins) = rest.strip_prefix("started: ") {
                return Some(Self::Started { plugins: ids(plugins) });
            }
            if let Some(status) = rest.strip_prefix("in progress") {
                let (initialized, initializing) = progress(status);
                return Some(Self::InProgress { initialized, initializing });
            }
            let (initialized, initializing) = progress(rest.strip_prefix("complete")?);
            return Some(Self::Complete { initialized, initializing });
        }
        if let Some(address) = message.strip_prefix("Listening on ") {
            if record.service.as_deref() != Some("rootHttpRouter") {
                return None;
            }
            let (host, port) = address.trim_end().rsplit_once(':')?;
            return Some(Self::Listening { host, port: port.parse().ok()? });
        }
        startup_failed(message).or_else(|| StartupFailure::read(message).map(Self::Failed))
    }
}

impl<'a> StartupFailure<'a> {
    fn read(message: &'a str) -> Option<Self> {
        let (module, rest) = match message.strip_prefix("Module ") {
            Some(rest) => rest.split_once(" in ").map(|(module, rest)| (Some(module), rest))?,
            None => (None, message),
        };
        let (plugin, rest) = rest.strip_prefix("Plugin '")?.split_once("' ")?;
        let (module, late, rest) = match rest.strip_prefix("threw an error during startup") {
            Some(rest) => (module, false, rest),
            None => {
                let rest = rest.strip_prefix("reported failure for module '")?;
                let (module, rest) = rest.split_once("' ")?;
                match rest.strip_prefix("during startup") {
                    Some(rest) => (Some(module), false, rest),
                    None => (Some(module), true, rest.strip_prefix("after startup")?),
                }
            }
        };
        let permitted = rest.starts_with(", but boot failure is permitted for this plugin");
        let waiting = rest.strip_prefix(", waiting for ").and_then(|rest| rest.split_once(' '));
        let waiting_for = waiting.and_then(|(count, _)| count.parse().ok()).unwrap_or(0);
        // The logger puts the error's message behind its own, which ends in a point if it is no report of a module.
        let error = match rest.split_once(". ") {
            Some((_, error)) => error,
            None => rest.trim_start_matches([' ', '.']),
        };
        Some(Self { plugin, module, permitted, late, waiting_for, error })
    }
}

/// `'a', 'b'`.
fn ids(text: &str) -> Vec<&str> {
    let text = text.trim();
    let text = text.strip_prefix('\'').unwrap_or(text);
    let text = text.strip_suffix('\'').unwrap_or(text);
    text.split("', '").filter(|id| !id.is_empty()).collect()
}

/// `, newly initialized: 'a', still initializing: 'b'`: each may be absent.
fn progress(status: &str) -> (Vec<&str>, Vec<&str>) {
    let (done, rest) = match status.split_once(", still initializing: ") {
        Some((done, rest)) => (done, ids(rest)),
        None => (status, Vec::new()),
    };
    (done.strip_prefix(", newly initialized: ").map(ids).unwrap_or_default(), rest)
}

fn startup_failed(message: &str) -> Option<Boot<'_>> {
    let begin = "Backend startup failed due to the following errors:";
    // Some words may stand before it: who reports it, the error's name.
    let at = message.find(begin).filter(|&at| at < 64)?;
    let errors = message[at + begin.len()..].lines().map(str::trim).filter(|line| !line.is_empty());
    Some(Boot::StartupFailed { errors: errors.collect() })
}
