//! Texts without the secrets of a config.

use std::sync::Arc;

use greenroom_redact::Secrets;

use crate::{
    secret::{Secret, is_short},
    snapshot::Snapshot,
};

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
///
/// They are made once for each state of a config: to ask for them costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Masks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    all: Secrets,
    long: Secrets,
}

impl Masks {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let masking = |secrets: &[String]| {
            let found = Secrets::default().with(secrets.iter().map(String::as_str));
            found.map(|(secrets, _)| secrets).unwrap_or_default()
        };
        let secrets = Secret::texts(snapshot);
        let long: Vec<_> = secrets.iter().filter(|text| !is_short(text)).cloned().collect();
        Self(Arc::new(Inner { all: masking(&secrets), long: masking(&long) }))
    }

    /// The text as a log line would tell it.
    pub fn all(&self, text: &str) -> String {
        self.0.all.mask(text).into_owned()
    }

    /// The same of a text that was cut: what has begun at its end and may be a secret is left out.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let masks = RootConfig::from_yaml("mail: {token: hunter2hunter2}").unwrap().masks();
    /// assert_eq!(masks.of_cut("hunter2hunter2 or hunter2hun"), "*** or ");
    /// ```
    pub fn of_cut(&self, text: &str) -> String {
        let mut masked = self.all(text);
        let begun = self.0.all.begun_at_end(masked.as_bytes());
        masked.truncate(masked.floor_char_boundary(masked.len() - begun));
        masked
    }

    /// The text without those secrets that ordinary text does not hold: for a sentence that quotes no value, which a password
    /// `start` would make unreadable.
    pub fn long(&self, text: &str) -> String {
        self.0.long.mask(text).into_owned()
    }
}
