//! What schemas may say of values. The schemas themselves are another crate's matter.

use std::{any::Any, borrow::Cow, collections::HashMap, fmt};

use greenroom_core::Declare;
use greenroom_errors::BoxError;
use serde_json::{Map, Value as Json};

use crate::{ConfigReader, FollowedKeys, Forecast, ReadContext, Remark, RootConfig, pattern};

/// Who may see a value (contract: config-34).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// The browser, and so everybody.
    Frontend,
    /// The backend alone: what is not declared.
    Backend,
    /// The backend alone, and never a log line.
    Secret,
}

/// What schemas declare, besides the built-in table of secrets.
pub trait Visibilities: Any + fmt::Debug + Send + Sync {
    /// The visibility of single values of the merged config, by JSON pointer; those of none are backend.
    fn visibility(&self, merged: &Json) -> HashMap<String, Visibility>;

    /// What an operator who looks into it should know: which schemas are not used, and why.
    fn notes(&self) -> &[String] {
        &[]
    }
}

/// The config that a feature reads, as it declares it.
#[derive(Clone, Debug)]
pub struct ConfigSchemaText {
    schema: Cow<'static, str>,
}

impl ConfigSchemaText {
    /// The text of the JSON Schema, as it was given.
    pub fn schema(&self) -> &str {
        &self.schema
    }
}

/// Says what config a plugin, a module, a service factory or a feature loader reads, and how.
///
/// ```
/// use greenroom_config::{DeclareConfig, ConfigSchemaText};
/// use greenroom_core::{Backend, plugin};
///
/// // In a file beside the code: `include_str!("../config.schema.json")`.
/// const CONFIG_SCHEMA: &str = r#"{"type": "object", "properties": {"weather": {"type": "object", "properties": {
///     "station": {"type": "string", "description": "whose reports are read"},
///     "apiKey": {"type": "string", "visibility": "secret"}
/// }}}}"#;
///
/// let weather = plugin("weather", |env| env.register_init(async || Ok(()))).config_schema(CONFIG_SCHEMA);
/// assert_eq!(Backend::new([]).add(weather).declarations().of::<ConfigSchemaText>()[0].1.schema(), CONFIG_SCHEMA);
/// ```
pub trait DeclareConfig: Declare {
    /// Declares it by the text of a JSON Schema, draft-07 with Backstage's `visibility`, `deepVisibility` and
    /// `deprecated`, of the config as a whole. It is in force before the first log line, and where `visibility` is
    /// `secret` that value is masked in all of them. A config that it refuses fails the start of the feature; a text that
    /// is no schema does so too.
    #[must_use]
    fn config_schema(self, schema: impl Into<Cow<'static, str>>) -> Self {
        self.declare(ConfigSchemaText { schema: schema.into() })
    }

    /// Declares how it reads its config: the function that its init, or its factory, calls too.
    ///
    /// ```
    /// use greenroom_config::{ConfigError, DeclareConfig, RootConfig};
    /// use greenroom_core::plugin;
    ///
    /// struct Settings {
    ///     workers: u8,
    /// }
    ///
    /// impl Settings {
    ///     fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
    ///         Ok(Self { workers: config.optional_integer("weather.workers", 1..=64)?.unwrap_or(2) })
    ///     }
    /// }
    ///
    /// let weather = plugin("weather", |env| {
    ///     env.register_init(async |config: RootConfig| {
    ///         let settings = Settings::from_config(&config)?;
    ///         assert!(settings.workers > 0);
    ///         Ok(())
    ///     });
    /// });
    /// let weather = weather.reads(Settings::from_config);
    /// ```
    ///
    /// `config check` calls it, and so does a start before anything of the feature runs: what it refuses fails the start of
    /// a plugin or module, and where a service factory or a feature loader declared it, that of the backend. When the config
    /// changes while the backend runs, the log says of each key that it reads that this waits for the next start, but of
    /// those that the feature [follows](Self::follows).
    #[must_use]
    fn reads<T: 'static, E: Into<BoxError> + 'static>(
        self,
        read: impl Fn(&RootConfig) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self {
        self.reads_with_warnings(read, |_| vec![])
    }

    /// The same, with what an operator should know of a config that is not refused: each a sentence, which `config check`
    /// prints and a start logs.
    #[must_use]
    fn reads_with_warnings<T: 'static, E: Into<BoxError> + 'static>(
        self,
        read: impl Fn(&RootConfig) -> Result<T, E> + Send + Sync + 'static,
        warnings: impl Fn(&T) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        let warned = move |value: &T, _: &_| warnings(value).into_iter().map(Remark::Warning).collect();
        self.reads_with_remarks(read, warned)
    }

    /// The same, where what there is to say depends on more than the config, such as `NODE_ENV`; or where something that the
    /// config asks for may be off because of what is wrong with it, and all else goes on.
    #[must_use]
    fn reads_with_remarks<T: 'static, E: Into<BoxError> + 'static>(
        self,
        read: impl Fn(&RootConfig) -> Result<T, E> + Send + Sync + 'static,
        remarks: impl Fn(&T, &ReadContext) -> Vec<Remark> + Send + Sync + 'static,
    ) -> Self {
        self.declare(ConfigReader::new(read, remarks))
    }

    /// Declares what it will say of a config, each a sentence, only once it runs, because it then knows more: `config check`
    /// prints it, and a start does not, so that nothing is told twice.
    ///
    /// ```
    /// use greenroom_config::{DeclareConfig, Forecast, ReadContext, RootConfig};
    /// use greenroom_core::{Backend, plugin};
    ///
    /// // At a start it warns where it finds no file.
    /// let weather = plugin("weather", |env| env.register_init(async || Ok(())));
    /// let weather = weather.foretells(|config: &RootConfig, _: &ReadContext| match config.has("weather.file") {
    ///     Ok(false) => vec!["No weather is shown, because there is no file of it".to_owned()],
    ///     Ok(true) | Err(_) => vec![],
    /// });
    /// let context = ReadContext { declarations: Backend::new([]).add(weather).declarations(), ..ReadContext::default() };
    /// assert_eq!(Forecast::all(&RootConfig::from_yaml("{}").unwrap(), &context).len(), 1);
    /// ```
    #[must_use]
    fn foretells(
        self,
        foretell: impl Fn(&RootConfig, &ReadContext) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.declare(Forecast::new(foretell))
    }

    /// Declares keys of which it takes a change at once, with all that is below them.
    ///
    /// ```
    /// use greenroom_config::{DeclareConfig, RootConfig};
    /// use greenroom_core::plugin;
    ///
    /// let weather = plugin("weather", |env| {
    ///     env.register_init(async |config: RootConfig| {
    ///         let now = config.clone();
    ///         config.subscribe(move || println!("{:?}", now.optional_string("weather.station"))).forever();
    ///         Ok(())
    ///     });
    /// });
    /// let weather = weather.reads(|config: &RootConfig| config.optional_string("weather.station"));
    /// let weather = weather.follows(["weather.station"]);
    /// ```
    #[must_use]
    fn follows(self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.declare(FollowedKeys(keys.into_iter().map(Into::into).collect()))
    }
}

impl<F: Declare> DeclareConfig for F {}

/// The built-in tables of secrets, and of what Backstage's own packages show to the browser, as a JSON Schema.
pub fn built_in_schema() -> Json {
    let mut root = Json::Object(Map::new());
    for (visibility, table) in pattern::tables() {
        table.iter().for_each(|text| insert(&mut root, text, visibility));
    }
    spread(&mut root);
    root
}

/// `*` means named keys too, and `additionalProperties` does not.
fn spread(schema: &mut Json) {
    let Some(object) = schema.as_object_mut() else { return };
    let any = object.get("additionalProperties").cloned();
    if let (Some(any), Some(Json::Object(named))) = (any, object.get_mut("properties")) {
        named.values_mut().for_each(|schema| overlay(schema, &any));
    }
    object.values_mut().for_each(spread);
}

fn overlay(schema: &mut Json, more: &Json) {
    let (Some(object), Some(more)) = (schema.as_object_mut(), more.as_object()) else { return };
    for (key, value) in more {
        overlay(object.entry(key).or_insert_with(|| value.clone()), value);
    }
}

fn insert(root: &mut Json, pattern: &str, visibility: &str) {
    let mut at = root;
    for part in pattern.split('.') {
        let name = part.trim_end_matches("[]");
        at = match name {
            "**" => {
                at["deepVisibility"] = visibility.into();
                return;
            }
            "*" => &mut at["additionalProperties"],
            name => &mut at["properties"][name],
        };
        for _ in 0..(part.len() - name.len()) / 2 {
            at = &mut at["items"];
        }
    }
    at["visibility"] = visibility.into();
}
