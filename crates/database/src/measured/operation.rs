//! What a statement does, by its first word: there are few, whatever is asked.

/// What is told by its name; in the end what has none, as OpenTelemetry calls it.
pub(super) const OPERATIONS: [&str; 26] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "WITH",
    "MERGE",
    "VALUES",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "SHOW",
    "LOCK",
    "COPY",
    "CALL",
    "EXPLAIN",
    "ANALYZE",
    "VACUUM",
    "REFRESH",
    "LISTEN",
    "_OTHER",
];

/// What a connection is made ready with as a rule, before anybody has asked for something.
const SETTINGS: [&str; 2] = ["PRAGMA", "SET"];

/// The place of a statement's operation among them. No statement makes a series by what it says: comments and values are none. `None`
/// for one that sets how the connection works.
pub(super) fn of(statement: &str) -> Option<usize> {
    let statement = statement.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
    let word = statement.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    if SETTINGS.iter().any(|name| name.eq_ignore_ascii_case(word)) {
        return None;
    }
    let named = &OPERATIONS[..OPERATIONS.len() - 1];
    Some(named.iter().position(|name| name.eq_ignore_ascii_case(word)).unwrap_or(named.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_a_known_first_word_and_nothing_that_a_statement_holds() {
        for (statement, operation) in [
            ("select id from notes", Some("SELECT")),
            ("  INSERT INTO notes …", Some("INSERT")),
            ("(select 1) union", Some("SELECT")),
            ("vacuum", Some("VACUUM")),
            ("commit;", Some("COMMIT")),
            ("/* user 7 */ select", Some("_OTHER")),
            ("secret", Some("_OTHER")),
            ("", Some("_OTHER")),
            ("pragma foreign_keys = ON", None),
            ("set role \"owner\"", None),
        ] {
            assert_eq!(of(statement).map(|at| OPERATIONS[at]), operation, "{statement}");
        }
    }
}
