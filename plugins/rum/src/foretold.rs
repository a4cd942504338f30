//! What a start says of the config once it runs, and `config check` before.

use std::{path::Path, sync::Arc};

use greenroom::{
    config::{ConfigError, ReadContext, RootConfig},
    core::Declarations,
    data_dir::{DataDirEnvironment, DataDirectory},
    database::{DatabaseSettings, PluginDatabase, Sqlite, Target},
};

use crate::{
    sdk::SdkLocation,
    settings::{Mode, Rum, Settings, is_as_built, no_page},
};

/// Which pages that may be measured a backend serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Those of a front end.
    pub app: bool,
    /// Those of another plugin, by [`MeasuredPages`](crate::MeasuredPages).
    pub other: bool,
    /// Those of another server, which pass this backend as a gateway.
    pub behind: bool,
}

type Serves = dyn Fn(&RootConfig, &ReadContext) -> Served + Send + Sync;

/// Which pages a start with a config will serve, as a program knows it that puts the plugins together: it declares that on
/// [`rum`](crate::rum()), and `config check` then says where there is none.
///
/// ```
/// use greenroom::core::Declare;
/// use greenroom_plugin_rum::{PlannedPages, Served, rum};
///
/// let rum = rum().declare(PlannedPages::new(|config, _| Served {
///     app: config.has("greenroom.app.dist").unwrap_or(false),
///     other: false,
///     behind: false,
/// }));
/// # let _: greenroom::core::Plugin = rum;
/// ```
#[derive(Clone)]
pub struct PlannedPages(Arc<Serves>);

impl PlannedPages {
    /// As this says.
    pub fn new(serves: impl Fn(&RootConfig, &ReadContext) -> Served + Send + Sync + 'static) -> Self {
        Self(Arc::new(serves))
    }

    fn declared(declarations: &Declarations) -> Option<Arc<Self>> {
        declarations.of::<Self>().pop().map(|(_, pages)| pages)
    }
}

/// The warnings of a start.
pub(crate) fn of(config: &RootConfig, context: &ReadContext) -> Vec<String> {
    let Mode::On(rum) = Settings::from_config(config).mode else { return vec![] };
    let has_page = match PlannedPages::declared(&context.declarations) {
        Some(pages) => {
            let Served { app, other, behind } = (pages.0)(config, context);
            other || behind || (app && !is_as_built(config))
        }
        None => true,
    };
    // What is pasted is where nobody here sees it.
    let has_page = has_page || !rum.injects;
    let of_pages = if has_page { no_sdk(&rum, config, context) } else { Some(no_page(config)) };
    of_pages.into_iter().chain(database(&rum, config, context)).collect()
}

fn no_sdk(rum: &Rum, config: &RootConfig, context: &ReadContext) -> Option<String> {
    let dir = DataDirEnvironment::declared(&context.declarations)?.data_dir(config).ok()?;
    match SdkLocation::find(rum, config, &DataDirectory::at(dir)) {
        SdkLocation::Missing(missing) => Some(missing.told),
        SdkLocation::Own(_) | SdkLocation::Cdn(_) => None,
    }
}

/// Refuses a database that no plugin gets here. What nobody could use is told by the service.
pub(crate) fn check_database(config: &RootConfig) -> Result<(), ConfigError> {
    planned_database(config).map(drop)
}

fn planned_database(config: &RootConfig) -> Result<Option<(DatabaseSettings, PluginDatabase)>, ConfigError> {
    let Ok(settings) = DatabaseSettings::from_config(config) else { return Ok(None) };
    let database = settings.for_plugin("rum")?;
    Ok(Some((settings, database)))
}

/// Where events are kept and are soon gone, or cannot be kept.
fn database(rum: &Rum, config: &RootConfig, context: &ReadContext) -> Option<String> {
    rum.way.retention()?;
    let (settings, PluginDatabase { target, connection_key, .. }) = planned_database(config).ok()??;
    match target {
        Target::Sqlite(Sqlite::Memory) => {
            // Who has written `:memory:` for a development knows it.
            let is_unexpected = context.node_env.as_deref() == Some("production") || !settings.is_configured;
            is_unexpected.then(|| {
                "Browser events are kept in memory, and are lost when the backend stops: set \
                 backend.database.connection.directory to keep them in files, or backend.database.client to pg"
                    .to_owned()
            })
        }
        Target::Sqlite(Sqlite::File(file)) => {
            let why = no_file(&file)?;
            let text = format!("Browser events cannot be kept in {}: {why}", file.display());
            Some(ConfigError::invalid(config, &connection_key, text).to_string())
        }
        Target::Postgres(_) => None,
    }
}

/// Why there can be no file there.
fn no_file(file: &Path) -> Option<String> {
    if file.is_dir() {
        return Some("it is a directory".to_owned());
    }
    let above = file.ancestors().skip(1).find(|above| above.exists())?;
    (!above.is_dir()).then(|| format!("{} is a file, and has to be a directory", above.display()))
}

#[cfg(test)]
mod tests {
    use greenroom::core::{Backend, Declare};

    use super::*;
    use crate::rum;

    fn told(yaml: &str, served: Option<Served>, node_env: Option<&str>) -> Vec<String> {
        let plugin = match served {
            Some(served) => rum().declare(PlannedPages::new(move |_, _| served)),
            None => rum(),
        };
        let declarations = Backend::new([]).add(plugin).declarations();
        let context = ReadContext { node_env: node_env.map(str::to_owned), declarations };
        of(&RootConfig::from_yaml(yaml).unwrap(), &context)
    }

    const STORE: &str = "greenroom: {rum: {mode: store, sdk: cdn}}\n";

    fn stored(database: &str, node_env: Option<&str>) -> Vec<String> {
        told(&format!("{STORE}{database}"), None, node_env)
    }

    #[test]
    fn that_no_page_is_measured_is_said_before_a_start_says_it() {
        let of = |yaml: &str, app, other, behind| told(yaml, Some(Served { app, other, behind }), None);
        let served = |app, other| of(&format!("{STORE}{FILES}"), app, other, false);
        assert_eq!(
            served(false, false),
            [
                "No browser sends events, because no page of this backend has the scripts for it: it serves no front end"
            ]
        );
        assert_eq!((served(true, false), served(false, true)), (vec![], vec![]));
        let as_built = format!("{STORE}{FILES}app: {{disableConfigInjection: true}}\n");
        let told = of(&as_built, true, false, false);
        assert!(told.len() == 1 && told[0].contains("served as it was built"), "{told:?}");
        assert_eq!(of(&as_built, false, false, true), [""; 0], "the server behind serves them");
        let pasted = format!("greenroom: {{rum: {{mode: store, sdk: cdn, inject: false}}}}\n{FILES}");
        assert_eq!(of(&pasted, false, false, false), [""; 0], "somebody else serves them");
    }

    const FILES: &str = "backend: {database: {client: better-sqlite3, connection: {directory: not-there}}}\n";

    #[test]
    fn that_events_are_lost_with_the_process_is_said_before_a_start_says_it() {
        let memory = "backend: {database: {client: better-sqlite3, connection: ':memory:'}}";
        for (database, node_env, is_told) in [
            ("", None, true),
            (memory, Some("production"), true),
            (memory, Some("development"), false),
            (FILES, Some("production"), false),
        ] {
            let told = stored(database, node_env);
            assert_eq!(
                told.iter().any(|text| text.contains("lost when the backend stops")),
                is_told,
                "{told:?}"
            );
            assert_eq!(told.len(), usize::from(is_told), "{told:?}");
        }
        let direct = told(
            "app: {datadogRum: {clientToken: a, applicationId: b}}\ngreenroom: {rum: {sdk: cdn}}",
            None,
            None,
        );
        assert_eq!(direct, [""; 0], "nothing is kept");
    }

    #[test]
    fn a_directory_that_is_a_file_is_said_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("data");
        std::fs::write(&file, "").unwrap();
        let of = |directory: &Path| {
            let connection = format!("{{directory: {}}}", directory.display());
            stored(
                &format!("backend: {{database: {{client: better-sqlite3, connection: {connection}}}}}"),
                None,
            )
        };
        for directory in [file.clone(), file.join("below")] {
            let told = of(&directory);
            assert_eq!(told.len(), 1, "{told:?}");
            let why = format!("{} is a file, and has to be a directory (mock-config:2:", file.display());
            assert!(told[0].contains(&why), "{told:?}");
        }
        assert_eq!(of(&dir.path().join("new")), [""; 0]);
        std::fs::create_dir_all(dir.path().join("taken/rum.sqlite")).unwrap();
        assert!(of(&dir.path().join("taken"))[0].contains("it is a directory"));
    }

    #[test]
    fn a_database_that_rum_gets_in_no_start_is_refused() {
        let refused = |yaml: &str| {
            let told = check_database(&RootConfig::from_yaml(yaml).unwrap()).err();
            told.map(|error| error.to_string())
        };
        let mysql = "backend: {database: {client: mysql2, connection: {}";
        assert_eq!(
            refused(&format!("{mysql}}}}}")).as_deref(),
            Some("Unsupported database client type 'mysql2' specified for plugin 'rum' (mock-config:1:30)")
        );
        let own = ", plugin: {rum: {client: better-sqlite3, connection: ':memory:'}}";
        assert_eq!(refused(&format!("{mysql}{own}}}}}")), None);
        assert_eq!(refused(""), None);
    }
}
