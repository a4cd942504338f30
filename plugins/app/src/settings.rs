//! Which bundle is served, from config.

use std::path::{Path, PathBuf};

use greenroom::config::{ConfigError, Result, RootConfig, all};

use crate::page;

const DIST: &str = "greenroom.app.dist";
const PLUGIN: &str = "greenroom.plugins.app";
const PACKAGE: &str = "app.packageName";
pub(crate) const BASE_URL: &str = "app.baseUrl";

/// `app.packageName`, `greenroom.app.dist` and what they lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) dist: FrontEnd,
    /// Not with `app.disableConfigInjection`.
    pub(crate) injects_config: bool,
    /// Not with `app.disablePublicEntryPoint`.
    pub(crate) wants_public: bool,
    /// The key that says where the bundle is.
    pub(crate) named_by: &'static str,
}

/// Where the front end is that a start serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrontEnd {
    /// The directory of its bundle; no links in the path.
    Here(PathBuf),
    /// Nowhere: where it was looked for, for people.
    Nowhere(String),
}

impl Settings {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self> {
        let (dist, no_injection, no_public, is_named) = all((
            front_end(config),
            config.optional_boolean("app.disableConfigInjection"),
            config.optional_boolean("app.disablePublicEntryPoint"),
            config.has(DIST),
        ))?;
        let (injects_config, wants_public) = (!no_injection.unwrap_or(false), !no_public.unwrap_or(false));
        let named_by = if is_named { DIST } else { PACKAGE };
        Ok(Self { dist, injects_config, wants_public, named_by })
    }

    /// The same, and what of the bundle would fail the start: that `config check` says it too.
    pub(crate) fn checked(config: &RootConfig) -> Result<Self> {
        let settings = Self::from_config(config)?;
        if let FrontEnd::Here(dist) = &settings.dist {
            page::check(config, &settings, dist)?;
        }
        Ok(settings)
    }
}

/// The front end that a start would serve, or where it was looked for.
///
/// ```
/// use greenroom::config::RootConfig;
/// use greenroom_plugin_app::{FrontEnd, front_end};
///
/// let config = RootConfig::from_yaml("app: {packageName: portal}").unwrap();
/// let looked = "the config is in no file, beside which an app could be".to_owned();
/// assert_eq!(front_end(&config).unwrap(), FrontEnd::Nowhere(looked));
/// ```
///
/// # Errors
/// When the start refuses what the config says of it.
pub fn front_end(config: &RootConfig) -> Result<FrontEnd> {
    if let Some(named) = config.optional_string(DIST)? {
        let path = config.beside(&named).unwrap_or_else(|| named.into());
        return match path.canonicalize() {
            Ok(path) if path.is_dir() => Ok(FrontEnd::Here(path)),
            Ok(path) => Err(refused(config, DIST, &format!("{} is no directory", path.display()))),
            Err(error) => Err(refused(config, DIST, &format!("{}: {error}", path.display()))),
        };
    }
    let package = config.optional_string(PACKAGE)?.unwrap_or_else(|| "app".to_owned());
    match found(config.beside("").as_deref(), &package) {
        // Who asks for the plugin by its name wants it to serve something.
        FrontEnd::Nowhere(looked) if config.optional_switch(PLUGIN)?.unwrap_or(false) => {
            Err(refused(config, PLUGIN, &looked))
        }
        dist => Ok(dist),
    }
}

/// As Node finds a package from the project's directory.
fn found(beside: Option<&Path>, package: &str) -> FrontEnd {
    let Some(beside) = beside else {
        return FrontEnd::Nowhere("the config is in no file, beside which an app could be".to_owned());
    };
    let Some(found) = greenroom_config_schema::package(beside, package) else {
        let place = beside.components().as_path().display();
        return FrontEnd::Nowhere(format!(
            "there is no package '{package}' in the node_modules or workspaces of {place}"
        ));
    };
    let dist = found.join("dist");
    match dist.canonicalize() {
        Ok(dist) if dist.is_dir() => FrontEnd::Here(dist),
        _ => FrontEnd::Nowhere(format!("there is no {}", dist.display())),
    }
}

fn refused(config: &RootConfig, key: &str, why: &str) -> ConfigError {
    let remedy = format!("build the app (`yarn workspace app build`), or say in {DIST} where its dist is");
    ConfigError::invalid(config, key, format!("There is no front end to serve: {why}; {remedy}"))
}
