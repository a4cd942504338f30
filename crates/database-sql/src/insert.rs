//! Statements that insert many rows at once.

use greenroom_database::Engine;

use crate::{Bind, sql::push_place};

/// Where rows go, and what becomes of one that is there already.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// As statements name it.
    pub name: &'static str,
    /// As statements name them.
    pub columns: &'static [&'static str],
    /// `on conflict …`, or nothing.
    pub on_conflict: &'static str,
}

/// What is a row of a table.
pub trait Insert {
    /// Which.
    const TABLE: Table;

    /// A value for each column, in order.
    fn binds(self) -> Vec<Bind>;
}

impl Table {
    /// The statement for so many rows.
    pub(crate) fn insert(&self, engine: Engine, rows: usize) -> String {
        let Self { name, columns, on_conflict } = self;
        let mut sql = format!("insert into {name} ({}) values ", columns.join(", "));
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns.len() {
                sql.push_str(if column == 0 { "" } else { ", " });
                push_place(&mut sql, engine, row * columns.len() + column + 1);
            }
            sql.push(')');
        }
        sql + " " + on_conflict
    }
}

/// Pieces of a list, each for a statement of its own: at most 32 long, and all of them powers of two, so that a connection has few
/// statements to remember.
///
/// ```
/// use greenroom_database_sql::pieces;
///
/// let sizes: Vec<_> = pieces(&[0; 43]).map(<[i32]>::len).collect();
/// assert_eq!(sizes, [32, 8, 2, 1]);
/// ```
pub fn pieces<T>(mut all: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        if all.is_empty() {
            return None;
        }
        let (piece, rest) = all.split_at(at_once(all.len()));
        all = rest;
        Some(piece)
    })
}

/// How many rows go into one statement, of so many that are left.
pub(crate) fn at_once(rows: usize) -> usize {
    const MOST: usize = 32;
    match rows {
        MOST.. => MOST,
        _ => 1 << rows.ilog2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_place_for_each_value() {
        let table = Table { name: "t", columns: &["a", "b"], on_conflict: "on conflict do nothing" };
        let insert = |engine| table.insert(engine, 2);
        let values = ["(?, ?), (?, ?)", "($1, $2), ($3, $4)"];
        let told =
            values.map(|values| format!("insert into t (a, b) values {values} on conflict do nothing"));
        assert_eq!([Engine::Sqlite, Engine::Postgres].map(insert), told);
    }

    #[test]
    fn many_rows_are_a_few_statements() {
        let mut left = 50;
        let mut statements = vec![];
        while left > 0 {
            statements.push(at_once(left));
            left -= at_once(left);
        }
        assert_eq!(statements, [32, 16, 2]);
    }
}
