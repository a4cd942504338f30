//! What of the config the browser gets, by the schema that the bundle carries.

use std::{fmt, fs, io, path::Path};

use greenroom::{
    config::{Config, ConfigError, RootConfig, Visibility},
    errors::{Error, Result},
};
use greenroom_config_schema::{ConfigSchema, Filtered, Schema};
use serde_json::{Value, json};

use crate::settings::BASE_URL;

/// The schema file of a bundle.
const SCHEMA: &str = ".config-schema.json";
/// A longer one is none.
const MOST_BYTES: u64 = 16 << 20;
/// The source of `APP_CONFIG_*` variables.
const ENV: &str = "env";

/// The config for the browser.
pub(crate) struct Frontend {
    sources: Vec<Filtered>,
    /// All of them as one.
    pub(crate) config: RootConfig,
}

impl Frontend {
    /// What the schema in that directory lets through; nothing without one. `named_by` is the key that led there.
    pub(crate) fn read(config: &RootConfig, dist: &Path, named_by: &str) -> Result<Self, ConfigError> {
        let of_bundle = |error: &dyn fmt::Display| ConfigError::invalid(config, named_by, error.to_string());
        let schema = read_text(&dist.join(SCHEMA), MOST_BYTES).map_err(|error| of_bundle(&error))?;
        let sources = match schema {
            None => vec![],
            Some(text) => {
                let schema = Schema::parse_serialized(&text).and_then(ConfigSchema::new);
                let schema = schema.map_err(|error| of_bundle(&invalid(&error)))?;
                visible(config, &schema, dist)?
            }
        };
        let layers = sources.iter().map(|source| (source.context.clone(), source.data.clone()));
        let config = RootConfig::from_layers(layers)?;
        Ok(Self { sources, config })
    }

    /// As Backstage's front end reads it.
    pub(crate) fn json(&self) -> Result<String> {
        let source = |source: &Filtered| {
            let deprecated = source.deprecated_keys.iter();
            let deprecated =
                deprecated.map(|(key, description)| json!({"key": key, "description": description}));
            json!({
                "context": source.context,
                "deprecatedKeys": deprecated.collect::<Vec<_>>(),
                "data": source.data,
            })
        };
        let sources: Vec<_> = self.sources.iter().map(source).collect();
        Ok(greenroom_js::stringify(&sources, true)?)
    }

    /// The path of `app.baseUrl`, without slashes at its end. `whole` is where an error points.
    pub(crate) fn public_path(&self, whole: &Config) -> Result<String, ConfigError> {
        let Some(url) = self.config.optional_string(BASE_URL)? else { return Ok(String::new()) };
        match path_of(url.trim()) {
            Some(path) => Ok(path.trim_end_matches('/').to_owned()),
            None => {
                let text = format!("{BASE_URL} is no URL, such as 'https://backstage.example.com'");
                Err(ConfigError::invalid(whole, BASE_URL, text))
            }
        }
    }
}

/// `APP_CONFIG_*` by themselves, then all that holds: the front end lets the last one win.
fn visible(config: &RootConfig, schema: &ConfigSchema, dist: &Path) -> Result<Vec<Filtered>, ConfigError> {
    let refused = schema.faults_visible_to(config, &[Visibility::Frontend]).into_iter().map(|fault| {
        let text = invalid(&fault.message());
        ConfigError::invalid(config, fault.key().unwrap_or_default(), text).or_help(|| {
            let dist = dist.display();
            format!("the schema of the app in {dist} asks for it: change the value, or build the app anew")
        })
    });
    if let Some(refused) = refused.reduce(ConfigError::and) {
        return Err(refused);
    }
    let env = config.layers().into_iter().filter(|(name, _)| name == ENV);
    let env = env.map(|(name, node)| (name, node.to_json()));
    let whole = config.optional_get("")?.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let layered = RootConfig::from_layers(env.chain([("app".to_owned(), whole)]))?;
    Ok(schema.filter_anyway(&layered, &[Visibility::Frontend]))
}

/// Backstage's words.
fn invalid(error: &dyn fmt::Display) -> String {
    format!(
        "Invalid app bundle schema. If this error is unexpected you need to run `yarn build` in the app. If that doesn't help \
         you should make sure your config schema is correct and rebuild the app bundle again. Caused by the following schema \
         error, {error}"
    )
}

/// The path of a URL; one without a host is a path already.
fn path_of(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    match (uri.scheme(), uri.authority()) {
        (Some(_), Some(_)) => Some(uri.path().to_owned()),
        (None, None) => Some(uri.path().to_owned()),
        _ => None,
    }
}

/// A file's text, if there is such a file.
pub(crate) fn read_text(file: &Path, most: u64) -> Result<Option<String>> {
    let named = |error: io::Error| Error::new(format!("{}: {error}", file.display()));
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(error))?,
        Ok(metadata) if metadata.len() > most => {
            Err(Error::new(format!("{} has more than {most} bytes", file.display())))?
        }
        Ok(_) => Ok(Some(fs::read_to_string(file).map_err(named)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn the_path_of_a_base_url() {
        for (url, path) in [
            ("https://backstage.example.com", Some("/")),
            ("https://backstage.example.com/base/", Some("/base/")),
            ("http://[::1]:7007/a/b?c#d", Some("/a/b")),
            ("/base", Some("/base")),
            ("backstage.example.com", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(path_of(url).as_deref(), path, "{url}");
        }
    }
}
