//! `greenroom.limits`.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use greenroom_config::{ConfigError, RootConfig, all, each};

const KEY: &str = "greenroom.limits";
const IN_FLIGHT: &str = "greenroom.limits.inFlight";
const PLUGINS: &str = "greenroom.limits.plugins";
const AFTER: &str = "greenroom.limits.overload.after";
const BELOW: &str = "greenroom.limits.overload.below";
const RECOVERY: &str = "greenroom.limits.overload.recovery";

/// How much may be in flight.
const MOST: RangeInclusive<usize> = 1..=1_000_000;
/// For how long overload may have to last, and its end.
const TIMES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

/// `greenroom.limits`: how many requests may be in flight at a time; any number without it.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_http::LimitSettings;
///
/// let yaml = "greenroom: { limits: { inFlight: 500, plugins: { catalog: { inFlight: 100 } } } }";
/// let settings = LimitSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
/// assert_eq!((settings.backend, settings.plugins["catalog"]), (Some(500), 100));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// `inFlight`: of all that is answered or passed on.
    pub backend: Option<usize>,
    /// `plugins.<id>.inFlight`.
    pub plugins: BTreeMap<String, usize>,
    /// `overload`.
    pub hysteresis: Hysteresis,
}

/// `greenroom.limits.overload`: when requests that are refused are overload, and when that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hysteresis {
    /// `after`: once some were refused in each second for so long.
    pub after: Duration,
    /// `recovery`: over once for so long none were, and less was in flight than
    pub recovery: Duration,
    /// `below`, in percent of the limit.
    pub below: usize,
}

impl Default for Hysteresis {
    fn default() -> Self {
        Self { after: Duration::from_secs(5), recovery: Duration::from_secs(10), below: 80 }
    }
}

impl LimitSettings {
    /// Reads them.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        config.optional_config(KEY)?;
        let default = Hysteresis::default();
        let (backend, plugins, after, recovery, below) = all((
            config.optional_integer(IN_FLIGHT, MOST),
            plugins(config),
            time(config, AFTER),
            time(config, RECOVERY),
            config.optional_integer(BELOW, 1..=100),
        ))?;
        let hysteresis = Hysteresis {
            after: after.unwrap_or(default.after),
            recovery: recovery.unwrap_or(default.recovery),
            below: below.unwrap_or(default.below),
        };
        Ok(Self { backend, plugins, hysteresis })
    }
}

fn plugins(config: &RootConfig) -> Result<BTreeMap<String, usize>, ConfigError> {
    let Some(named) = config.optional_config(PLUGINS)? else { return Ok(BTreeMap::new()) };
    let limits = named.keys().into_iter().map(|plugin| {
        let above = format!("{PLUGINS}.{plugin}");
        // It has to be an object, though one without a member says nothing.
        config.optional_config(&above)?;
        let most = config.optional_integer(&format!("{above}.inFlight"), MOST)?;
        Ok(most.map(|most| (plugin, most)))
    });
    Ok(each(limits)?.into_iter().flatten().collect())
}

fn time(config: &RootConfig, key: &str) -> Result<Option<Duration>, ConfigError> {
    let Some(said) = config.optional_duration(key)? else { return Ok(None) };
    if TIMES.contains(&said) {
        return Ok(Some(said));
    }
    let text = format!("The time is {} s; it can be from 1 s to an hour", said.as_secs_f64());
    Err(ConfigError::invalid(config, key, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<LimitSettings, ConfigError> {
        LimitSettings::from_config(&RootConfig::from_yaml(yaml).unwrap())
    }

    #[test]
    fn nothing_said_is_no_limit() {
        assert_eq!(read("").unwrap(), LimitSettings::default());
        let says_nothing = "greenroom: { limits: { plugins: { catalog: {} } } }";
        assert_eq!(read(says_nothing).unwrap(), LimitSettings::default());
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_its_key() {
        let yaml = "greenroom: { limits: { inFlight: 0, plugins: { a: { inFlight: many }, b: { inFlight: -1 } }, \
                    overload: { after: 10ms, recovery: soon, below: 101 } } }";
        let told: Vec<_> =
            read(yaml).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect();
        let of = |name: &str| format!("greenroom.limits.{name}");
        let keys = [
            "inFlight",
            "plugins.a.inFlight",
            "plugins.b.inFlight",
            "overload.after",
            "overload.recovery",
            "overload.below",
        ];
        assert_eq!(told, keys.map(of));
        for no_object in ["7", "{ plugins: 7 }", "{ plugins: { a: 7 } }"] {
            assert!(read(&format!("greenroom: {{ limits: {no_object} }}")).is_err(), "{no_object}");
        }
    }
}
