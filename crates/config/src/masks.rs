//! Texts without the secrets of a config.

use greenroom_redact::Secrets;

use crate::RootConfig;

/// Takes the secrets of a config, as it was when this was made, out of texts.
///
/// ```
/// use greenroom_config::RootConfig;
///
/// let yaml = "backend: {auth: {keys: [{secret: start}]}}\nmail: {token: hunter2hunter2}\n";
/// let masks = RootConfig::from_yaml(yaml).unwrap().masks();
/// assert_eq!(masks.all("no start with hunter2hunter2"), "no *** with ***");
/// assert_eq!(masks.long("no start with hunter2hunter2"), "no start with ***");
/// ```
#[derive(Debug, Default)]
pub struct Masks {
    all: Secrets,
    long: Secrets,
}

impl Masks {
    pub(crate) fn of(config: &RootConfig) -> Self {
        let masking = |secrets: Vec<String>| {
            let found = Secrets::default().with(secrets.iter().map(String::as_str));
            found.map(|(secrets, _)| secrets).unwrap_or_default()
        };
        Self { all: masking(config.secrets()), long: masking(config.long_secrets()) }
    }

    /// The text as a log line would tell it.
    pub fn all(&self, text: &str) -> String {
        self.all.mask(text).into_owned()
    }

    /// The text without those secrets that ordinary text does not hold: for a sentence that quotes no value, which a password
    /// `start` would make unreadable.
    pub fn long(&self, text: &str) -> String {
        self.long.mask(text).into_owned()
    }
}
