//! The tables of a plugin, as steps that are taken once per database, and what is written of them there.
//!
//! Each step is taken in a transaction of its own which holds a lock, and is written into the ledger by it. Replicas that start at once
//! take turns, and each reads the ledger again when it is its turn. So [`Migrations::next`] is all that drivers share.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};

use crate::target::Engine;

/// A step from one form of a plugin's tables to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Migration {
    /// Statements that both SQLite and PostgreSQL take. The name orders nothing; it is what the database remembers.
    pub const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sqlite: sql, postgres: sql }
    }

    /// Statements for each, often by `include_str!`.
    pub const fn by_engine(name: &'static str, sqlite: &'static str, postgres: &'static str) -> Self {
        Self { name, sqlite, postgres }
    }

    /// What the database remembers it by.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its statements.
    pub fn sql(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    /// What its statements are recognized by: SHA-256 in hexadecimal, whatever a checkout did with the ends of lines.
    pub fn checksum(&self, engine: Engine) -> String {
        let text = self.sql(engine).replace("\r\n", "\n");
        digest(&SHA256, text.trim().as_bytes()).as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// All steps of a plugin, oldest first. A step that was taken once anywhere is never changed: a new one is added.
///
/// ```
/// use greenroom_database::{Applied, Engine, Migration, Migrations};
///
/// const ALL: Migrations = Migrations::new(&[
///     Migration::new("0001-notes", "create table notes (id text primary key)"),
///     Migration::new("0002-authors", "alter table notes add column author text"),
/// ]);
///
/// assert_eq!(ALL.next(Engine::Sqlite, &[]).unwrap().unwrap().name(), "0001-notes");
/// let changed = Applied { name: "0001-notes".to_owned(), checksum: "of something else".to_owned() };
/// let why = ALL.next(Engine::Sqlite, &[changed]).unwrap_err();
/// assert!(why.starts_with("Migration '0001-notes' was changed after it had been applied"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations(&'static [Migration]);

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The migration's name.
    pub name: String,
    /// Its [checksum](Migration::checksum) when it was applied.
    pub checksum: String,
}

impl Migrations {
    /// These.
    pub const fn new(all: &'static [Migration]) -> Self {
        Self(all)
    }

    /// All of them.
    pub fn all(&self) -> &'static [Migration] {
        self.0
    }

    /// The first that is not applied yet; `None` if all are.
    ///
    /// # Errors
    /// A sentence, where the ledger has one that was changed since, or that is not there any more, and where two have one name.
    pub fn next(&self, engine: Engine, applied: &[Applied]) -> Result<Option<&'static Migration>, String> {
        let by_name = |name: &str| self.0.iter().find(|migration| migration.name == name);
        let twice = self
            .0
            .iter()
            .enumerate()
            .find(|(at, one)| self.0[..*at].iter().any(|other| other.name == one.name));
        if let Some((_, twice)) = twice {
            return Err(format!("Two migrations have the name '{}'", twice.name));
        }
        for row in applied {
            let name = &row.name;
            match by_name(name) {
                None => {
                    return Err(format!(
                        "Migration '{name}' is applied, and this version of the plugin does not have it: the database was used by a \
                         newer version, or the migration was taken out"
                    ));
                }
                Some(migration) if migration.checksum(engine) != row.checksum => {
                    return Err(format!(
                        "Migration '{name}' was changed after it had been applied: restore what it was, and write what is new as \
                         another one"
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(self.0.iter().find(|migration| applied.iter().all(|row| row.name != migration.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Migrations = Migrations::new(&[
        Migration::new("a", "create table a (id text);\n"),
        Migration::new("b", "select 1"),
    ]);

    fn row(migration: &Migration) -> Applied {
        let checksum = migration.checksum(Engine::Postgres);
        Applied { name: migration.name.to_owned(), checksum }
    }

    fn next(applied: &[Applied]) -> Result<Option<&'static str>, String> {
        Ok(ALL.next(Engine::Postgres, applied)?.map(Migration::name))
    }

    #[test]
    fn the_first_that_is_not_applied_is_next_in_the_order_of_the_list() {
        let [a, b] = [&ALL.0[0], &ALL.0[1]].map(row);
        assert_eq!(next(&[]), Ok(Some("a")));
        assert_eq!(next(std::slice::from_ref(&a)), Ok(Some("b")));
        assert_eq!(next(std::slice::from_ref(&b)), Ok(Some("a")), "one of a branch that was merged later");
        assert_eq!(next(&[b, a]), Ok(None));
    }

    #[test]
    fn what_a_checkout_does_with_the_ends_of_lines_changes_no_migration() {
        let elsewhere = Migration::new("a", "create table a (id text);\r\n\r\n");
        assert_eq!(row(&elsewhere), row(&ALL.0[0]));
    }

    #[test]
    fn one_that_was_taken_out_and_two_of_one_name_are_refused() {
        let gone = Applied { name: "0".to_owned(), checksum: String::new() };
        assert!(
            next(&[gone])
                .unwrap_err()
                .starts_with("Migration '0' is applied, and this version of the plugin does not")
        );
        const TWICE: Migrations =
            Migrations::new(&[Migration::new("a", ""), Migration::new("a", "select 1")]);
        assert_eq!(TWICE.next(Engine::Sqlite, &[]), Err("Two migrations have the name 'a'".to_owned()));
    }
}
