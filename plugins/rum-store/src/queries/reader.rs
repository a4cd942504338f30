//! Statements sent to the database that there is, and rows that both engines give.

use std::time::Duration;

use greenroom::{database::Engine, errors::Error};
use greenroom_database_sqlite::sqlx::{self, AssertSqlSafe, FromRow, postgres::PgRow, sqlite::SqliteRow};

use super::sql::{Bind, Sql};
use crate::{pool::Pool, store::Store};

/// How long a question may take. What takes longer is waited for by nobody.
const MOST_OF_A_QUESTION: Duration = Duration::from_secs(10);

/// What either engine's rows can be read into; [`row!`] makes one.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// A struct whose fields have the names of columns.
macro_rules! row {
    (
        $(#[$of_struct:meta])*
        $sight:vis struct $name:ident { $($(#[$of_field:meta])* $field_sight:vis $field:ident: $type:ty),* $(,)? }
    ) => {
        $(#[$of_struct])*
        $sight struct $name { $($(#[$of_field])* $field_sight $field: $type),* }

        $crate::queries::reader::row!(@read $name greenroom_database_sqlite::sqlx::sqlite::SqliteRow: $($field),*);
        $crate::queries::reader::row!(@read $name greenroom_database_sqlite::sqlx::postgres::PgRow: $($field),*);
    };
    (@read $name:ident $row:ty: $($field:ident),*) => {
        impl greenroom_database_sqlite::sqlx::FromRow<'_, $row> for $name {
            fn from_row(row: &$row) -> greenroom_database_sqlite::sqlx::Result<Self> {
                use greenroom_database_sqlite::sqlx::Row as _;
                Ok(Self { $($field: row.try_get(stringify!($field))?),* })
            }
        }
    };
}
pub(super) use row;

impl Store {
    /// A statement that begins like this.
    pub(super) fn sql(&self, text: &str) -> Sql {
        let engine = match self.pool() {
            Pool::Sqlite { .. } => Engine::Sqlite,
            Pool::Postgres(_) => Engine::Postgres,
        };
        Sql::new(engine, text)
    }

    /// All rows: a statement says itself how many there can be.
    pub(super) async fn rows<T: Row>(&self, sql: Sql) -> Result<Vec<T>, Error> {
        let Sql { text, binds, .. } = sql;
        // Of values it holds the placeholders alone.
        let text = AssertSqlSafe(text);
        let rows = async {
            match self.pool() {
                Pool::Sqlite { readers, .. } => {
                    let mut query = sqlx::query_as::<_, T>(text);
                    for bind in binds {
                        query = match bind {
                            Bind::Integer(value) => query.bind(value),
                            Bind::Text(value) => query.bind(value),
                        };
                    }
                    query.fetch_all(readers).await
                }
                Pool::Postgres(pool) => {
                    let mut query = sqlx::query_as::<_, T>(text);
                    for bind in binds {
                        query = match bind {
                            Bind::Integer(value) => query.bind(value),
                            Bind::Text(value) => query.bind(value),
                        };
                    }
                    query.fetch_all(pool).await
                }
            }
        };
        self.run_within(MOST_OF_A_QUESTION, rows).await
    }

    /// The first row, of a statement that gives one at the most.
    pub(super) async fn row<T: Row>(&self, sql: Sql) -> Result<Option<T>, Error> {
        Ok(self.rows(sql).await?.into_iter().next())
    }
}
