//! Groups of errors that have one cause.

use std::collections::HashMap;

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, row};

use super::{
    cursor::{Cursor, Page},
    filter::{Buckets, Filter, Of},
};
use crate::{
    group::{Seen, State},
    store::Store,
};

/// Errors that have one cause, in a time.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorGroup {
    /// 16 hexadecimal digits.
    pub fingerprint: String,
    /// As `TypeError`.
    pub error_type: Option<String>,
    /// Of the first one.
    pub message: String,
    /// File and function.
    pub culprit: Option<String>,
    /// As the SDK was told.
    pub service: Option<String>,
    #[expect(missing_docs, reason = "its name says it")]
    pub state: State,
    /// How many errors.
    pub n: i64,
    /// In how many sessions.
    pub sessions: i64,
    /// When the first one of all was, in milliseconds since 1970.
    pub first_ms: i64,
    /// When the last one in this time was, in milliseconds since 1970.
    pub last_ms: i64,
    /// If it came back: for how long it had been away, in milliseconds.
    pub away_ms: Option<i64>,
    /// The version of the first one that is kept.
    pub since_version: Option<String>,
    /// How many in each part of the time.
    pub over_time: Vec<i64>,
}

row! {
    struct Found {
        fingerprint: String,
        error_type: Option<String>,
        message: String,
        culprit: Option<String>,
        service: Option<String>,
        n: i64,
        sessions: i64,
        first_ms: i64,
        last_ms: i64,
        back_ms: Option<i64>,
        away_ms: Option<i64>,
    }
}

impl Found {
    fn seen(&self) -> Seen {
        let Self { first_ms, last_ms, back_ms, away_ms, .. } = *self;
        Seen { first_ms, last_ms, back_ms, away_ms }
    }
}

row! {
    /// How many errors there were in a time.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ErrorTotals {
        /// Groups.
        pub groups: i64,
        /// Errors.
        pub errors: i64,
        /// Groups that are new.
        pub new: i64,
        /// Groups that are back.
        pub back: i64,
    }
}

row! {
    struct InBucket { fingerprint: String, bucket: i64, n: i64 }
}

row! {
    struct OfVersion { fingerprint: String, version: Option<String>, first_ms: i64 }
}

impl Store {
    /// Groups of errors, those with most errors first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn error_groups(
        &self,
        filter: &Filter,
        state: Option<State>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ErrorGroup>, Error> {
        let sql = self.groups("select g.* from (", filter, None).then(") g where 1 = 1");
        let sql = match state {
            None => sql,
            Some(state) => sql.then(" and g.state = ").bind(state.as_str()),
        };
        let found: Vec<Found> = self.rows(Cursor::older(after, ["g.n", "g.fingerprint"], sql, limit)).await?;
        let page = Page::of(found, limit, |group| Cursor::new(group.n, &group.fingerprint));
        self.with_course(filter, page).await
    }

    /// How many errors there were.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn error_totals(&self, filter: &Filter) -> Result<ErrorTotals, Error> {
        let sql = self.groups(
            "select count(*) as groups, cast(coalesce(sum(g.n), 0) as bigint) as errors, \
             count(*) filter (where g.state = 'new') as new, count(*) filter (where g.state = 'back') as back from (",
            filter,
            None,
        );
        let totals: Option<ErrorTotals> = self.row(sql.then(") g")).await?;
        Ok(totals.unwrap_or_default())
    }

    /// One group, if it has errors in this time.
    pub(super) async fn error_group(
        &self,
        filter: &Filter,
        fingerprint: &str,
    ) -> Result<Option<ErrorGroup>, Error> {
        let sql = self.groups("select g.* from (", filter, Some(fingerprint)).then(") g");
        let page = Page { rows: self.rows::<Found>(sql).await?, next: None };
        Ok(self.with_course(filter, page).await?.rows.pop())
    }

    fn groups(&self, begin: &'static str, filter: &Filter, fingerprint: Option<&str>) -> Sql {
        let sql = self.sql(begin).then(
            "select e.fingerprint, g.type as error_type, g.message, g.culprit, g.service, count(*) as n, \
             count(distinct e.session_id) as sessions, g.first_ms, max(e.date_ms) as last_ms, g.back_ms, g.away_ms, \
             case when g.first_ms >= ",
        );
        // As `Seen::state` has it.
        let sql = sql.bind(filter.from_ms).then(" then 'new' when g.back_ms >= ").bind(filter.from_ms);
        let sql = sql.then(
            " then 'back' else 'ongoing' end as state from rum_event e \
             join rum_error_group g on g.fingerprint = e.fingerprint where e.type = 'error' and ",
        );
        let sql = filter.conditions(Of::Events, sql);
        let sql = match fingerprint {
            None => sql,
            Some(fingerprint) => sql.then(" and e.fingerprint = ").bind(fingerprint),
        };
        sql.then(" group by g.fingerprint, e.fingerprint")
    }

    async fn with_course(&self, filter: &Filter, page: Page<Found>) -> Result<Page<ErrorGroup>, Error> {
        let buckets = Buckets::of(filter);
        let of = || page.rows.iter().map(|group| &*group.fingerprint);
        let counts =
            buckets.index("e.date_ms", self.sql("select e.fingerprint, ")).then(" as bucket, count(*) as n");
        let counts = counts.then(" from rum_event e where e.fingerprint in ").list(of()).then(" and ");
        let counts = filter.conditions(Of::Events, counts).then(" group by 1, 2");
        let versions =
            self.sql("select e.fingerprint, e.version, min(e.date_ms) as first_ms from rum_event e");
        let versions = versions.then(" where e.fingerprint in ").list(of()).then(" group by 1, 2");
        let (counts, versions) =
            tokio::try_join!(self.rows::<InBucket>(counts), self.rows::<OfVersion>(versions))?;

        let mut over_time: HashMap<String, Vec<i64>> = HashMap::new();
        for InBucket { fingerprint, bucket, n } in counts {
            let counts = over_time.entry(fingerprint).or_insert_with(|| vec![0; buckets.count]);
            if let Some(place) = buckets.place(bucket) {
                counts[place] = n;
            }
        }
        let since = |fingerprint: &str| {
            let of = versions.iter().filter(|of| of.fingerprint == fingerprint);
            of.min_by_key(|of| of.first_ms).and_then(|of| of.version.clone())
        };
        Ok(page.map(|found| ErrorGroup {
            state: found.seen().state(filter.from_ms),
            since_version: since(&found.fingerprint),
            away_ms: found.away_ms,
            over_time: over_time.remove(&found.fingerprint).unwrap_or_else(|| vec![0; buckets.count]),
            fingerprint: found.fingerprint,
            error_type: found.error_type,
            message: found.message,
            culprit: found.culprit,
            service: found.service,
            n: found.n,
            sessions: found.sessions,
            first_ms: found.first_ms,
            last_ms: found.last_ms,
        }))
    }
}
