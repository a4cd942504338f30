//! What an error's text says of a database: Node's drivers, and our own, name the fault and the address.

use crate::words::said;

/// What is wrong with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DatabaseFault {
    pub(crate) cause: &'static str,
    /// As the beginning of a sentence.
    pub(crate) what: String,
    pub(crate) next: &'static str,
}

/// A word of an error's text, in lower case, and what that means.
const WORDS: &[(&str, &str, &str, &str)] = &[
    (
        "timeout acquiring a connection",
        "databasePool",
        "No connection of the database's pool is free",
        "see which statements run long (pg_stat_activity), or raise knexConfig.pool.max of backend.database",
    ),
    (
        "too many clients",
        "databaseFull",
        "PostgreSQL takes no more connections",
        "lower the pools of backend.database, or raise max_connections of the server",
    ),
    (
        "remaining connection slots are reserved",
        "databaseFull",
        "PostgreSQL takes no more connections",
        "lower the pools of backend.database, or raise max_connections of the server",
    ),
    (
        "password authentication failed",
        "databasePassword",
        "PostgreSQL refuses the password",
        "check user and password of backend.database.connection",
    ),
    (
        "no pg_hba.conf entry",
        "databaseAccess",
        "PostgreSQL does not let this host or user in",
        "add it to the server's pg_hba.conf, or turn on ssl in backend.database.connection",
    ),
    (
        "the database system is starting up",
        "databaseStarting",
        "PostgreSQL is starting up",
        "wait, and see its log if that goes on",
    ),
    ("the database system is shutting down", "databaseDown", "PostgreSQL is shutting down", "start it again"),
    (
        "the database system is in recovery mode",
        "databaseStarting",
        "PostgreSQL recovers after a crash",
        "wait, and see its log",
    ),
    (
        "terminating connection",
        "databaseDown",
        "PostgreSQL was stopped or restarted",
        "start the database, or see whether its address in backend.database is right",
    ),
    (
        "connection terminated",
        "databaseDown",
        "PostgreSQL has ended its connections",
        "start the database, or see whether its address in backend.database is right",
    ),
    (
        "failed to connect to the database",
        "databaseDown",
        "The database cannot be reached",
        "start the database, or see whether its address in backend.database is right",
    ),
    (
        "permission denied to create database",
        "databaseRights",
        "The database's user may not create a plugin's database",
        "give it CREATEDB, or set backend.database.pluginDivisionMode to schema",
    ),
];

impl DatabaseFault {
    /// Of an error's text, if it is of a database.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        if let Some((_, cause, what, next)) = WORDS.iter().find(|(word, ..)| lower.contains(word)) {
            return Some(Self { cause, what: format!("{what} ({})", said(text)), next });
        }
        let database = lower.contains("knex") || lower.contains("postgres") || lower.contains("sqlite");
        let next = "start the database, or see whether its address in backend.database is right";
        for (code, how) in [
            ("econnrefused", "refuses connections"),
            ("etimedout", "does not answer"),
            ("enotfound", "has a name that is not known"),
            ("connection refused", "refuses connections"),
        ] {
            let Some(at) = lower.find(code) else { continue };
            let address = address(&text[at + code.len()..]);
            // Of other servers that a plugin calls nothing is known by this.
            if database
                || address.as_deref().is_some_and(|address| address.ends_with(":5432"))
                || is_of_query(&lower)
            {
                let named = address.map(|address| format!("The database at {address}"));
                let named = named.unwrap_or_else(|| "The database".to_owned());
                return Some(Self { cause: "databaseDown", what: format!("{named} {how}"), next });
            }
        }
        let missing = lower.contains("does not exist") && lower.contains("database \"");
        missing.then(|| Self {
            cause: "databaseMissing",
            what: format!("PostgreSQL has no such database ({})", said(text)),
            next: "create it, or give the user CREATEDB",
        })
    }

    /// Whether a line is of who asks for nothing but a database: the pool of connections, and what a backend does all the time.
    pub(crate) fn is_told_by(message: &str) -> bool {
        let begins = [
            "Acquire connection error",
            "Failed to load processing items",
            "Failed to load stitchable entities",
        ];
        begins.iter().any(|begin| message.starts_with(begin)) && Self::of_key_store(message).is_some()
    }

    /// Of an error of a plugin that has asked for nothing but its database.
    pub(crate) fn of_key_store(text: &str) -> Option<Self> {
        Self::of(text).or_else(|| Self::of(&format!("postgres: {text}")))
    }
}

/// The words of a statement.
fn is_of_query(lower: &str) -> bool {
    ["select ", "insert into ", "update ", "delete from "].iter().any(|word| lower.starts_with(word))
}

/// The next word that is a host and a port.
fn address(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?.trim_matches([',', ';', ')', '(', '.', ':']);
    let (host, port) = word.rsplit_once(':')?;
    let is_one = !host.is_empty() && port.parse::<u16>().is_ok() && word.len() < 260;
    is_one.then(|| said(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drivers_say_is_a_cause() {
        for (text, cause) in [
            ("connect ECONNREFUSED 127.0.0.1:5432", Some("databaseDown")),
            ("Knex: Timeout acquiring a connection. The pool is probably full.", Some("databasePool")),
            ("sorry, too many clients already", Some("databaseFull")),
            ("select * from x - terminating connection due to administrator command", Some("databaseDown")),
            ("password authentication failed for user \"me\"", Some("databasePassword")),
            ("select 1 - connect ECONNREFUSED 10.0.0.1:6432", Some("databaseDown")),
            ("database \"portal\" does not exist", Some("databaseMissing")),
            ("connect ECONNREFUSED 10.0.0.1:443", None),
            ("no key of ours", None),
        ] {
            assert_eq!(DatabaseFault::of(text).map(|fault| fault.cause), cause, "{text}");
        }
        let told = DatabaseFault::of("connect ECONNREFUSED 127.0.0.1:5432").unwrap();
        assert_eq!(told.what, "The database at 127.0.0.1:5432 refuses connections");
        assert_eq!(
            DatabaseFault::of_key_store("connect ECONNREFUSED ::1:40000").unwrap().cause,
            "databaseDown"
        );
    }
}
