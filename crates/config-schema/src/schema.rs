//! All schemas as one, and what it is for.

use std::collections::HashMap;

use greenroom_config::{ConfigError, RootConfig, Visibilities, Visibility};
use serde_json::{Map, Value as Json};

use crate::{
    Filtered, Result, Schema, SchemaError, filter, merge, pointer, refs,
    validate::{Fault, Marks, validate},
    well_formed,
};

/// What is declared of the config, by everybody.
#[derive(Debug)]
pub struct ConfigSchema {
    pub(crate) merged: Json,
    pub(crate) notes: Vec<String>,
    /// What it is made of besides the built-in tables, if more may be added: own schemas, and those that were found.
    pub(crate) parts: Option<(Vec<Schema>, Vec<Schema>)>,
}

impl ConfigSchema {
    /// Which schemas are not used, and why.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What the browser gets to see, as a config of its own.
    ///
    /// # Errors
    /// As [`filter`](Self::filter).
    pub fn frontend(&self, config: &RootConfig) -> Result<RootConfig> {
        let sources = self.filter(config, &[Visibility::Frontend])?;
        RootConfig::from_layers(sources.into_iter().map(|source| (source.context, source.data)))
            .map_err(|error| SchemaError::Unreadable(error.to_string()))
    }

    /// Merges schemas; the first one's descriptions count.
    ///
    /// # Errors
    /// For a schema that is none, and where one value is declared both `frontend` and `secret`.
    pub fn new(schemas: impl IntoIterator<Item = Schema>) -> Result<Self> {
        let mut values = Vec::new();
        for (index, schema) in schemas.into_iter().enumerate() {
            well_formed::check(&schema.value, &schema.path)?;
            values.push(refs::prepare(schema.value, index));
        }
        let merged = merge::merge(values)?;
        well_formed::conflicts(&merged)?;
        Ok(Self { merged, notes: Vec::new(), parts: None })
    }

    /// The merged schema.
    pub fn merged(&self) -> &Json {
        &self.merged
    }

    /// Checks the merged config.
    ///
    /// # Errors
    /// [`SchemaError::Config`] with all faults. Their places are paths of the value; no value is told, it may be secret.
    pub fn validate(&self, config: &RootConfig) -> Result<()> {
        let (_, faults) = self.run(config);
        as_error(faults.iter())
    }

    /// The faults that [`validate`](Self::validate) tells, one by one, each pointing at its value.
    pub fn faults(&self, config: &RootConfig) -> Vec<ConfigError> {
        let (_, faults) = self.run(config);
        pointing(config, faults)
    }

    /// The faults of values that may be seen so, for which [`filter`](Self::filter) fails, one by one, each pointing at its value.
    ///
    /// ```
    /// use greenroom_config::{RootConfig, Visibility};
    /// use greenroom_config_schema::{ConfigSchema, Schema};
    ///
    /// let schema = r#"{"type": "object", "properties": {
    ///     "title": {"type": "string", "visibility": "frontend"}, "port": {"type": "number"}
    /// }}"#;
    /// let (package, path) = ("mine".to_owned(), "config.schema.json".to_owned());
    /// let schema = ConfigSchema::new([Schema { package, path, value: schema.parse().unwrap() }]).unwrap();
    /// let config = RootConfig::from_yaml("{title: [7], port: many}").unwrap();
    /// assert_eq!(schema.faults(&config).len(), 2);
    /// let of_front_end = schema.faults_visible_to(&config, &[Visibility::Frontend]);
    /// assert_eq!(of_front_end.iter().map(|fault| fault.key().unwrap()).collect::<Vec<_>>(), ["title"]);
    /// ```
    pub fn faults_visible_to(&self, config: &RootConfig, visible: &[Visibility]) -> Vec<ConfigError> {
        let (marks, faults) = self.run(config);
        pointing(config, faults.into_iter().filter(|fault| self.concerns(fault, visible, &marks)))
    }

    /// Reduces each source to what has one of these visibilities, the lowest source first.
    ///
    /// # Errors
    /// As [`validate`](Self::validate), but faults of values that are not asked for are passed over, as in Backstage.
    pub fn filter(&self, config: &RootConfig, visible: &[Visibility]) -> Result<Vec<Filtered>> {
        let (marks, faults) = self.run(config);
        as_error(faults.iter().filter(|fault| self.concerns(fault, visible, &marks)))?;
        Ok(Self::sources(config, visible, &marks))
    }

    /// As [`filter`](Self::filter), whatever faults there are.
    pub fn filter_anyway(&self, config: &RootConfig, visible: &[Visibility]) -> Vec<Filtered> {
        Self::sources(config, visible, &self.run(config).0)
    }

    /// Backstage's warnings of deprecated keys.
    pub fn deprecations(&self, config: &RootConfig) -> Vec<String> {
        let warn = |context: &str, (key, text): &(String, String)| {
            format!(
                "The configuration key '{key}' of {context} is deprecated and may be removed soon. {text}"
            )
        };
        let sources = self.filter_anyway(config, &[]);
        let warnings = sources
            .iter()
            .flat_map(|source| source.deprecated_keys.iter().map(|key| warn(&source.context, key)));
        warnings.collect()
    }

    /// Every secret of every source, those that a higher one hides too.
    pub fn secrets(&self, config: &RootConfig) -> Vec<String> {
        let (marks, _) = self.run(config);
        let mut out = Vec::new();
        for (_, node) in config.layers() {
            filter::scalars(&node.to_json(), &marks, &mut |_, value, visibility| {
                if let (Json::String(_) | Json::Number(_), Visibility::Secret) = (value, visibility) {
                    out.push(greenroom_js::string(value));
                }
            });
        }
        out
    }

    fn run(&self, config: &RootConfig) -> (Marks, Vec<Fault>) {
        let empty = || Json::Object(Map::new());
        validate(&self.merged, &config.optional_get("").ok().flatten().unwrap_or_else(empty))
    }

    fn sources(config: &RootConfig, visible: &[Visibility], marks: &Marks) -> Vec<Filtered> {
        let reduce = |(context, node): (String, greenroom_config::Node)| {
            filter::filter(&context, &node.to_json(), visible, marks)
        };
        config.layers().into_iter().map(reduce).collect()
    }

    /// Whether a fault is of what is asked for, by Backstage's three rules.
    fn concerns(&self, fault: &Fault, visible: &[Visibility], marks: &Marks) -> bool {
        let param = |name: &str| fault.params.iter().find(|(key, _)| *key == name).map(|(_, text)| text);
        if fault.keyword == "type" && param("type").is_some_and(|word| word == "object" || word == "array") {
            return true;
        }
        if fault.keyword == "required"
            && let Some(missing) = param("missingProperty")
        {
            let path = format!("{}/properties/{missing}", pointer::printed(&fault.schema_at));
            let wanted = |word: &str| visible.iter().any(|one| word_of(*one) == word);
            if well_formed::declared(&self.merged)
                .iter()
                .any(|(at, word)| at.starts_with(&path) && wanted(word))
            {
                return true;
            }
        }
        visible.contains(marks.visibility.get(&fault.at).unwrap_or(&Visibility::Backend))
    }
}

impl Visibilities for ConfigSchema {
    fn visibility(&self, merged: &Json) -> HashMap<String, Visibility> {
        let (marks, _) = validate(&self.merged, merged);
        let mut out = HashMap::new();
        filter::scalars(merged, &marks, &mut |at, _, visibility| {
            if visibility != Visibility::Backend {
                out.insert(at.to_owned(), visibility);
            }
        });
        out
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn pointing(config: &RootConfig, faults: impl IntoIterator<Item = Fault>) -> Vec<ConfigError> {
    let whole = config.optional_get("").ok().flatten().unwrap_or_default();
    let error = |fault: Fault| {
        let text = format!("Config validation failed, {}", told(&fault));
        let key = pointer::key(&fault.at, &whole);
        let missing = fault.params.iter().find(|(name, _)| *name == "missingProperty");
        let key = match missing {
            Some((_, missing)) if key.is_empty() => missing.clone(),
            Some((_, missing)) => format!("{key}.{missing}"),
            None => key,
        };
        ConfigError::invalid(config, &key, text)
    };
    faults.into_iter().map(error).collect()
}

fn word_of(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Frontend => "frontend",
        Visibility::Backend => "backend",
        Visibility::Secret => "secret",
    }
}

fn told(fault: &Fault) -> String {
    let params: Vec<_> = fault.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let at = pointer::printed(&fault.at);
    format!("Config {} {{ {} }} at {at}", fault.message, params.join(" "))
}

fn as_error<'f>(faults: impl Iterator<Item = &'f Fault>) -> Result<()> {
    let messages: Vec<String> = faults.map(told).collect();
    if messages.is_empty() { Ok(()) } else { Err(SchemaError::Config(messages)) }
}
