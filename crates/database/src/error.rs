//! What goes wrong between a plugin and its data.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use greenroom_errors::{BoxError, Error};

use crate::{settings::PluginDatabase, target::Engine};

/// Whose database it is, and where it was configured: what an operator has to know of any fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    plugin: Arc<str>,
    engine: Engine,
    place: String,
    key: String,
}

impl Whose {
    pub(crate) fn of(database: &PluginDatabase) -> Self {
        Self(Box::new(Parts {
            plugin: database.plugin.clone(),
            engine: database.target.engine(),
            place: database.target.to_string(),
            key: database.connection_key.clone(),
        }))
    }

    pub(crate) fn engine(&self) -> Engine {
        self.0.engine
    }

    /// The key of the connection.
    pub(crate) fn key(&self) -> &str {
        &self.0.key
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { plugin, engine, place, key } = &*self.0;
        write!(f, "{engine} at {place}, for plugin '{plugin}' by `{key}`")
    }
}

/// A fault of a database, with its plugin, its place and the config key that decides on it. It never holds a password.
///
/// Clients of the portal see nothing of it but, where trying again may help, a 503: see [`Error::is_internal`].
#[derive(Clone, Debug)]
pub enum DatabaseError {
    /// Nobody answers, or the one who does is going down.
    Unreachable {
        /// Whose database it is.
        whose: Whose,
        /// What was in the way.
        why: String,
    },
    /// The database answers, and all connections of the plugin are in use.
    Exhausted {
        /// Whose database it is.
        whose: Whose,
        /// How many there are.
        connections: u32,
        /// How long one was waited for.
        waited: Duration,
        /// The key of their number.
        key: String,
    },
    /// An answer was waited for in vain: of a statement, a connection that was to be made, or a server that stands still.
    TimedOut {
        /// Whose database it is.
        whose: Whose,
        /// What took how long.
        why: String,
    },
    /// There is no room for what should be written.
    Full {
        /// Whose database it is.
        whose: Whose,
        /// What the database says.
        why: String,
    },
    /// Somebody else writes, and did not end in time.
    Locked {
        /// Whose database it is.
        whose: Whose,
        /// What the database says.
        why: String,
    },
    /// It answers, and lets the plugin not in: a wrong password, a role or a database that is not there.
    Refused {
        /// Whose database it is.
        whose: Whose,
        /// What the database says.
        why: String,
    },
    /// A database or a schema could not be made.
    NotEnsured {
        /// Whose database it is.
        whose: Whose,
        /// What was to be made, in Backstage's words.
        what: String,
        /// What was in the way.
        why: String,
        /// Whether nobody answered.
        is_away: bool,
    },
    /// The tables are not those that the plugin was written for.
    Migration {
        /// Whose database it is.
        whose: Whose,
        /// Which one, and what is wrong with it.
        why: String,
    },
    /// What a statement asks for cannot be done.
    Statement {
        /// Whose database it is.
        whose: Whose,
        /// What the driver says.
        source: Arc<dyn StdError + Send + Sync>,
    },
    /// It is closed, because the backend stops.
    Closed {
        /// Whose database it is.
        whose: Whose,
    },
}

impl DatabaseError {
    /// The one that an error was made of, or that caused it.
    ///
    /// ```
    /// # use greenroom_config::RootConfig;
    /// use greenroom_database::{DatabaseError, DatabaseSettings};
    /// use greenroom_errors::Error;
    ///
    /// # let settings = DatabaseSettings::from_config(&RootConfig::from_yaml("").unwrap()).unwrap();
    /// let database = settings.for_plugin("notes").unwrap();
    /// let error = Error::from(database.unreachable("Connection refused"));
    /// assert_eq!(error.status(), 503);
    /// assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Unreachable { .. })));
    /// ```
    pub fn of(error: &Error) -> Option<&Self> {
        if let Some(own) = error.downcast_ref::<Self>() {
            return Some(own);
        }
        let cause = error.source()?;
        cause.downcast_ref::<Self>().or_else(|| Self::of(cause.downcast_ref::<Error>()?))
    }

    /// Whose database it is.
    pub(crate) fn whose(&self) -> &Whose {
        match self {
            Self::Unreachable { whose, .. }
            | Self::Exhausted { whose, .. }
            | Self::TimedOut { whose, .. }
            | Self::Full { whose, .. }
            | Self::Locked { whose, .. }
            | Self::Refused { whose, .. }
            | Self::NotEnsured { whose, .. }
            | Self::Migration { whose, .. }
            | Self::Statement { whose, .. }
            | Self::Closed { whose } => whose,
        }
    }

    /// Whether the same may go well at another time.
    fn passes(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Exhausted { .. }
                | Self::TimedOut { .. }
                | Self::Full { .. }
                | Self::Locked { .. }
                | Self::Closed { .. }
                | Self::NotEnsured { is_away: true, .. }
        )
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { whose, why } => write!(f, "{whose}, cannot be reached: {why}"),
            Self::Exhausted { whose, connections, waited, key } => {
                let (all, waited) = (
                    if *connections == 1 { "the one connection is" } else { "all connections are" },
                    waited.as_secs_f64(),
                );
                write!(
                    f,
                    "{whose}, answers, but {all} in use ({connections}, by `{key}`): none was free within {waited} s"
                )
            }
            Self::TimedOut { whose, why } => write!(f, "{whose}, did not answer in time: {why}"),
            Self::Full { whose, why } => write!(f, "{whose}, has no space left: {why}"),
            Self::Locked { whose, why } => write!(f, "{whose}, is locked by somebody else who writes: {why}"),
            Self::Refused { whose, why } => write!(f, "{whose}, lets nobody in: {why}"),
            Self::NotEnsured { whose, what, why, .. } => {
                write!(
                    f,
                    "Failed to connect to the database to make sure that {what} exists, {why} ({whose})"
                )
            }
            Self::Migration { whose, why } => write!(f, "{why} ({whose})"),
            Self::Statement { whose, source } => write!(f, "{source} ({whose})"),
            Self::Closed { whose } => write!(f, "{whose}, is closed, because the backend stops"),
        }
    }
}

impl StdError for DatabaseError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Statement { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

/// A `ServiceUnavailableError` where trying again may help, else a `DatabaseError`: that name is Backstage's for what clients must not
/// see.
impl From<DatabaseError> for Error {
    #[track_caller]
    fn from(error: DatabaseError) -> Self {
        if error.passes() {
            return Self::service_unavailable("The database is not available").caused_by(error);
        }
        Self::foreign_named("DatabaseError", error)
    }
}

impl PluginDatabase {
    /// Nobody answers.
    pub fn unreachable(&self, why: impl fmt::Display) -> DatabaseError {
        DatabaseError::Unreachable { whose: Whose::of(self), why: why.to_string() }
    }

    /// It answers, and this many connections are all in use.
    pub fn exhausted(&self, connections: u32) -> DatabaseError {
        let (whose, key) = (Whose::of(self), self.pool_key.clone());
        DatabaseError::Exhausted { whose, connections, waited: self.pool.acquire, key }
    }

    /// An answer was waited for in vain.
    pub fn timed_out(&self, why: impl fmt::Display) -> DatabaseError {
        DatabaseError::TimedOut { whose: Whose::of(self), why: why.to_string() }
    }

    /// There is no room.
    pub fn full(&self, why: impl fmt::Display) -> DatabaseError {
        DatabaseError::Full { whose: Whose::of(self), why: why.to_string() }
    }

    /// Somebody else writes.
    pub fn locked(&self, why: impl fmt::Display) -> DatabaseError {
        DatabaseError::Locked { whose: Whose::of(self), why: why.to_string() }
    }

    /// It lets the plugin not in.
    pub fn refused(&self, why: impl fmt::Display) -> DatabaseError {
        DatabaseError::Refused { whose: Whose::of(self), why: why.to_string() }
    }

    /// `what`, such as `'backstage_plugin_notes'`, could not be made; `is_away` if nobody answered.
    pub fn not_ensured(
        &self,
        what: impl fmt::Display,
        why: impl fmt::Display,
        is_away: bool,
    ) -> DatabaseError {
        let (what, why) = (what.to_string(), why.to_string());
        DatabaseError::NotEnsured { whose: Whose::of(self), what, why, is_away }
    }

    /// A migration is not as it was, or cannot be applied.
    pub fn migration(&self, why: impl fmt::Display) -> DatabaseError {
        DatabaseError::Migration { whose: Whose::of(self), why: why.to_string() }
    }

    /// A migration that cannot be applied, by what an error of it means: a server that goes away, a deadlock or a full disk is no
    /// fault of the migration's.
    pub fn not_applied(&self, name: &str, why: impl fmt::Display, meaning: DatabaseError) -> DatabaseError {
        match meaning {
            DatabaseError::Statement { .. } => {
                self.migration(format_args!("Migration '{name}' cannot be applied: {why}"))
            }
            other => other,
        }
    }

    /// A statement that cannot be done.
    pub fn statement(&self, source: impl Into<BoxError>) -> DatabaseError {
        DatabaseError::Statement { whose: Whose::of(self), source: Arc::from(source.into()) }
    }

    /// It is closed.
    pub fn closed(&self) -> DatabaseError {
        DatabaseError::Closed { whose: Whose::of(self) }
    }
}
