//! What PostgreSQL's errors mean.

use greenroom_database::{DatabaseError, PluginDatabase};
use sqlx::Error;

/// PostgreSQL's code of an error.
pub(crate) fn code(error: &Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// What was said, without the words around it.
pub(crate) fn said(error: &Error) -> String {
    match error {
        Error::Database(error) => error.message().to_owned(),
        Error::Io(io) => io.to_string(),
        Error::Tls(tls) => format!("TLS: {tls}"),
        other => other.to_string(),
    }
}

/// Whether nobody is there, as opposed to somebody who refuses.
fn is_away(error: &Error) -> bool {
    match error {
        Error::Io(_) => true,
        // Connection exceptions, shutdowns, crashes, starts, and a server that has no connection left for anybody.
        Error::Database(_) => code(error)
            .is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == "53300"),
        _ => false,
    }
}

/// What an error means, of a statement or of connecting.
pub(crate) fn explain(database: &PluginDatabase, error: Error) -> DatabaseError {
    if is_away(&error) {
        return database.unreachable(said(&error));
    }
    match (&error, code(&error).as_deref()) {
        (Error::PoolClosed, _) => database.closed(),
        (Error::Tls(_) | Error::Configuration(_), _) => database.refused(said(&error)),
        // No such login, no such password, no such database; and roles that one may not take on.
        (_, Some(code)) if code.starts_with("28") || matches!(code, "3D000" | "22023") => {
            database.refused(said(&error))
        }
        // Locks that were waited for in vain.
        (_, Some("55P03" | "40P01")) => database.locked(said(&error)),
        _ => database.statement(error),
    }
}
