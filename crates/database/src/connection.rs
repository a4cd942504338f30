//! One `connection` of the config: what is written, and nothing of what is meant where something is not.

use greenroom_config::{ConfigError, Result, RootConfig, Value, all};

use crate::{target::Engine, tls::Tls, url};

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
    /// Settings of each session, by name.
    pub(crate) options: Option<Vec<(String, String)>>,
    /// SQLite: where files are.
    pub(crate) directory: Option<String>,
    /// SQLite: the file, or `:memory:`.
    pub(crate) filename: Option<String>,
}

/// What a server does itself with an idle or a slow session, in milliseconds.
const TIMEOUTS: [&str; 3] = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];

impl Connection {
    /// What stands at the key; nothing if nothing does.
    pub(crate) fn read(config: &RootConfig, key: &str, engine: Engine) -> Result<Self> {
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
        let (kind, host, port, user, password, database, application_name, ssl, options, url) = all((
            config.optional_string(&at("type")),
            text(config, &at("host")),
            config.optional_integer(&at("port"), 1..=65535),
            text(config, &at("user")),
            text(config, &at("password")),
            text(config, &at("database")),
            text(config, &at("application_name")),
            Tls::read(config, &at("ssl")),
            options(config, key),
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
            options,
            ..Self::default()
        };
        match url {
            // As in `pg`, what the URL says goes first.
            Some(url) => Ok(Self::read_url(config, &at("connectionString"), &url)?.over(own)),
            None => Ok(own),
        }
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
            options: self.options.or(base.options),
            directory: self.directory.or(base.directory),
            filename: self.filename.or(base.filename),
        }
    }
}

/// A text or a number; an empty text, as a variable that is set to nothing leaves it, is none.
fn text(config: &RootConfig, key: &str) -> Result<Option<String>> {
    match config.optional_node(key)?.map(|node| node.value) {
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => config.optional_string(key),
    }
}

fn options(config: &RootConfig, key: &str) -> Result<Option<Vec<(String, String)>>> {
    let options_key = format!("{key}.options");
    let written = config.optional_string(&options_key)?;
    let written = written.map(|text| settings(&text)).transpose();
    let mut options =
        written.map_err(|why| ConfigError::invalid(config, &options_key, why))?.unwrap_or_default();
    for name in TIMEOUTS {
        let limit = config.optional_integer::<i32>(&format!("{key}.{name}"), 0..=i32::MAX)?;
        options.extend(limit.map(|limit| (name.to_owned(), limit.to_string())));
    }
    Ok(Some(options).filter(|options| !options.is_empty()))
}

/// The settings of a session, as libpq's `options` writes them: `-c geqo=off --search_path=portal`.
pub(crate) fn settings(options: &str) -> Result<Vec<(String, String)>, String> {
    let mut words = options.split_whitespace();
    let mut found = vec![];
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next(),
            other => other,
        };
        let pair = setting.and_then(|setting| setting.split_once('='));
        let (name, value) = pair.ok_or("options are written `-c name=value`")?;
        found.push((name.to_owned(), value.to_owned()));
    }
    Ok(found)
}
