//! The database, whichever it is.

use greenroom::{
    database::{Client, Engine},
    errors::Error,
};
use greenroom_database_postgres::PgPool;
use greenroom_database_sqlite::{Readers, SqlitePool};

/// The connections to it. Statements say `$1`, which both understand.
#[derive(Clone, Debug)]
pub enum Pool {
    /// SQLite: one connection that writes, and those that read.
    Sqlite {
        /// The one that writes.
        writer: SqlitePool,
        /// Those that read.
        readers: SqlitePool,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Pool {
    pub(crate) fn of(client: &Client) -> Result<Self, Error> {
        Ok(match client.engine() {
            Engine::Sqlite => {
                let Readers(readers) = client.pool()?;
                Self::Sqlite { writer: client.pool()?, readers }
            }
            Engine::Postgres => Self::Postgres(client.pool()?),
        })
    }
}
