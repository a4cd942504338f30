//! `greenroom.health`: what an operator says of checks.

use std::{collections::BTreeMap, time::Duration};

use greenroom_config::{ConfigError, Result, RootConfig, nearest};

use crate::Severity;

const READINESS: &str = "greenroom.health.readiness";
const CHECKS: &str = "greenroom.health.checks";

/// The shortest and the longest time from one run of a check to the next.
pub(crate) const INTERVALS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(24 * 3600)];
/// The shortest and the longest time that a run may take.
pub(crate) const TIMEOUTS: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(300)];

/// So many names are told to who has written another.
const SHOWN: usize = 20;

/// What the config says of checks, by `<plugin>.<name>`.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthSettings {
    /// `greenroom.health.readiness`.
    readiness: Vec<String>,
    /// `greenroom.health.checks`.
    checks: BTreeMap<String, CheckSettings>,
}

/// What it says of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckSettings {
    pub(crate) readiness: Option<bool>,
    pub(crate) severity: Option<Severity>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) interval: Option<Duration>,
}

impl HealthSettings {
    /// Reads `greenroom.health`.
    ///
    /// # Errors
    /// When a value is none that it can be, or two contradict each other.
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self> {
        let readiness = config.optional_string_array(READINESS)?.unwrap_or_default();
        let mut checks = BTreeMap::new();
        for (name, key) in named(config)? {
            checks.insert(name, of_check(config, &key)?);
        }
        for (index, name) in readiness.iter().enumerate() {
            match checks.get_mut(name) {
                Some(CheckSettings { readiness: Some(false), .. }) => {
                    let text = format!(
                        "Readiness fails with '{name}' by {READINESS}, and does not by {CHECKS}.{name}.readiness: remove one of them"
                    );
                    return Err(ConfigError::invalid_element(config, READINESS, index, text));
                }
                Some(check) => check.readiness = Some(true),
                None => {
                    let asked = CheckSettings { readiness: Some(true), ..CheckSettings::default() };
                    checks.insert(name.clone(), asked);
                }
            }
        }
        Ok(Self { readiness, checks })
    }

    /// What it says of a check.
    pub(crate) fn of(&self, name: &str) -> CheckSettings {
        self.checks.get(name).cloned().unwrap_or_default()
    }

    /// Each name that no check has, with an error at its place.
    pub(crate) fn unknown(&self, config: &RootConfig, known: &[String]) -> Vec<(String, ConfigError)> {
        let refused = |name: &str| {
            let near = nearest(name, known.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean '{near}'?"),
                // The backend that could list them is not up.
                None if known.is_empty() => "there is none here".to_owned(),
                None => {
                    let mut names: Vec<_> = known.iter().map(String::as_str).collect();
                    names.sort_unstable();
                    let more = if names.len() > SHOWN { ", and more" } else { "" };
                    names.truncate(SHOWN);
                    format!("there are '{}'{more}", names.join("', '"))
                }
            };
            format!("No plugin has registered the health check '{name}': {hint}")
        };
        let listed = self.readiness.iter().enumerate().map(|(index, name)| {
            (name.clone(), ConfigError::invalid_element(config, READINESS, index, refused(name)))
        });
        let named = named(config).unwrap_or_default().into_iter().map(|(name, key)| {
            let error = ConfigError::invalid(config, &key, refused(&name));
            (name, error)
        });
        listed.chain(named).filter(|(name, _)| !known.contains(name)).collect()
    }
}

/// Each check that has settings, with their key.
fn named(config: &RootConfig) -> Result<Vec<(String, String)>> {
    let members = |key: &str| Ok(config.optional_config(key)?.map_or_else(Vec::new, |of| of.keys()));
    let mut named = vec![];
    for plugin in members(CHECKS)? {
        for name in members(&format!("{CHECKS}.{plugin}"))? {
            let (name, key) = (format!("{plugin}.{name}"), format!("{CHECKS}.{plugin}.{name}"));
            // It has to be an object, though one without a member says nothing.
            config.optional_config(&key)?;
            named.push((name, key));
        }
    }
    Ok(named)
}

fn of_check(config: &RootConfig, key: &str) -> Result<CheckSettings> {
    let of = |name: &str| format!("{key}.{name}");
    let severity = match config.optional_string(&of("severity"))?.as_deref() {
        None => None,
        Some("fail") => Some(Severity::Fail),
        Some("degrade") => Some(Severity::Degrade),
        Some(other) => {
            let text = format!("The severity '{}' is neither 'fail' nor 'degrade'", other.escape_default());
            return Err(ConfigError::invalid(config, &of("severity"), text));
        }
    };
    Ok(CheckSettings {
        readiness: config.optional_boolean(&of("readiness"))?,
        severity,
        timeout: within(config, &of("timeout"), TIMEOUTS)?,
        interval: within(config, &of("interval"), INTERVALS)?,
    })
}

fn within(config: &RootConfig, key: &str, [least, most]: [Duration; 2]) -> Result<Option<Duration>> {
    let Some(said) = config.optional_duration(key)? else { return Ok(None) };
    if (least..=most).contains(&said) {
        return Ok(Some(said));
    }
    let text = format!(
        "The time is {} s; it can be from {} s to {} s",
        said.as_secs_f64(),
        least.as_secs_f64(),
        most.as_secs_f64()
    );
    Err(ConfigError::invalid(config, key, text))
}
