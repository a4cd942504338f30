//! The whole configuration: how it comes to be, and what can be asked of all of it.
//!
//! Must not know how single values are read: that is `config`'s matter.

use std::{fmt, ops::Deref, sync::Arc};

use greenroom_errors::Error;
use serde_json::Value as Json;

use crate::{
    Config, Subscription, Visibilities,
    error::Result,
    listeners::Listener,
    live::Live,
    masks::Masks,
    place::Text,
    secret::{self, Secret},
    snapshot::{Layer, Snapshot},
    trace::Trace,
    unset::Unset,
    value::Node,
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

impl RootConfig {
    pub(crate) fn from_snapshot(snapshot: Snapshot) -> Self {
        Self::from_live(Live::new(snapshot, None))
    }

    pub(crate) fn from_live(live: Arc<Live>) -> Self {
        Self { whole: Config::root(live) }
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        self.whole.live()
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

    /// A config of several sources made in code, each with its name, the lowest first.
    ///
    /// # Errors
    /// `expected object at config root`.
    pub fn from_layers(layers: impl IntoIterator<Item = (String, Json)>) -> Result<Self> {
        let layer = |(context, json): (String, Json)| {
            let root = Node::in_code(json, &context);
            match root.object() {
                Some(_) => Ok(Layer::in_code(&context, root)),
                None => Err(crate::transform::not_an_object(&root.at).into_error()),
            }
        };
        let mut layers = layers.into_iter().map(layer).collect::<Result<Vec<_>>>()?;
        layers.reverse();
        Ok(Self::from_snapshot(Snapshot::new(
            layers,
            false,
            "Loading config from StaticConfigSource{}".to_owned(),
        )))
    }

    /// What [`get`](Config::get) says of a key, as a config with nothing else in it: where a lower source has something else than
    /// an object, it is not asked for members of one that hides it. For a value that Backstage takes as a whole.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("backend: {database: {connection: {host: db}}}").unwrap();
    /// let connection = config.only("backend.database.connection").unwrap().unwrap();
    /// assert_eq!(connection.string("backend.database.connection.host").unwrap(), "db");
    /// assert!(config.only("backend.listen").unwrap().is_none());
    /// ```
    ///
    /// # Errors
    /// As the description of [`Config`] says.
    pub fn only(&self, key: &str) -> Result<Option<Self>> {
        let Some(node) = self.optional_node(key)? else { return Ok(None) };
        let root = key.rsplit('.').fold(node, |node, part| {
            let (origin, at) = (node.origin, node.at.clone());
            Node { value: crate::Value::Object([(part.to_owned(), node)].into_iter().collect()), origin, at }
        });
        let context = self.context_of(key)?.unwrap_or_default();
        let snapshot = self.live().current();
        Ok(Some(Self::from_snapshot(snapshot.pinned(&context, root, String::new()))))
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
        self.whole.live().current().description.clone()
    }

    /// The distinct texts that no log line may hold, in the order of the config: those of [`hidden`](Self::hidden).
    pub fn secrets(&self) -> Vec<String> {
        Secret::texts(&self.whole.live().current())
    }

    /// Those of them that ordinary text is not likely to hold.
    pub fn long_secrets(&self) -> Vec<String> {
        self.secrets().into_iter().filter(|text| !secret::is_short(text)).collect()
    }

    /// All values that are hidden when the config is printed, in the order of the config: strings and numbers that are
    /// declared secret, whose key or one above it is named like a secret, or that come from outside of the config files; and
    /// strings with URLs that hold credentials.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("proxy: {target: 'https://me:hunter2hunter2@example.com'}").unwrap();
    /// let hidden = config.hidden();
    /// assert_eq!((hidden[0].key.as_str(), &*hidden[0].masked), ("proxy.target", &["hunter2hunter2".to_owned()][..]));
    /// ```
    pub fn hidden(&self) -> Vec<Secret> {
        Secret::all(&self.whole.live().current())
    }

    /// A text without the [secrets](Self::secrets) of the config, as a log line would tell it.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    ///
    /// let config = RootConfig::from_yaml("{mail: {password: hunter2hunter2}}").unwrap();
    /// assert_eq!(config.masked("no me:hunter2hunter2 here"), "no me:*** here");
    /// ```
    pub fn masked(&self, text: &str) -> String {
        self.masks().all(text)
    }

    /// The same for many texts.
    pub fn masks(&self) -> Masks {
        self.whole.live().current().masks()
    }

    /// Lets schemas say which values are secret or for the browser, besides the built-in tables, now and after changes.
    pub fn declare(&self, declarations: Arc<dyn Visibilities>) {
        self.whole.live().declare(declarations);
    }

    /// Asks `f` for what speaks against each changed config before it comes into force. If anything does, all stays as it
    /// was, whoever [watches](Self::watch) is told, and the next change of any file is a new try.
    ///
    /// It is called on the thread that noticed the change, with the config as it would be, and must not itself change the
    /// running one. A panic speaks against it.
    ///
    /// ```
    /// use greenroom_config::RootConfig;
    /// use greenroom_errors::Error;
    ///
    /// let config = RootConfig::from_yaml("app: {title: Ours}").unwrap();
    /// let _subscription = config.before_change(|next| match next.string("app.title") {
    ///     Ok(_) => vec![],
    ///     Err(error) => vec![Error::from(error)],
    /// });
    /// ```
    pub fn before_change(
        &self,
        f: impl Fn(&RootConfig) -> Vec<Error> + Send + Sync + 'static,
    ) -> Subscription {
        self.live().listeners.add(Listener::Before(Box::new(f)))
    }

    /// The config as it is now: what comes to be changed does not change this one.
    #[must_use]
    pub fn frozen(&self) -> Self {
        Self::from_live(self.live().frozen(None))
    }

    /// The same, which notes what is looked up.
    pub(crate) fn traced(&self, trace: &Arc<Trace>) -> Self {
        Self::from_live(self.live().frozen(Some(trace.clone())))
    }

    /// What was declared, if anything was.
    pub fn declarations(&self) -> Option<Arc<dyn Visibilities>> {
        self.whole.live().declarations()
    }

    /// Each source by itself, the lowest first: its name and what it says.
    pub fn layers(&self) -> Vec<(String, Node)> {
        let snapshot = self.whole.live().current();
        let mut layers: Vec<_> =
            snapshot.roots().map(|(context, node)| (context.to_owned(), node.clone())).collect();
        layers.reverse();
        layers
    }

    /// What is left out because variables are not set, and that no other source says, in the order of the sources.
    pub fn unset(&self) -> Vec<Unset> {
        let snapshot = self.whole.live().current();
        let all = snapshot.layers.iter().rev().flat_map(|layer| layer.unset.iter());
        // In an array, the next element has taken the place.
        all.filter(|unset| unset.key.contains('[') || self.place(&unset.key).is_none()).cloned().collect()
    }

    /// What the operator should hear of how the config was found and written, though nothing is wrong with it.
    pub fn warnings(&self) -> Vec<String> {
        let live = self.whole.live();
        let mut out = live.sources().map(crate::ConfigSources::warnings).unwrap_or_default();
        out.extend(live.current().layers.iter().rev().flat_map(|layer| layer.warnings.iter().cloned()));
        out
    }

    /// The first config file, unless it is a pipe or another name of an open file, such as `/dev/stdin`; then the next one.
    /// What belongs to the project lies beside it, own files too: files that are laid over it, from wherever they are, move
    /// nothing.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        let snapshot = self.whole.live().current();
        let is_device = |path: &std::path::Path| path.starts_with("/dev") || path.starts_with("/proc");
        let of = |layer: &Arc<Layer>| {
            layer.source.clone().filter(|source| layer.files.contains(source) && !is_device(source))
        };
        snapshot.layers.iter().rev().find_map(of)
    }

    /// A path that the config names: relative ones are of the directory of its [file](Self::file), so that it does not matter
    /// where the process was started. `None` where there is no such file and the path is relative.
    ///
    /// ```
    /// use std::path::{Path, PathBuf};
    /// use greenroom_config::{ConfigOptions, RootConfig};
    ///
    /// let dir = tempfile::tempdir().unwrap();
    /// std::fs::write(dir.path().join("app-config.yaml"), "sdk: files").unwrap();
    /// let options = ConfigOptions { cwd: dir.path().to_owned(), ..ConfigOptions::default() };
    /// let config = RootConfig::load(&options).unwrap();
    /// assert_eq!(config.beside("files"), Some(dir.path().join("files")));
    /// assert_eq!(RootConfig::from_yaml("").unwrap().beside("files"), None);
    /// assert_eq!(RootConfig::from_yaml("").unwrap().beside("/files"), Some(PathBuf::from("/files")));
    /// ```
    pub fn beside(&self, path: impl AsRef<std::path::Path>) -> Option<std::path::PathBuf> {
        let path = path.as_ref();
        match self.file() {
            Some(file) => Some(file.parent()?.join(path)),
            None => path.is_absolute().then(|| path.to_owned()),
        }
    }

    /// Every file that was read or looked for and may change, included ones too.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let snapshot = self.whole.live().current();
        let files: indexmap::IndexSet<_> =
            snapshot.layers.iter().flat_map(|layer| layer.files.iter().cloned()).collect();
        files.into_iter().collect()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.whole.live().current_full()
    }
}

impl fmt::Debug for RootConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootConfig")
    }
}

impl Deref for RootConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.whole
    }
}
