//! What a time was like: vitals, sessions, errors, and which versions came.

use std::collections::BTreeSet;

use greenroom::errors::Error;
use greenroom_database_sql::{Sql, row};

use super::{
    filter::{Buckets, Filter, Of},
    vitals::{MOST_ROUTES, Measurements},
};
use crate::store::Store;

/// The most values that a filter is offered.
const MOST_CHOICES: i64 = 100;
/// The most versions that are told to have come.
const MOST_RELEASES: i64 = 3;

/// A version of the app that nobody had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As the SDK was told.
    pub version: String,
    /// When somebody first had it, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What a time was like.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The parts of the time.
    pub buckets: Buckets,
    /// The vitals; `around` is of the last release.
    pub measurements: Measurements,
    /// How many sessions began.
    pub sessions: i64,
    /// In each part of the time.
    pub sessions_over_time: Vec<i64>,
    /// How many errors there were.
    pub errors: i64,
    /// In each part of the time.
    pub errors_over_time: Vec<i64>,
    /// Versions that came in that time, the oldest first.
    pub releases: Vec<Release>,
}

/// What a filter can ask for: what there is in its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    #[expect(missing_docs, reason = "its name says it")]
    pub routes: BTreeSet<String>,
    #[expect(missing_docs, reason = "its name says it")]
    pub versions: BTreeSet<String>,
    #[expect(missing_docs, reason = "its name says it")]
    pub envs: BTreeSet<String>,
    #[expect(missing_docs, reason = "its name says it")]
    pub devices: BTreeSet<String>,
}

row! {
    struct InBucket { bucket: i64, n: i64 }
}

row! {
    struct Count { n: i64 }
}

row! {
    struct Last { last_ms: Option<i64> }
}

row! {
    struct FirstSeen { version: String, first_ms: i64 }
}

row! {
    struct Route { route: String }
}

row! {
    struct Choice { version: Option<String>, env: Option<String>, device: Option<String> }
}

impl Store {
    /// What a time was like.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn summary(&self, filter: &Filter) -> Result<Summary, Error> {
        let buckets = Buckets::of(filter);
        let releases = self.releases(filter).await?;
        let last = releases.last().map(|release| release.at_ms);
        let sessions = buckets
            .index("s.started_ms", self.sql("select "))
            .then(" as bucket, count(*) as n from rum_session s where ");
        let sessions = filter.conditions(Of::Sessions, sessions);
        let errors = buckets
            .index("e.date_ms", self.sql("select "))
            .then(" as bucket, count(*) as n from rum_event e where e.type = 'error' and ");
        let errors = filter.conditions(Of::Events, errors);
        let (measurements, sessions_over_time, errors_over_time) = tokio::try_join!(
            self.measurements(filter, &buckets, last),
            self.counts(&buckets, sessions),
            self.counts(&buckets, errors),
        )?;
        Ok(Summary {
            buckets,
            measurements,
            sessions: sessions_over_time.iter().sum(),
            sessions_over_time,
            errors: errors_over_time.iter().sum(),
            errors_over_time,
            releases,
        })
    }

    /// How much of what a statement selects is in each part of the time.
    pub(super) async fn counts(&self, buckets: &Buckets, sql: Sql) -> Result<Vec<i64>, Error> {
        let mut counts = vec![0; buckets.count];
        for InBucket { bucket, n } in self.rows(sql.then(" group by 1")).await? {
            if let Some(place) = buckets.place(bucket) {
                counts[place] = n;
            }
        }
        Ok(counts)
    }

    /// When the last event of all was, in milliseconds since 1970: none if nothing is kept.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn last_event_ms(&self) -> Result<Option<i64>, Error> {
        let last: Option<Last> =
            self.row(self.sql("select max(s.last_ms) as last_ms from rum_session s")).await?;
        Ok(last.and_then(|Last { last_ms }| last_ms))
    }

    /// In how many sessions there were errors.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sessions_with_errors(&self, filter: &Filter) -> Result<i64, Error> {
        let sql =
            self.sql("select count(distinct e.session_id) as n from rum_event e where e.type = 'error' and ");
        let count: Option<Count> = self.row(filter.conditions(Of::Events, sql)).await?;
        Ok(count.map_or(0, |Count { n }| n))
    }

    /// Versions that came in that time; the first that was ever seen has come to nobody who had another one.
    pub(super) async fn releases(&self, filter: &Filter) -> Result<Vec<Release>, Error> {
        let mut sql = self.sql(
            "select s.version, min(s.started_ms) as first_ms from rum_session s where s.version is not null",
        );
        if let Some(env) = &filter.env {
            sql = sql.then(" and s.env = ").bind(&**env);
        }
        // One more than are told: the oldest may be the first of all.
        let sql = sql.then(" group by 1 order by 2 desc limit ").bind(MOST_RELEASES + 1);
        let mut found: Vec<FirstSeen> = self.rows(sql).await?;
        if found.len() <= usize::try_from(MOST_RELEASES).unwrap_or(0) {
            found.pop();
        }
        found.truncate(usize::try_from(MOST_RELEASES).unwrap_or(0));
        let came = found
            .into_iter()
            .rev()
            .map(|FirstSeen { version, first_ms }| Release { version, at_ms: first_ms });
        Ok(came.filter(|release| (filter.from_ms..filter.to_ms).contains(&release.at_ms)).collect())
    }

    /// What a filter of this time can ask for.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn choices(&self, filter: &Filter) -> Result<Choices, Error> {
        let time = Filter { from_ms: filter.from_ms, to_ms: filter.to_ms, ..Filter::default() };
        let routes =
            time.conditions(Of::Views, self.sql("select v.route, count(*) as n from rum_view v where "));
        let most = i64::try_from(MOST_ROUTES).unwrap_or(i64::MAX);
        let routes = routes.then(" group by 1 order by 2 desc limit ").bind(most);
        let others = self.sql("select distinct s.version, s.env, s.device from rum_session s where ");
        let others = time.conditions(Of::Sessions, others).then(" limit ").bind(MOST_CHOICES);
        let (routes, others) = tokio::try_join!(self.rows::<Route>(routes), self.rows::<Choice>(others))?;
        let mut choices = Choices {
            routes: routes.into_iter().map(|Route { route }| route).collect(),
            ..Choices::default()
        };
        for Choice { version, env, device } in others {
            choices.versions.extend(version);
            choices.envs.extend(env);
            choices.devices.extend(device);
        }
        Ok(choices)
    }
}
