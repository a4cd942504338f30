//! SQL that both engines read: a text, what is bound to it, and the few words in which they differ.

use greenroom::database::Engine;

/// What is bound to a statement.
#[derive(Clone, Debug)]
pub(super) enum Bind {
    Integer(i64),
    Text(String),
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// A statement in the making. Values are only ever bound; the text is written here.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) binds: Vec<Bind>,
    engine: Engine,
}

impl Sql {
    pub(super) fn new(engine: Engine, text: &str) -> Self {
        Self { text: text.to_owned(), binds: vec![], engine }
    }

    /// Goes on with what stands in the program, never with what was told from outside.
    pub(super) fn then(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a value.
    pub(super) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        self.text.push_str(&format!("${}", self.binds.len()));
        self
    }

    /// Goes on with `(…, …)`, of which nothing is equal to one where there are no values.
    pub(super) fn list<'a>(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
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

    /// Goes on with the values of a group, which are read as [`Values`](super::values::Values). SQLite has no percentiles, and sorts
    /// large groups slowly.
    pub(super) fn values(mut self, value: &str) -> Self {
        let all = match self.engine {
            Engine::Sqlite => format!("json_group_array({value}) filter (where {value} is not null)"),
            Engine::Postgres => {
                format!("coalesce(cast(json_agg({value}) filter (where {value} is not null) as text), '[]')")
            }
        };
        self.text.push_str(&all);
        self
    }

    /// Goes on with the resources, by their index of all that a list of them needs: SQLite, which has no statistics unless somebody
    /// asks it to make them, would rather look up each row.
    pub(super) fn of_resources(self, of: Resources) -> Self {
        let index = match (self.engine, of) {
            (Engine::Sqlite, Resources::ByName) => "indexed by rum_event_resource ",
            _ => "",
        };
        self.then(" from rum_event e ").then(index).then("where e.type = 'resource' and ")
    }
}

/// Which way to resources is the shorter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resources {
    /// Those of a short time.
    ByTime,
    /// Those of a name, or most of all.
    ByName,
}
