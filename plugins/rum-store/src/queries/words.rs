//! Words of statements that the engines say differently, or that only this store has.

use greenroom_database_sql::Sql;

/// Goes on with them.
pub(super) trait Words {
    /// The values of a group, of which each is told by its parts, which are read as [`Values`](super::values::Values). SQLite has no percentiles, and sorts large groups
    /// slowly.
    fn values(self, value: &[&'static str]) -> Self;

    /// The resources, by their index of all that a list of them needs: SQLite, which has no statistics unless somebody asks it to make
    /// them, would rather look up each row.
    fn of_resources(self, of: Resources) -> Self;
}

impl Words for Sql {
    fn values(self, value: &[&'static str]) -> Self {
        let value = |sql: Self| value.iter().fold(sql, |sql, part| sql.then(part));
        let of = value(self.by_engine("json_group_array(", "coalesce(cast(json_agg("));
        let known = value(of.then(") filter (where ")).then(" is not null)");
        known.by_engine("", " as text), '[]')")
    }

    fn of_resources(self, of: Resources) -> Self {
        let index = match of {
            Resources::ByName => "indexed by rum_event_resource ",
            Resources::ByTime => "",
        };
        self.then(" from rum_event e ").by_engine(index, "").then("where e.type = 'resource' and ")
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
