//! The handles that services hold: cheap to clone, and following reloads.
//!
//! Must not know how sources are found or parsed.

use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use serde_json::Value as Json;

use crate::{
    ConfigError, Place, Subscription,
    conceal::conceal,
    duration,
    error::Result,
    integer, key,
    listeners::Listener,
    live::Live,
    reader::Reader,
    switch,
    value::{Node, Value},
};

/// A part of the configuration, and its readers.
///
/// Keys are dot paths, `backend.baseUrl`. Every reader comes twice: `string` fails for what is missing, and
/// `optional_string` gives `None`; null counts as missing. Both fail for a value of the wrong type, with
/// `Invalid type in config for key …`, for a path through a scalar, and for a key that cannot be one,
/// with `Invalid config key …`.
#[derive(Clone)]
pub struct Config {
    live: Arc<Live>,
    /// The keys that led here from the root, one for each `config()`.
    path: Arc<[String]>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_tuple("Config").field(&self.full_key("")).finish()
    }
}

macro_rules! readers {
    ($($(#[$doc:meta])* $required:ident, $optional:ident -> $type:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// As the type's description says; a missing value is one.
        pub fn $required(&self, key: &str) -> Result<$type> {
            self.required(key, |reader| reader.$required(key))
        }

        #[doc = concat!("As [`", stringify!($required), "`](Self::", stringify!($required), "), `None` when missing.")]
        ///
        /// # Errors
        /// As the type's description says.
        pub fn $optional(&self, key: &str) -> Result<Option<$type>> {
            self.optional(|reader| reader.$required(key))
        }
    )*};
}

impl Config {
    /// All of it.
    pub(crate) fn root(live: Arc<Live>) -> Self {
        Self { live, path: Arc::new([]) }
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    readers! {
        /// A string that is not empty. Numbers and booleans are refused (contract: config-24).
        string, optional_string -> String;
        /// A number, or a string that JavaScript's `Number()` takes: `"0x10"` is 16; blank text is none.
        number, optional_number -> f64;
        /// A boolean, or one of y, yes, true, 1, on and n, no, false, 0, off in any case (contract: config-23).
        boolean, optional_boolean -> bool;
        /// An array of strings that are not empty. One string alone is refused (contract: config-25).
        string_array, optional_string_array -> Vec<String>;
    }

    /// Any value as JSON, merged from all sources (contract: config-1, config-3). The empty key is the whole.
    ///
    /// # Errors
    /// As the type's description says; a missing value is one.
    pub fn get(&self, key: &str) -> Result<Json> {
        self.required(key, |reader| Ok(reader.merged(key)?.map(|node| node.to_json())))
    }

    /// As [`get`](Self::get), `None` when missing.
    ///
    /// # Errors
    /// As the type's description says.
    pub fn optional_get(&self, key: &str) -> Result<Option<Json>> {
        self.optional(|reader| Ok(reader.merged(key)?.map(|node| node.to_json())))
    }

    /// As [`optional_get`](Self::optional_get), with the place and origin of every value.
    ///
    /// # Errors
    /// As the type's description says.
    pub fn optional_node(&self, key: &str) -> Result<Option<Node>> {
        self.optional(|reader| reader.merged(key))
    }

    /// The part below `key`.
    ///
    /// Of a config loaded from files it is a live view (contract: config-28): it follows reloads, and it may
    /// be of a key that is missing; then its required readers fail and its optional ones give `None`.
    ///
    /// # Errors
    /// As the type's description says; a missing value is one where the config is not live.
    pub fn config(&self, key: &str) -> Result<Config> {
        let live = self.live.current().live;
        match self.optional(|reader| Ok(reader.view(key)?.map(|_| ())))? {
            None if !live => self.required(key, |_| Ok(None)),
            _ => Ok(self.below(key)),
        }
    }

    /// The part below `key`, `None` when missing.
    ///
    /// # Errors
    /// As the type's description says.
    pub fn optional_config(&self, key: &str) -> Result<Option<Config>> {
        Ok(self.optional(|reader| Ok(reader.view(key)?.map(|_| ())))?.map(|()| self.below(key)))
    }

    /// The objects of an array. They do not follow reloads, and lower sources are not asked for their missing keys.
    ///
    /// # Errors
    /// As the type's description says; a missing value is one.
    pub fn config_array(&self, key: &str) -> Result<Vec<Config>> {
        self.required(key, |reader| Self::objects(reader, key))
    }

    /// As [`config_array`](Self::config_array), `None` when missing.
    ///
    /// # Errors
    /// As the type's description says.
    pub fn optional_config_array(&self, key: &str) -> Result<Option<Vec<Config>>> {
        self.optional(|reader| Self::objects(reader, key))
    }

    /// A time span: ISO 8601 (`P2DT6H`), a number with a unit (`90s`, `1.5h`, `2 days`), or an object of `years`,
    /// `months`, `weeks`, `days`, `hours`, `minutes`, `seconds`, `milliseconds`. A year has 365 days, a month 30.
    ///
    /// # Errors
    /// `Invalid duration '<v>' in config at '<key>', …` or `Failed to read duration from config …`
    /// (contract: config-27).
    pub fn duration(&self, key: &str) -> Result<Duration> {
        match self.optional_duration(key)? {
            Some(duration) => Ok(duration),
            None => self.required(key, |_| Ok(None)),
        }
    }

    /// As [`duration`](Self::duration), `None` when missing.
    ///
    /// # Errors
    /// As [`duration`](Self::duration).
    pub fn optional_duration(&self, key: &str) -> Result<Option<Duration>> {
        duration::read(self, key)
    }

    /// A whole number within bounds, of the type that the bounds have.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("weather: {workers: 300, ports: '0x10'}").unwrap();
    /// assert_eq!(config.integer::<u16>("weather.ports", 1..=99).unwrap(), 16);
    /// assert_eq!(config.optional_integer::<u8>("weather.retries", 0..=9).unwrap(), None);
    ///
    /// let error = config.integer::<u8>("weather.workers", 1..=64).unwrap_err();
    /// let expected = "Invalid number 300 in config at 'weather.workers', expected a whole number from 1 to 64";
    /// assert!(error.to_string().starts_with(expected));
    /// ```
    ///
    /// # Errors
    /// For a number with a fraction or beyond the bounds; otherwise those of [`number`](Self::number).
    pub fn integer<T>(&self, key: &str, range: RangeInclusive<T>) -> Result<T>
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        match self.optional_integer(key, range)? {
            Some(whole) => Ok(whole),
            None => self.required(key, |_| Ok(None)),
        }
    }

    /// As [`integer`](Self::integer), `None` when missing.
    ///
    /// # Errors
    /// As [`integer`](Self::integer).
    pub fn optional_integer<T>(&self, key: &str, range: RangeInclusive<T>) -> Result<Option<T>>
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        integer::read(self, key, &range)
    }

    /// Whether something is on: `true` or `false`, also as text. Other words, which [`boolean`](Self::boolean) takes as Backstage
    /// does, are refused: one that only resembles a boolean opens no door. All switches of Greenroom's own are read so.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("greenroom: {plugins: {mail: true, tasks: yes}}").unwrap();
    /// assert_eq!(config.optional_switch("greenroom.plugins.mail").unwrap(), Some(true));
    /// let error = config.optional_switch("greenroom.plugins.tasks").unwrap_err();
    /// assert_eq!(error.message(), r#"greenroom.plugins.tasks is "yes", expected true or false"#);
    /// ```
    ///
    /// # Errors
    /// For any other value.
    pub fn optional_switch(&self, key: &str) -> Result<Option<bool>> {
        switch::read(self, key)
    }

    /// Whether there is a value, of any type. Null is none, and hides the values of lower sources (contract: config-3).
    ///
    /// # Errors
    /// For a path through a scalar and for a key that cannot be one, as in Backstage.
    pub fn has(&self, key: &str) -> Result<bool> {
        Ok(self.optional(|reader| Ok(Some(reader.has(key)?)))?.unwrap_or(false))
    }

    /// The member names, those of the highest source first; none when the part is missing.
    pub fn keys(&self) -> Vec<String> {
        self.optional(|reader| Ok(Some(reader.keys()))).ok().flatten().unwrap_or_default()
    }

    /// Calls `f` after each change of the whole config that makes a difference, on the thread that noticed it.
    ///
    /// As in Backstage it is told nothing: it reads what it wants to know. A panic in it is told to whoever watches,
    /// and stops no other subscriber. Nothing is told unless somebody [watches](RootConfig::watch) or
    /// [reloads](RootConfig::reload).
    pub fn subscribe(&self, f: impl Fn() + Send + Sync + 'static) -> Subscription {
        self.live.listeners.add(Listener::After(Box::new(f)))
    }

    /// Where the value stands that readers would give. `key` may contain indices: `a.list[0].b`.
    pub fn place(&self, key: &str) -> Option<Place> {
        let snapshot = self.live.current();
        let (node, exact) = snapshot.locate(&self.steps(key))?;
        exact.then(|| node.place())
    }

    /// A message about the value at `key`, as it may be told: what it quotes of a value that is
    /// [hidden](crate::RootConfig::hidden) when the config is printed is replaced by the value's type.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("{workers: many, token: s3cr3t}").unwrap();
    /// assert_eq!(config.concealed("workers", "'many' is no number"), "'many' is no number");
    /// assert_eq!(config.concealed("token", "'s3cr3t' is no number"), "'<string>' is no number");
    /// ```
    pub fn concealed(&self, key: &str, message: impl Into<String>) -> String {
        let snapshot = self.live.current();
        conceal(&snapshot, &key::steps(&snapshot.prefix), &self.steps(key), message.into())
    }

    /// The key as seen from the root: `backend.auth.keys[0].secret`.
    pub fn full_key(&self, key: &str) -> String {
        let snapshot = self.live.current();
        let above = self.path.iter().fold(snapshot.prefix.clone(), |above, part| key::join(&above, part));
        key::join(&above, key)
    }

    pub(crate) fn point(&self, key: &str, error: &mut ConfigError) {
        let snapshot = self.live.current();
        let located = snapshot.locate(&self.steps(key));
        if let Some((node, _)) = located {
            snapshot.point(error, &node.at);
        }
        let is_there = |node: &Node| !matches!(&node.value, Value::Array(_));
        if !located.is_some_and(|(node, exact)| exact && is_there(node)) {
            snapshot.explain(error, &self.full_key(key));
        }
    }

    fn steps(&self, key: &str) -> Vec<key::Step> {
        self.path.iter().map(String::as_str).chain([key]).flat_map(key::steps).collect()
    }

    fn below(&self, key: &str) -> Config {
        let path = self.path.iter().cloned().chain((!key.is_empty()).then(|| key.to_owned())).collect();
        Config { live: self.live.clone(), path }
    }

    fn objects(reader: &Reader<'_>, key: &str) -> Result<Option<Vec<Config>>> {
        let Some(objects) = reader.objects(key)? else { return Ok(None) };
        let pinned = objects.into_iter().map(|(found, full)| {
            let snapshot = reader.snapshot().pinned(found.context, found.node.clone(), full);
            Config::root(Live::new(snapshot, None))
        });
        Ok(Some(pinned.collect()))
    }

    /// The name of the source whose value counts.
    pub(crate) fn context_of(&self, key: &str) -> Result<Option<String>> {
        self.optional(|reader| Ok(reader.find(key)?.map(|found| found.context.to_owned())))
    }

    fn optional<T>(&self, read: impl FnOnce(&Reader<'_>) -> Result<Option<T>>) -> Result<Option<T>> {
        let snapshot = self.live.current();
        let mut reader = Reader::new(&snapshot);
        for key in self.path.iter() {
            match reader.view(key)? {
                Some(view) => reader = view,
                None => return Ok(None),
            }
        }
        read(&reader)
    }

    fn required<T>(&self, key: &str, read: impl FnOnce(&Reader<'_>) -> Result<Option<T>>) -> Result<T> {
        let snapshot = self.live.current();
        let mut reader = Reader::new(&snapshot);
        for part in self.path.iter() {
            match reader.view(part)? {
                Some(view) => reader = view,
                None => return Err(reader.missing(part)),
            }
        }
        read(&reader)?.ok_or_else(|| reader.missing(key))
    }
}
