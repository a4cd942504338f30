//! `backend.database`, and what it means for one plugin.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use greenroom_config::{ConfigError, Result, RootConfig, all, each};

use crate::{
    connection::Connection,
    keys::{KEY, Keys},
    pool::PoolSettings,
    server::{Division, left_out},
    target::{Engine, Sqlite, Target},
};

/// How long an answer is waited for, unless the config says it.
const QUERY: Duration = Duration::from_secs(30);
/// Clients that Backstage has, and Greenroom has not.
const LEFT_OUT: [&str; 3] = ["mysql", "mysql2", "embedded-postgres"];
const HERE: &str =
    "Greenroom has `better-sqlite3` and `sqlite3`, which are SQLite, and `pg`, which is PostgreSQL";

/// `backend.database`: SQLite in memory where it is missing.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_database::DatabaseSettings;
///
/// let config = RootConfig::from_yaml("backend: {database: {client: better-sqlite3, connection: {directory: data}}}").unwrap();
/// let settings = DatabaseSettings::from_config(&config).unwrap();
/// assert_eq!(settings.for_plugin("catalog").unwrap().target.to_string(), "data/catalog.sqlite");
/// ```
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    config: RootConfig,
    /// Whether there is a `backend.database`.
    pub is_configured: bool,
    /// Whether each client is asked for `select 1` every minute.
    pub keepalive: bool,
    division: Division,
}

/// What `backend.database` means for one plugin.
#[derive(Clone, Debug)]
pub struct PluginDatabase {
    /// Whose it is.
    pub plugin: Arc<str>,
    /// The client's name in the config.
    pub client: String,
    /// Where the data is.
    pub target: Target,
    /// How many connections there are.
    pub pool: PoolSettings,
    /// How long [`Client::run`](crate::Client::run) waits for an answer. 30 s unless set.
    pub query_timeout: Duration,
    /// Whether the tables are made by somebody else.
    pub skip_migrations: bool,
    /// The key of the connection, for whoever has to change it.
    pub connection_key: String,
    /// The key of [`PoolSettings::max`], for the same.
    pub pool_key: String,
}

impl DatabaseSettings {
    /// Reads it, and what is said of single plugins.
    ///
    /// # Errors
    /// All that would fail any plugin, and a client's name that nobody knows. Clients of Backstage that Greenroom does not have fail
    /// only a plugin that asks for one: the file may be shared with a Node backend.
    pub fn from_config(config: &RootConfig) -> Result<Self> {
        let mut settings = Self {
            config: config.clone(),
            is_configured: config.has(KEY)?,
            keepalive: false,
            division: Division::default(),
        };
        if !settings.is_configured {
            return Ok(settings);
        }
        let read = all((config.optional_boolean(&Keys::base("keepalive")), Division::read(config)));
        if let Ok((keepalive, division)) = &read {
            (settings.keepalive, settings.division) = (keepalive.unwrap_or(false), division.clone());
        }
        all((read, settings.check()))?;
        Ok(settings)
    }

    /// Reads what is said of all plugins, and of each that is named.
    fn check(&self) -> Result<()> {
        // What is wrong with the base is told once, and not for each plugin.
        self.read("", Keys::of_all())?.ok();
        let overrides = self.config.optional_config(&Keys::base("plugin"))?;
        let ids = overrides.map(|plugins| plugins.keys()).unwrap_or_default();
        each(ids.iter().map(|id| self.read(id, Keys::of(id)).map(drop))).map(drop)
    }

    /// What an operator should know: of what is said of all plugins, what Backstage has and Greenroom has not.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let error = self.read("", Keys::of_all()).ok().and_then(Result::err);
        let who = "A plugin that asks for a database does not start, unless it has a client of its own";
        error.map(|error| format!("{who}: {error}")).into_iter().collect()
    }

    /// What is meant for a plugin.
    ///
    /// # Errors
    /// For a client or a way to connect that Greenroom does not have, and for a schema's name that is too long.
    pub fn for_plugin(&self, id: &str) -> Result<PluginDatabase> {
        self.read(id, Keys::of(id))?
    }

    /// The outer error is of what nobody could use, the inner one of what Greenroom does not have.
    fn read(&self, id: &str, keys: Keys<'_>) -> Result<Result<PluginDatabase>> {
        let config = &self.config;
        if !self.is_configured {
            return Ok(Ok(PluginDatabase {
                plugin: id.into(),
                client: "better-sqlite3".to_owned(),
                target: Target::Sqlite(Sqlite::Memory),
                pool: PoolSettings::default(),
                query_timeout: QUERY,
                skip_migrations: false,
                connection_key: Keys::base("connection"),
                pool_key: Keys::base("knexConfig.pool.max"),
            }));
        }
        let (own_client, base_client) = all((
            keys.read_own("client", |key| config.optional_string(key)),
            config.string(&Keys::base("client")),
        ))?;
        let is_base = own_client.as_ref().is_none_or(|own| *own == base_client);
        let client_key = keys.own("client").filter(|_| own_client.is_some());
        let client_key = client_key.unwrap_or_else(|| Keys::base("client"));
        let client = own_client.unwrap_or(base_client);
        let Some(engine) = Engine::of_client(&client) else {
            if !LEFT_OUT.contains(&&*client) {
                return Err(unknown(config, &client_key, &client));
            }
            return Ok(Err(unsupported(config, &client_key, &client, id)));
        };
        let (base, own, (pool, pool_key), skip_migrations) = all((
            if is_base { self.base_connection(engine) } else { Ok(Connection::default()) },
            keys.own("connection")
                .map_or_else(|| Ok(Connection::default()), |key| Connection::read(config, &key, engine)),
            PoolSettings::read(config, keys),
            keys.flag(config, "skipMigrations", false),
        ))?;
        let connection_key = keys.own("connection").filter(|_| !is_base || own.decides());
        let connection_key = connection_key.unwrap_or_else(|| Keys::base("connection"));
        let query_timeout = own.session.query.or(base.session.query).unwrap_or(QUERY);
        let target = match engine {
            Engine::Sqlite if self.division.is_by_schema() => {
                let text = "The SQLite driver does not support plugin division mode 'schema'";
                return Err(ConfigError::invalid(config, &Keys::base("pluginDivisionMode"), text));
            }
            Engine::Sqlite => Ok(Target::Sqlite(file(own.over(base), id))),
            Engine::Postgres => match left_out(config, keys, &own, &base)? {
                Some(error) => Err(error),
                None => {
                    let postgres = self.division.server(config, id, keys, own, base)?;
                    postgres.map(|postgres| Target::Postgres(Box::new(postgres)))
                }
            },
        };
        Ok(target.map(|target| PluginDatabase {
            plugin: id.into(),
            client,
            target,
            pool,
            query_timeout,
            skip_migrations,
            connection_key,
            pool_key,
        }))
    }

    fn base_connection(&self, engine: Engine) -> Result<Connection> {
        let key = Keys::base("connection");
        if !self.config.has(&key)? {
            self.config.get(&key)?;
        }
        let connection = Connection::read(&self.config, &key, engine)?;
        match &connection.filename {
            Some(file) if file != ":memory:" => Err(ConfigError::invalid(
                &self.config,
                &key,
                "`connection.filename` is not supported for the base sqlite connection. Prefer `connection.directory` or provide a \
                 filename for the plugin connection instead.",
            )),
            _ => Ok(connection),
        }
    }
}

fn file(connection: Connection, id: &str) -> Sqlite {
    match connection.filename.as_deref() {
        Some(":memory:") => Sqlite::Memory,
        filename => {
            let name = filename.map_or_else(|| PathBuf::from(format!("{id}.sqlite")), PathBuf::from);
            Sqlite::File(Path::new(connection.directory.as_deref().unwrap_or(".")).join(name))
        }
    }
}

/// A client that Backstage has; where no plugin is meant, in words that name the key.
fn unsupported(config: &RootConfig, key: &str, client: &str, id: &str) -> ConfigError {
    let text = match id {
        "" => format!("{key} is '{client}', and Greenroom has 'better-sqlite3', 'sqlite3' and 'pg'"),
        id => format!("Unsupported database client type '{client}' specified for plugin '{id}'"),
    };
    ConfigError::invalid(config, key, text).with_help(HERE)
}

/// A client that nobody has: a typo, which would fail each plugin that asks.
fn unknown(config: &RootConfig, key: &str, client: &str) -> ConfigError {
    let text = format!("{key} is '{client}', expected 'better-sqlite3', 'sqlite3' or 'pg'");
    ConfigError::invalid(config, key, text).with_help(HERE)
}
