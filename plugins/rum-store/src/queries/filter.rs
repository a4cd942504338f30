//! Of what is asked: a time, and what pages and devices have in common.

use greenroom_database_sql::Sql;

/// Which views and events count. Times are those at which they began, of which the last is excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Milliseconds since 1970.
    pub from_ms: i64,
    /// Milliseconds since 1970.
    pub to_ms: i64,
    /// As `/catalog/:namespace/:kind/:name`.
    pub route: Option<String>,
    /// Of the app.
    pub version: Option<String>,
    /// As the SDK was told.
    pub env: Option<String>,
    /// A class, as `Desktop`.
    pub device: Option<String>,
    /// As the SDK was told.
    pub service: Option<String>,
}

/// Where rows of a table stand in time, and which of the others are columns of it.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// `rum_view v`
    Views,
    /// `rum_event e`
    Events,
    /// `rum_session s`, by when it began.
    Sessions,
}

impl Filter {
    /// How long the time is, in milliseconds, and never nothing.
    pub fn span_ms(&self) -> i64 {
        self.to_ms.saturating_sub(self.from_ms).max(1)
    }

    /// The same of the time before, which is as long.
    #[must_use]
    pub fn before(&self) -> Self {
        Self { from_ms: self.from_ms.saturating_sub(self.span_ms()), to_ms: self.from_ms, ..self.clone() }
    }

    /// Goes on with the conditions, of which there is always one.
    pub(super) fn conditions(&self, of: Of, sql: Sql) -> Sql {
        let (table, time) = match of {
            Of::Views => ("v", "date_ms"),
            Of::Events => ("e", "date_ms"),
            Of::Sessions => ("s", "started_ms"),
        };
        let sql = sql.then(table).then(".").then(time).then(" >= ").bind(self.from_ms);
        let mut sql = sql.then(" and ").then(table).then(".").then(time).then(" < ").bind(self.to_ms);
        if let Some(route) = &self.route {
            sql = match of {
                Of::Views | Of::Events => sql.then(" and ").then(table).then(".route = ").bind(&**route),
                // Those that saw it.
                Of::Sessions => sql
                    .then(" and exists (select 1 from rum_view r where r.session_id = s.id and r.route = ")
                    .bind(&**route)
                    .then(")"),
            };
        }
        let others = [
            ("version", &self.version),
            ("env", &self.env),
            ("device", &self.device),
            ("service", &self.service),
        ];
        for (column, wanted) in others {
            if let Some(wanted) = wanted {
                sql = sql.then(" and ").then(table).then(".").then(column).then(" = ").bind(&**wanted);
            }
        }
        sql
    }
}

/// Parts of equal length of a filter's time, at round times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// When the first one begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// How long each is, in milliseconds.
    pub step_ms: i64,
    /// How many there are.
    pub count: usize,
}

impl Buckets {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * Self::MINUTE;
    const DAY: i64 = 24 * Self::HOUR;
    /// Round lengths, of which the first is taken that needs no more than [`Self::MOST`] of them.
    const STEPS: [i64; 9] = [
        Self::MINUTE,
        5 * Self::MINUTE,
        15 * Self::MINUTE,
        Self::HOUR,
        3 * Self::HOUR,
        6 * Self::HOUR,
        12 * Self::HOUR,
        Self::DAY,
        7 * Self::DAY,
    ];
    const MOST: i64 = 30;

    /// Of a filter's time.
    pub fn of(filter: &Filter) -> Self {
        let needed = |step: i64| (filter.to_ms - 1).div_euclid(step) - filter.from_ms.div_euclid(step) + 1;
        let longest = Self::STEPS[Self::STEPS.len() - 1];
        let round = Self::STEPS.into_iter().find(|step| needed(*step) <= Self::MOST);
        // Of years as many weeks as it takes.
        let step_ms = round.unwrap_or_else(|| {
            let weeks = filter.span_ms() / longest / (Self::MOST - 1) + 1;
            longest * weeks
        });
        let from_ms = filter.from_ms.div_euclid(step_ms) * step_ms;
        Self { from_ms, step_ms, count: usize::try_from(needed(step_ms)).unwrap_or(1).max(1) }
    }

    /// When one begins, in milliseconds since 1970.
    pub fn at_ms(&self, index: usize) -> i64 {
        self.from_ms + self.step_ms * i64::try_from(index).unwrap_or(0)
    }

    /// Goes on with the number of the one in which a time is.
    pub(super) fn index(&self, time: &'static str, sql: Sql) -> Sql {
        sql.then("(").then(time).then(" - ").bind(self.from_ms).then(") / ").bind(self.step_ms)
    }

    /// Which one a row says it is in.
    pub(super) fn place(&self, index: i64) -> Option<usize> {
        usize::try_from(index).ok().filter(|index| *index < self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(from_ms: i64, to_ms: i64) -> (i64, i64, usize) {
        let Buckets { from_ms, step_ms, count } =
            Buckets::of(&Filter { from_ms, to_ms, ..Filter::default() });
        (from_ms, step_ms / Buckets::MINUTE, count)
    }

    #[test]
    fn a_time_has_at_most_30_parts_of_a_round_length_that_begin_at_round_times() {
        let hour = Buckets::HOUR;
        assert_eq!(buckets(0, hour), (0, 5, 12));
        assert_eq!(buckets(0, 24 * hour), (0, 60, 24));
        assert_eq!(buckets(90, 24 * hour + 90), (0, 60, 25), "the first and the last are cut");
        assert_eq!(buckets(0, 7 * 24 * hour), (0, 6 * 60, 28));
        assert_eq!(buckets(0, 20 * 365 * 24 * hour).2, 29);
        assert_eq!(buckets(5, 5), (0, 1, 1), "nothing is one part");
    }
}
