//! One `connection` of the config: what is written, and nothing of what is meant where something is not.

use greenroom_config::{ConfigError, Result, RootConfig, Value, all};

use crate::{session::Session, target::Engine, tls::Tls, url};

/// What a `connection` says.
#[derive(Clone, Default)]
pub(crate) struct Connection {
    /// `type`: how one shows who one is; `default` is by a password.
    pub(crate) kind: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) application_name: Option<String>,
    pub(crate) ssl: Option<Tls>,
    pub(crate) session: Session,
    /// SQLite: where files are.
    pub(crate) directory: Option<String>,
    /// SQLite: the file, or `:memory:`.
    pub(crate) filename: Option<String>,
}

impl Connection {
    /// What stands at the key; nothing if nothing does. As in Backstage it is one value: `':memory:'` of one file lies below the
    /// object of another, and nobody asks it for a host.
    pub(crate) fn read(config: &RootConfig, key: &str, engine: Engine) -> Result<Self> {
        let Some(config) = &config.only(key)? else { return Ok(Self::default()) };
        let Some(node) = config.optional_node(key)? else { return Ok(Self::default()) };
        match (&node.value, engine) {
            (Value::Object(_), Engine::Sqlite) => Self::read_file(config, key),
            (Value::Object(_), Engine::Postgres) => Self::read_server(config, key),
            (Value::String(file), Engine::Sqlite) => {
                Ok(Self { filename: Some(file.clone()), ..Self::default() })
            }
            (Value::String(text), Engine::Postgres) => Self::read_url(config, key, text),
            _ => {
                let text = format!("{key} is neither a text nor an object");
                Err(ConfigError::invalid(config, key, text))
            }
        }
    }

    fn read_file(config: &RootConfig, key: &str) -> Result<Self> {
        let at = |name: &str| config.optional_string(&format!("{key}.{name}"));
        let (directory, filename) = all((at("directory"), at("filename")))?;
        Ok(Self { directory, filename, ..Self::default() })
    }

    fn read_url(config: &RootConfig, key: &str, text: &str) -> Result<Self> {
        url::parse(text).map_err(|why| {
            ConfigError::invalid(config, key, format!("{key} is no connection to PostgreSQL: {why}"))
                .without_line()
        })
    }

    fn read_server(config: &RootConfig, key: &str) -> Result<Self> {
        let at = |name: &str| format!("{key}.{name}");
        let (kind, host, port, user, password, database, application_name, ssl, session, url) = all((
            config.optional_string(&at("type")),
            text(config, &at("host")),
            config.optional_integer(&at("port"), 1..=65535),
            text(config, &at("user")),
            text(config, &at("password")),
            text(config, &at("database")),
            text(config, &at("application_name")),
            Tls::read(config, &at("ssl"), &at("host")),
            Session::read(config, key),
            config.optional_string(&at("connectionString")),
        ))?;
        let own = Self {
            kind,
            host,
            port,
            user,
            password,
            database,
            application_name,
            ssl,
            session,
            ..Self::default()
        };
        match url {
            // As in `pg`, what the URL says goes first.
            Some(url) => Ok(Self::read_url(config, &at("connectionString"), &url)?.over(own)),
            None => Ok(own),
        }
    }

    /// Whether it decides on where the data is, or as whom one goes there: what an operator looks at when nobody is let in.
    pub(crate) fn decides(&self) -> bool {
        let texts = [&self.kind, &self.host, &self.user, &self.password, &self.directory, &self.filename];
        texts.iter().any(|text| text.is_some()) || self.port.is_some() || self.ssl.is_some()
    }

    /// This one, and what it does not say by the other.
    pub(crate) fn over(self, base: Self) -> Self {
        Self {
            kind: self.kind.or(base.kind),
            host: self.host.or(base.host),
            port: self.port.or(base.port),
            user: self.user.or(base.user),
            password: self.password.or(base.password),
            database: self.database.or(base.database),
            application_name: self.application_name.or(base.application_name),
            ssl: self.ssl.or(base.ssl),
            session: self.session.over(base.session),
            directory: self.directory.or(base.directory),
            filename: self.filename.or(base.filename),
        }
    }
}

/// A text or a number; an empty text, as a variable that is set to nothing leaves it, is none.
pub(crate) fn text(config: &RootConfig, key: &str) -> Result<Option<String>> {
    match config.optional_node(key)?.map(|node| node.value) {
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => config.optional_string(key),
    }
}
