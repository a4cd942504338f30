//! The handles that services hold: cheap to clone, and following reloads.
//!
//! Must not know how sources are found or parsed.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use serde_json::Value as Json;

use crate::{
    ConfigError, Declarations, Place, Subscription, duration,
    error::Result,
    key,
    live::Live,
    place::Text,
    reader::Reader,
    snapshot::{Snapshot, visit},
    value::{Node, Value},
    yaml,
};

/// The whole configuration: the service `core.rootConfig`.
///
/// It derefs to [`Config`], which has the readers.
///
/// ```
/// use greenroom_config::RootConfig;
///
/// let config = RootConfig::from_yaml("backend:\n  baseUrl: http://localhost:7007\n  listen: '7007'\n").unwrap();
/// assert_eq!(config.string("backend.baseUrl").unwrap(), "http://localhost:7007");
/// assert_eq!(config.config("backend").unwrap().number("listen").unwrap(), 7007.0);
/// assert_eq!(config.optional_string("app.title").unwrap(), None);
/// ```
#[derive(Clone)]
pub struct RootConfig {
    whole: Config,
}

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

impl RootConfig {
    pub(crate) fn from_snapshot(snapshot: Snapshot) -> Self {
        Self::from_live(Live::new(snapshot, None))
    }

    pub(crate) fn from_live(live: Arc<Live>) -> Self {
        Self { whole: Config { live, path: Arc::new([]) } }
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.whole.live
    }

    /// A config made in code, for tests; `mock-config` is its source.
    ///
    /// # Errors
    /// `expected object at config root`.
    pub fn from_json(json: Json) -> Result<Self> {
        Self::from_node(Node::in_code(json, "mock-config"))
    }

    /// A config from YAML text, for tests; values have places in `mock-config`. Nothing is substituted or included.
    ///
    /// # Errors
    /// What YAML refuses, and `expected object at config root`.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let text = Text::new("mock-config", text);
        match yaml::parse(&text).map_err(|fault| fault.into_error())? {
            Some(node) => Self::from_node(node),
            None => Self::from_json(Json::Object(serde_json::Map::new())),
        }
    }

    fn from_node(root: Node) -> Result<Self> {
        if root.object().is_none() {
            return Err(crate::transform::not_an_object(&root.at).into_error());
        }
        let description = "Loading config from StaticConfigSource{}".to_owned();
        Ok(Self::from_snapshot(Snapshot::single("mock-config", root, description)))
    }

    /// The line that Backstage prints at start: `Loading config from MergedConfigSource{FileConfigSource{path="/app/
    /// app-config.yaml"}, EnvConfigSource{count=0}}`.
    pub fn sources_description(&self) -> String {
        self.whole.live.current().description.clone()
    }

    /// Every secret: the distinct strings, trimmed and longer than one character, at the paths that are declared
    /// secret, in the order of the config. Which of them are too short to be looked for is the caller's decision.
    pub fn secrets(&self) -> Vec<String> {
        let snapshot = self.whole.live.current();
        let mut found = indexmap::IndexSet::new();
        if let Some(root) = snapshot.merged() {
            visit(&root, &mut Vec::new(), &mut |path, node| {
                if let Value::String(text) = &node.value
                    && text.trim().chars().nth(1).is_some()
                    && snapshot.declared.is_secret(path)
                {
                    found.insert(text.trim().to_owned());
                }
            });
        }
        found.into_iter().collect()
    }

    /// Lets schemas say which values are secret or for the browser, besides the built-in tables, now and after changes.
    pub fn declare(&self, declarations: Arc<dyn Declarations>) {
        self.whole.live.declare(declarations);
    }

    /// What was declared, if anything was.
    pub fn declarations(&self) -> Option<Arc<dyn Declarations>> {
        self.whole.live.declarations()
    }

    /// Each source by itself, the lowest first: its name and what it says.
    pub fn layers(&self) -> Vec<(String, Node)> {
        let snapshot = self.whole.live.current();
        let mut layers: Vec<_> =
            snapshot.roots().map(|(context, node)| (context.to_owned(), node.clone())).collect();
        layers.reverse();
        layers
    }

    /// Every file that was read or looked for, included ones too.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let snapshot = self.whole.live.current();
        let files: indexmap::IndexSet<_> =
            snapshot.layers.iter().flat_map(|layer| layer.files.iter().cloned()).collect();
        files.into_iter().collect()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.whole.live.current_full()
    }
}

impl fmt::Debug for RootConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootConfig")
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_tuple("Config").field(&self.full_key("")).finish()
    }
}

impl Deref for RootConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.whole
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
    readers! {
        /// A string that is not empty. Numbers and booleans are refused (core §1 C20).
        string, optional_string -> String;
        /// A number, or a string that JavaScript's `Number()` takes: `"0x10"` is 16, `""` is 0 (core §1 C18).
        number, optional_number -> f64;
        /// A boolean, or one of y, yes, true, 1, on and n, no, false, 0, off in any case (core §1 C19).
        boolean, optional_boolean -> bool;
        /// An array of strings that are not empty. One string alone is refused (core §1 C21).
        string_array, optional_string_array -> Vec<String>;
    }

    /// Any value as JSON, merged from all sources (core §1.5). The empty key is the whole.
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
    /// Of a config loaded from files it is a live view, as in Backstage (core §1.7): it follows reloads, and it may
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
    /// `Invalid duration '<v>' in config at '<key>', …` or `Failed to read duration from config …` (core §1 C31).
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

    /// Whether there is a value, of any type. Null is none, and hides the values of lower sources (core §1 C3).
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
        self.live.subscribe(Arc::new(f))
    }

    /// Where the value stands that readers would give. `key` may contain indices: `a.list[0].b`.
    pub fn place(&self, key: &str) -> Option<Place> {
        let snapshot = self.live.current();
        let (node, exact) = snapshot.locate(&self.steps(key))?;
        exact.then(|| node.place())
    }

    /// The key as seen from the root: `backend.auth.keys[0].secret`.
    pub fn full_key(&self, key: &str) -> String {
        let snapshot = self.live.current();
        let above = self.path.iter().fold(snapshot.prefix.clone(), |above, part| key::join(&above, part));
        key::join(&above, key)
    }

    pub(crate) fn point(&self, key: &str, error: &mut ConfigError) {
        let snapshot = self.live.current();
        if let Some((node, _)) = snapshot.locate(&self.steps(key)) {
            snapshot.point(error, &node.at);
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
            RootConfig::from_snapshot(snapshot).whole
        });
        Ok(Some(pinned.collect()))
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
