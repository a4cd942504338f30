//! What SQLite's errors mean.

use greenroom_database::{DatabaseError, PluginDatabase};

/// SQLite's primary result code.
fn code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// `SQLITE_BUSY` or `SQLITE_LOCKED`: somebody else is at it.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(5 | 6))
}

pub(crate) fn explain(database: &PluginDatabase, error: sqlx::Error) -> DatabaseError {
    let said = error.as_database_error().map(|error| error.message().to_owned());
    match (&error, code(&error), said) {
        (sqlx::Error::PoolClosed, ..) => database.closed(),
        (sqlx::Error::Io(io), ..) => database.unreachable(io),
        (_, Some(5 | 6), Some(why)) => database.locked(why),
        (_, Some(13), Some(why)) => database.full(why),
        // I/O error, cannot open.
        (_, Some(10 | 14), Some(why)) => database.unreachable(why),
        // No permission, read-only, corrupt, no authorization, not a database.
        (_, Some(3 | 8 | 11 | 23 | 26), Some(why)) => database.refused(why),
        _ => database.statement(error),
    }
}
