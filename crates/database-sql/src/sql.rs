//! A statement in the making.

use greenroom_database::Engine;

use crate::Bind;

/// A statement and what is bound to it. Values are only ever bound; the text is written in the program.
///
/// [`Pool::sql`](crate::Pool::sql) and [`Transaction::sql`](crate::Transaction::sql) begin one.
#[derive(Clone, Debug)]
#[must_use = "it is sent by a pool or a transaction"]
pub struct Sql {
    pub(crate) text: String,
    pub(crate) binds: Vec<Bind>,
    engine: Engine,
}

impl Sql {
    pub(crate) fn new(engine: Engine, text: &str) -> Self {
        Self { text: text.to_owned(), binds: vec![], engine }
    }

    /// Goes on with what stands in the program. What was told from outside is only ever bound: that the text is `'static` says so.
    pub fn then(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a value.
    pub fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        push_place(&mut self.text, self.engine, self.binds.len());
        self
    }

    /// Adds a list for use behind `in`. An empty list becomes `(null)`, which matches no row, and behind `not in` none either.
    pub fn list(mut self, values: impl IntoIterator<Item = impl Into<Bind>>) -> Self {
        self.text.push('(');
        let before = self.binds.len();
        for value in values {
            if self.binds.len() > before {
                self.text.push(',');
            }
            self = self.bind(value);
        }
        if self.binds.len() == before {
            self.text.push_str("null");
        }
        self.text.push(')');
        self
    }

    /// Goes on with the words of the engine that is asked: what stands in the program, as for [`then`](Self::then).
    pub fn by_engine(self, sqlite: &'static str, postgres: &'static str) -> Self {
        match self.engine {
            Engine::Sqlite => self.then(sqlite),
            Engine::Postgres => self.then(postgres),
        }
    }
}

/// The place of a value, of which there are so many with it. To SQLite `$1` is a name, and its driver looks through all names for each
/// value that is bound: in statements with a thousand this was a fifth of what it costs to keep what browsers send.
pub(crate) fn push_place(text: &mut String, engine: Engine, number: usize) {
    match engine {
        Engine::Sqlite => text.push('?'),
        Engine::Postgres => text.push_str(&format!("${number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_place_for_each_value_and_holds_none() {
        let sql = Sql::new(Engine::Postgres, "select 1 from t where a = ")
            .bind("'; drop table t")
            .then(" and b in ");
        let sql = sql.list([1, 2]).then(" and c in ").list(Vec::<&str>::new());
        assert_eq!(sql.text, "select 1 from t where a = $1 and b in ($2,$3) and c in (null)");
        assert_eq!(sql.binds, ["'; drop table t".into(), 1.into(), 2.into()]);
    }

    #[test]
    fn each_engine_has_its_words() {
        let text = |engine| Sql::new(engine, "select ").by_engine("typeof(a)", "pg_typeof(a)").text;
        assert_eq!([Engine::Sqlite, Engine::Postgres].map(text), ["select typeof(a)", "select pg_typeof(a)"]);
    }
}
