//! What rows are read into.

#[cfg(feature = "postgres")]
use sqlx::postgres::PgRow;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteRow;

/// What the rows of each engine of this program can be read into: a tuple of columns in their order, or what [`row!`](crate::row!)
/// has made. Who implements `FromRow` by hand does so for any `sqlx::Row`, as `row!` does: another crate may turn on the other engine.
#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub trait Row:
    for<'r> sqlx::FromRow<'r, SqliteRow> + for<'r> sqlx::FromRow<'r, PgRow> + Send + Unpin
{
}
#[cfg(all(feature = "sqlite", feature = "postgres"))]
impl<T> Row for T where
    T: for<'r> sqlx::FromRow<'r, SqliteRow> + for<'r> sqlx::FromRow<'r, PgRow> + Send + Unpin
{
}

/// What the rows of SQLite can be read into: a tuple of columns in their order, or what [`row!`](crate::row!) has made.
#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
pub trait Row: for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin {}
#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
impl<T> Row for T where T: for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin {}

/// What the rows of PostgreSQL can be read into: a tuple of columns in their order, or what [`row!`](crate::row!) has made.
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
pub trait Row: for<'r> sqlx::FromRow<'r, PgRow> + Send + Unpin {}
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
impl<T> Row for T where T: for<'r> sqlx::FromRow<'r, PgRow> + Send + Unpin {}

/// Structs whose fields have the names of columns, as a [`Row`] of either engine.
///
/// ```
/// greenroom_database_sql::row! {
///     /// A note, as it is shown.
///     #[derive(Debug)]
///     pub struct Note {
///         /// Its text.
///         pub body: String,
///         edited_ms: Option<i64>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$of_struct:meta])*
        $sight:vis struct $name:ident { $($(#[$of_field:meta])* $field_sight:vis $field:ident: $type:ty),* $(,)? }
    ) => {
        $(#[$of_struct])*
        $sight struct $name { $($(#[$of_field])* $field_sight $field: $type),* }

        impl<'r, R: $crate::sqlx::Row> $crate::sqlx::FromRow<'r, R> for $name
        where
            for<'i> &'i str: $crate::sqlx::ColumnIndex<R>,
            $($type: $crate::sqlx::Decode<'r, R::Database> + $crate::sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> $crate::sqlx::Result<Self> {
                Ok(Self { $($field: row.try_get(stringify!($field))?),* })
            }
        }
    };
}
