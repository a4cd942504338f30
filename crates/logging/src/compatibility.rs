//! Which release of Backstage lines are to look like.

use greenroom_config::{Config, ConfigError, Result};
use greenroom_js as js;

const KEY: &str = "greenroom.compatibility";

/// The release of Backstage whose lines and answers ours are like, where releases differ: the newest, unless
/// `greenroom.compatibility` says otherwise.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_logging::Compatibility;
///
/// let config = RootConfig::from_yaml("greenroom: {compatibility: '1.55'}").unwrap();
/// let wanted = Compatibility::from_config(&config).unwrap();
/// assert!(wanted < Compatibility::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Compatibility {
    /// Production lines carry no time; access lines carry a `date`.
    V1_55,
    /// Every production line carries `timestamp`; access lines have no `date`.
    #[default]
    V1_57,
}

impl Compatibility {
    /// What config says; `'1.55'` may stand without its quotes.
    ///
    /// # Errors
    /// For another release, pointing at it.
    pub fn from_config(config: &Config) -> Result<Self> {
        let Some(found) = config.optional_get(KEY)? else { return Ok(Self::default()) };
        match js::string(&found).as_str() {
            "1.55" => Ok(Self::V1_55),
            "1.57" => Ok(Self::V1_57),
            other => {
                let text = format!("Invalid config at {KEY}, '{other}' must be '1.55' or '1.57'.");
                Err(ConfigError::invalid(config, KEY, text))
            }
        }
    }
}
