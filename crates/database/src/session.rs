//! What a `connection` says of its sessions: their settings, and how long they are waited for.

use std::time::Duration;

use greenroom_config::{ConfigError, Result, RootConfig, all};

/// Each member as it is written; `None` where it is not.
#[derive(Clone, Default)]
pub(crate) struct Session {
    /// Settings, by name, of the text `options`.
    pub(crate) options: Option<Vec<(String, String)>>,
    /// Those of [`TIMEOUTS`], in its order.
    timeouts: [Option<i32>; 3],
    /// How long a login may take.
    pub(crate) connect: Option<Duration>,
    /// How long an answer is waited for.
    pub(crate) query: Option<Duration>,
}

/// What a server does itself with an idle or a slow session, in milliseconds.
const TIMEOUTS: [&str; 3] = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];

const HOUR: i32 = 3_600_000;

impl Session {
    pub(crate) fn read(config: &RootConfig, key: &str) -> Result<Self> {
        let number =
            |name: &str, most: i32| config.optional_integer::<i32>(&format!("{key}.{name}"), 0..=most);
        // In `pg`, 0 is for ever; here nothing is, so that it is as if it were not written.
        let wait = |name: &str| {
            let millis = number(name, HOUR)?.and_then(|millis| u64::try_from(millis).ok());
            Ok(millis.filter(|millis| *millis > 0).map(Duration::from_millis))
        };
        let [statement, lock, idle] = TIMEOUTS.map(|name| number(name, i32::MAX));
        let (options, statement, lock, idle, connect, query) = all((
            options(config, &format!("{key}.options")),
            statement,
            lock,
            idle,
            wait("connectionTimeoutMillis"),
            wait("query_timeout"),
        ))?;
        Ok(Self { options, timeouts: [statement, lock, idle], connect, query })
    }

    /// This one, and what it does not say by the other, member by member.
    pub(crate) fn over(self, base: Self) -> Self {
        let [statement, lock, idle] = self.timeouts;
        let [base_statement, base_lock, base_idle] = base.timeouts;
        Self {
            options: self.options.or(base.options),
            timeouts: [statement.or(base_statement), lock.or(base_lock), idle.or(base_idle)],
            connect: self.connect.or(base.connect),
            query: self.query.or(base.query),
        }
    }

    /// All settings, by name. The server takes the last of one name.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let named = TIMEOUTS.iter().zip(self.timeouts);
        let timeouts = named.filter_map(|(name, limit)| Some(((*name).to_owned(), limit?.to_string())));
        self.options.clone().unwrap_or_default().into_iter().chain(timeouts).collect()
    }
}

fn options(config: &RootConfig, key: &str) -> Result<Option<Vec<(String, String)>>> {
    let written = config.optional_string(key)?;
    let parsed = written.map(|text| parse(&text)).transpose();
    parsed.map_err(|why| ConfigError::invalid(config, key, why))
}

/// The settings of a session, as libpq's `options` writes them: `-c geqo=off --search_path=portal`.
pub(crate) fn parse(options: &str) -> Result<Vec<(String, String)>, String> {
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
