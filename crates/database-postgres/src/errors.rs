//! What PostgreSQL's errors mean.

use std::io::ErrorKind;

use greenroom_database::{DatabaseError, PluginDatabase};
use sqlx::{
    Error,
    postgres::{PgDatabaseError, PgSeverity},
};

/// PostgreSQL's code of an error.
pub(crate) fn code(error: &Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// With what a statement has failed: PostgreSQL's code, or what happened on the way. `None` where no statement did.
pub(crate) fn failure(error: &Error) -> Option<String> {
    match error {
        Error::Database(_) => code(error),
        Error::Io(_) => Some("io".to_owned()),
        Error::Protocol(_) => Some("protocol".to_owned()),
        _ => None,
    }
}

/// What was said, without the words around it.
pub(crate) fn said(error: &Error) -> String {
    let said = match error {
        Error::Database(error) => error.message().to_owned(),
        Error::Io(io) => io.to_string(),
        Error::Tls(tls) => format!("TLS: {tls}"),
        other => other.to_string(),
    };
    match said.contains("UnknownIssuer") {
        true => {
            said + "; name its authority by `ssl.ca` of the connection: NODE_EXTRA_CA_CERTS does not count here"
        }
        false => said,
    }
}

/// Whether somebody answers whom TLS does not believe. sqlx tells it as a fault of the network.
fn is_distrusted(error: &Error) -> bool {
    matches!(error, Error::Io(io) if io.kind() == ErrorKind::InvalidData)
}

/// Whether nobody is there, as opposed to somebody who refuses.
pub(crate) fn is_away(error: &Error) -> bool {
    match error {
        Error::Io(_) => !is_distrusted(error),
        // Connection exceptions, shutdowns, crashes, starts, and a server that has no connection left for anybody.
        Error::Database(_) => code(error)
            .is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == "53300"),
        _ => false,
    }
}

/// Whether somebody may be there who says nothing.
pub(crate) fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Io(io) if io.kind() == ErrorKind::TimedOut)
}

/// Whether nobody listens there, which is known at once.
pub(crate) fn is_nobody(error: &Error) -> bool {
    matches!(error, Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused)
}

/// Whether it is of a connection [to nowhere](crate::connect::to_nowhere).
pub(crate) fn is_nowhere(error: &Error) -> bool {
    matches!(error, Error::Io(io) if io.kind() == ErrorKind::NotADirectory)
}

/// Whether a table, or the schema for it, was looked for in vain.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(code(error).as_deref(), Some("42P01" | "3F000"))
}

/// Whether the server has ended the connection with it, or let nobody in: what a statement does wrong ends none.
fn is_fatal(error: &Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    error.is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// What an error of connecting means, and of what each connection takes on: a role, a search path.
pub(crate) fn explain_login(database: &PluginDatabase, error: Error) -> DatabaseError {
    match error {
        Error::Database(_) | Error::Protocol(_) if !is_away(&error) => database.refused(said(&error)),
        other => explain(database, other),
    }
}

/// What an error means, of a statement or of connecting for it.
pub(crate) fn explain(database: &PluginDatabase, error: Error) -> DatabaseError {
    if is_away(&error) {
        return database.unreachable(said(&error));
    }
    match (&error, code(&error).as_deref()) {
        (Error::PoolClosed, _) => database.closed(),
        (Error::Tls(_) | Error::Configuration(_) | Error::Io(_), _) => database.refused(said(&error)),
        // A transaction that was held open for too long is a plugin's own fault.
        (_, Some("25P03" | "25P04")) => database.statement(error),
        _ if is_fatal(&error) => database.refused(said(&error)),
        // Locks that were waited for in vain, and what cannot be done beside somebody else's transaction.
        (_, Some("55P03" | "40P01" | "40001")) => database.locked(said(&error)),
        (_, Some("57014")) => database.timed_out(said(&error)),
        (_, Some("53100" | "53200")) => database.full(said(&error)),
        _ => database.statement(error),
    }
}
