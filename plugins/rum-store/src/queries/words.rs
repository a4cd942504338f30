//! Words of statements that the engines say differently, or that only this store has.

use greenroom_database_sql::Sql;

/// Goes on with them.
pub(super) trait Words {
    /// The values of a group, which are read as [`Values`](super::values::Values). SQLite has no percentiles, and sorts large groups
    /// slowly.
    fn values(self, value: &str) -> Self;

    /// The resources, by their index of all that a list of them needs: SQLite, which has no statistics unless somebody asks it to make
    /// them, would rather look up each row.
    fn of_resources(self, of: Resources) -> Self;
}

impl Words for Sql {
    fn values(self, value: &str) -> Self {
        self.by_engine(
            &format!("json_group_array({value}) filter (where {value} is not null)"),
            &format!("coalesce(cast(json_agg({value}) filter (where {value} is not null) as text), '[]')"),
        )
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
