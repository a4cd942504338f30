//! What the config means where data is on a PostgreSQL server.

use std::time::Duration;

use greenroom_config::{ConfigError, Result, RootConfig, all};

use crate::{
    connection::Connection,
    keys::Keys,
    target::{Ensure, Postgres},
};

/// Where a connection goes that does not say it.
const HOST: &str = "localhost";
const PORT: u16 = 5432;
/// How long a server has to let somebody in, unless the config says it.
const CONNECT: Duration = Duration::from_secs(10);

/// What keeps plugins apart: `pluginDivisionMode`, with the prefix of the names.
#[derive(Clone, Debug)]
pub(crate) enum Division {
    /// Each has a database.
    ByDatabase { prefix: String },
    /// Each has a schema in the database of the connection.
    BySchema { prefix: String },
}

impl Default for Division {
    fn default() -> Self {
        Self::ByDatabase { prefix: "backstage_plugin_".to_owned() }
    }
}

impl Division {
    pub(crate) fn read(config: &RootConfig) -> Result<Self> {
        let key = Keys::base("pluginDivisionMode");
        let (mode, prefix, schema_prefix) = all((
            config.optional_string(&key),
            config.optional_string(&Keys::base("prefix")),
            schema_prefix(config),
        ))?;
        match mode.as_deref() {
            None | Some("database") => {
                Ok(prefix.map_or_else(Self::default, |prefix| Self::ByDatabase { prefix }))
            }
            Some("schema") => Ok(Self::BySchema { prefix: schema_prefix }),
            Some(other) => {
                let text = format!("{key} is '{other}', expected 'database' or 'schema'");
                Err(ConfigError::invalid(config, &key, text))
            }
        }
    }

    pub(crate) fn is_by_schema(&self) -> bool {
        matches!(self, Self::BySchema { .. })
    }

    /// A plugin's database by its own connection and that of all. The inner error is of one plugin alone.
    pub(crate) fn server(
        &self,
        config: &RootConfig,
        id: &str,
        keys: Keys<'_>,
        own: Connection,
        base: Connection,
    ) -> Result<Result<Postgres>> {
        let (own_role, role, ensure_exists, ensure_schema) = all((
            keys.read_own("role", |key| config.optional_string(key)),
            config.optional_string(&Keys::base("role")),
            keys.flag(config, "ensureExists", true),
            keys.flag(config, "ensureSchemaExists", false),
        ))?;
        let place = |connection: &Connection| {
            let host = connection.host.clone().unwrap_or_else(|| HOST.to_owned());
            (host, connection.port.unwrap_or(PORT))
        };
        let base_place = place(&base);
        let base_login = (base.user.clone(), base.password.clone());
        let own_database = own.database.clone();
        let merged = own.over(base);
        let (host, port) = place(&merged);
        let is_on_same_server = (&host, port) == (&base_place.0, base_place.1);
        let (database, schema) = match self {
            Self::BySchema { prefix } => match schema(config, prefix, id) {
                Ok(schema) => (merged.database.clone(), Some(schema)),
                Err(too_long) => return Ok(Err(too_long)),
            },
            // That of the base is one for all: it is not the plugin's.
            Self::ByDatabase { prefix } => {
                (Some(own_database.unwrap_or_else(|| format!("{prefix}{id}"))), None)
            }
        };
        let (user, password) = match is_on_same_server && base_login.0.is_some() {
            true => base_login,
            false => (merged.user.clone(), merged.password.clone()),
        };
        let ensure = Ensure {
            database: ensure_exists && database.is_some(),
            schema: schema.is_some() && (ensure_exists || ensure_schema),
            owner: role.clone(),
            user,
            password,
        };
        Ok(Ok(Postgres {
            host,
            port,
            user: merged.user,
            password: merged.password,
            database,
            schema,
            role: own_role.or(role),
            application_name: merged.application_name.unwrap_or_else(|| format!("backstage_plugin_{id}")),
            tls: merged.ssl.unwrap_or_default(),
            connect_timeout: merged.session.connect.unwrap_or(CONNECT),
            options: merged.session.settings(),
            ensure: Some(ensure).filter(|ensure| ensure.database || ensure.schema),
        }))
    }
}

fn schema(config: &RootConfig, prefix: &str, id: &str) -> Result<String> {
    let name = format!("{prefix}{id}");
    if name.len() <= 63 {
        return Ok(name);
    }
    let text = format!(
        "PostgreSQL schema name \"{name}\" exceeds the 63-byte limit. Consider using a shorter schemaPrefix (current: \
         \"{prefix}\") or plugin ID (current: \"{id}\")."
    );
    Err(ConfigError::invalid(config, &Keys::base("schemaPrefix"), text))
}

fn schema_prefix(config: &RootConfig) -> Result<String> {
    let key = Keys::base("schemaPrefix");
    let prefix = config.optional_string(&key)?.unwrap_or_default();
    let begins = |first: char| first.is_ascii_alphabetic() || first == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if prefix.is_empty() || (prefix.starts_with(begins) && prefix.chars().all(goes_on)) {
        return Ok(prefix);
    }
    let text = format!(
        "Invalid schemaPrefix \"{prefix}\". Schema prefix must start with a letter or underscore and contain only letters, numbers, \
         and underscores."
    );
    Err(ConfigError::invalid(config, &key, text))
}

/// A way to show who one is that Greenroom does not have.
pub(crate) fn left_out(
    config: &RootConfig,
    keys: Keys<'_>,
    own: &Connection,
    base: &Connection,
) -> Result<Option<ConfigError>> {
    let kind = own.kind.as_deref().or(base.kind.as_deref());
    let own_key = keys.own("connection.type").filter(|_| own.kind.is_some());
    let key = own_key.unwrap_or_else(|| Keys::base("connection.type"));
    match kind {
        None | Some("default") => Ok(None),
        Some(kind @ ("azure" | "rds" | "cloudsql")) => {
            let text =
                format!("{key} is '{kind}': Greenroom has no sign-in of clouds, it connects with a password");
            let error = ConfigError::invalid(config, &key, text);
            Ok(Some(error.with_help("set `user` and `password`, or run the cloud's proxy beside Greenroom")))
        }
        Some(other) => Err(ConfigError::invalid(config, &key, format!("Unknown connection type: {other}"))),
    }
}
