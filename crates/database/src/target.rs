//! What a driver opens: a file, memory, or a database of a server.

use std::{fmt, path::PathBuf, time::Duration};

use crate::tls::Tls;

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// The clients `better-sqlite3` and `sqlite3`.
    Sqlite,
    /// The client `pg`.
    Postgres,
}

impl Engine {
    /// That of a client's name in the config; `None` for one that Greenroom does not have.
    ///
    /// ```
    /// use greenroom_database::Engine;
    ///
    /// assert_eq!(Engine::of_client("better-sqlite3"), Some(Engine::Sqlite));
    /// assert_eq!(Engine::of_client("mysql2"), None);
    /// ```
    pub fn of_client(client: &str) -> Option<Self> {
        match client {
            "better-sqlite3" | "sqlite3" => Some(Self::Sqlite),
            "pg" => Some(Self::Postgres),
            _ => None,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Where a plugin's data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file, or memory.
    Sqlite(Sqlite),
    /// A database of a server.
    Postgres(Box<Postgres>),
}

impl Target {
    /// Which SQL is spoken there.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

/// As people are told of it: a file, `memory`, or `<host>:<port>`. Never a password.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(sqlite) => sqlite.fmt(f),
            Self::Postgres(postgres) => postgres.fmt(f),
        }
    }
}

/// An SQLite database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sqlite {
    /// Lost at the end of the process.
    Memory,
    /// In this file; a relative path is below the working directory.
    File(PathBuf),
}

impl fmt::Display for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(file) => file.display().fmt(f),
        }
    }
}

/// A database of a PostgreSQL server, and how it is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Postgres {
    /// A name, an address, or the directory of a socket.
    pub host: String,
    /// The port. 5432 unless set.
    pub port: u16,
    /// As whom; the operating system's user unless set.
    pub user: Option<String>,
    /// With which password, if any.
    pub password: Option<String>,
    /// Which database; the server's default for the user unless set.
    pub database: Option<String>,
    /// Which schema is searched; the server's default unless set.
    pub schema: Option<String>,
    /// The role that each connection takes on.
    pub role: Option<String>,
    /// Whom the server shows as connected.
    pub application_name: String,
    /// Encryption.
    pub tls: Tls,
    /// How long a login may take. 10 s unless set.
    pub connect_timeout: Duration,
    /// Settings of each session, by name.
    pub options: Vec<(String, String)>,
    /// Who makes the database and the schema where they are missing; `None` if nobody does.
    pub ensure: Option<Ensure>,
}

/// Who makes what is missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Ensure {
    /// Whether the database is made.
    pub database: bool,
    /// Whether the schema is made, in [`Postgres::database`].
    pub schema: bool,
    /// The role that makes it, and owns it then.
    pub owner: Option<String>,
    /// As whom.
    pub user: Option<String>,
    /// With which password, if any.
    pub password: Option<String>,
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Without the passwords.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("server", &self.to_string())
            .field("user", &self.user)
            .field("database", &self.database)
            .field("schema", &self.schema)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
