//! What pages wait for, by templated URL.

use greenroom::errors::Error;
use greenroom_database_sql::row;

use super::{
    cursor::{Cursor, Page},
    filter::{Filter, Of},
    story::{EVENT, Event, FoundEvent},
    values::Values,
    views::{ms, ns},
    words::{Resources, Words},
};
use crate::store::Store;

/// The most URLs that are told apart: those that were asked for most.
const MOST_NAMES: i64 = 2_000;
/// The most resources that percentiles are of. Of more, every second, third, … is taken, by the millisecond at which it began.
const MOST_RESOURCES: i64 = 500_000;

/// By what the list is sorted, the greatest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum By {
    /// What 75 of 100 do not exceed. What was asked for too seldom to tell comes last.
    #[default]
    P75,
    /// How often it was asked for.
    Count,
    /// How many have failed.
    Failures,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::P75, Self::Count, Self::Failures];

    /// As parameters name it.
    pub fn key(self) -> &'static str {
        match self {
            Self::P75 => "p75",
            Self::Count => "n",
            Self::Failures => "failures",
        }
    }
}

/// What was asked for under one method and one templated URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The templated URL.
    pub name: String,
    /// None of what a page loads by itself, before version 6 of the SDK.
    pub method: Option<String>,
    /// How often.
    pub n: i64,
    /// How many had no answer, or one that says that it failed.
    pub failures: i64,
    /// What 75 of 100 do not exceed.
    pub p75_ms: Option<f64>,
}

/// The same with the one that took longest.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowResource {
    /// All of them.
    pub resource: Resource,
    /// The one that took longest.
    pub slowest: Option<Event>,
}

row! {
    struct Found { name: String, method: Option<String>, n: i64, failures: i64, took: Values }
}

row! {
    struct Count { n: i64 }
}

impl Resource {
    fn key(&self, by: By) -> Cursor {
        let number = match by {
            // Above all that cannot be told yet.
            By::P75 if self.n >= super::ENOUGH => {
                self.p75_ms.map_or(0, |took| ns(took).saturating_add(i64::MAX / 2))
            }
            By::P75 => self.p75_ms.map_or(0, ns),
            By::Count => self.n,
            By::Failures => self.failures,
        };
        Cursor::new(number, &format!("{} {}", self.method.as_deref().unwrap_or_default(), self.name))
    }
}

impl Store {
    /// What pages have asked for, and of every how many requests this is.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn resources(&self, filter: &Filter) -> Result<(Vec<Resource>, i64), Error> {
        let count = self.sql("select count(*) as n").of_resources(Resources::ByTime);
        let count = filter.conditions(Of::Events, count);
        let one_of = self.row::<Count>(count).await?.map_or(0, |Count { n }| n) / MOST_RESOURCES + 1;
        let sql = self.sql(
            "select e.name, e.method, count(*) as n, \
             count(*) filter (where e.status = 0 or e.status >= 400) as failures, ",
        );
        let sql = sql.values(&["e.duration_ns"]).then(" as took").of_resources(self.way_to(filter).await?);
        let sql = filter.conditions(Of::Events, sql);
        let sql = if one_of > 1 { sql.then(" and e.date_ms % ").bind(one_of).then(" = 0") } else { sql };
        let sql = sql.then(" group by 1, 2 order by 3 desc limit ").bind(MOST_NAMES);
        let found: Vec<Found> = self.rows(sql).await?;
        let resource = |Found { name, method, n, failures, mut took }| {
            let p75_ms = took.p75().map(|ns| ns / 1e6);
            Resource { name, method, n, failures, p75_ms }
        };
        Ok((found.into_iter().map(resource).collect(), one_of))
    }

    /// Those of them that a page of a list shows, each with the one that took longest.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn slowest(
        &self,
        filter: &Filter,
        mut resources: Vec<Resource>,
        by: By,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<SlowResource>, Error> {
        let order = |cursor: &Cursor| (cursor.number, cursor.id.clone());
        resources.sort_by_cached_key(|resource| std::cmp::Reverse(order(&resource.key(by))));
        if let Some(after) = after {
            resources.retain(|resource| order(&resource.key(by)) < order(after));
        }
        resources.truncate(limit.saturating_add(1));
        let Page { rows, next } = Page::of(resources, limit, |resource| resource.key(by));
        let mut told = vec![];
        for resource in rows {
            let slowest = self.slowest_of(filter, &resource).await?;
            told.push(SlowResource { resource, slowest });
        }
        Ok(Page { rows: told, next })
    }

    /// A time that is a good part of all that is kept is read by name, in which order it is grouped.
    async fn way_to(&self, filter: &Filter) -> Result<Resources, Error> {
        const PARTS: i64 = 4;
        let oldest: Option<Oldest> =
            self.row(self.sql("select min(s.started_ms) as started_ms from rum_session s")).await?;
        let oldest = oldest.and_then(|oldest| oldest.started_ms).unwrap_or(filter.from_ms);
        let is_most = filter.span_ms().saturating_mul(PARTS) >= filter.to_ms.saturating_sub(oldest);
        Ok(if is_most { Resources::ByName } else { Resources::ByTime })
    }

    async fn slowest_of(&self, filter: &Filter, resource: &Resource) -> Result<Option<Event>, Error> {
        let sql =
            self.sql("select ").then(EVENT).then(" from rum_event e where e.type = 'resource' and e.name = ");
        let sql = sql.bind(&*resource.name);
        let sql = match &resource.method {
            Some(method) => sql.then(" and e.method = ").bind(&**method),
            None => sql.then(" and e.method is null"),
        };
        let sql = filter.conditions(Of::Events, sql.then(" and e.duration_ns is not null and "));
        let found: Option<FoundEvent> = self.row(sql.then(" order by e.duration_ns desc limit 1")).await?;
        Ok(found.map(Event::from))
    }

    /// The sessions with the views that took longest to load, and how many milliseconds each took.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn slowest_sessions(&self, filter: &Filter, most: usize) -> Result<Vec<(String, f64)>, Error> {
        let sql = self.sql(
            "select v.session_id, v.loading_time_ns from rum_view v where v.loading_time_ns is not null and ",
        );
        let sql = filter.conditions(Of::Views, sql).then(" order by v.loading_time_ns desc limit ");
        let found: Vec<OfSession> = self.rows(sql.bind(Cursor::one_more(most))).await?;
        Ok(found.into_iter().map(|of| (of.session_id, ms(of.loading_time_ns))).collect())
    }

    /// Of a route in some sessions: the requests of scripts that took longest together, and how long. These pages wait for them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn waited_for(&self, route: &str, sessions: &[&str]) -> Result<Option<(String, f64)>, Error> {
        // A sum of whole numbers would fail where it is larger than one of them can be.
        let sql = self.sql(
            "select e.name, sum(cast(e.duration_ns as double precision)) as took from rum_event e \
             where e.session_id in ",
        );
        let sql = sql.list(sessions.iter().copied()).then(" and e.route = ").bind(route);
        let sql = sql.then(
            " and e.sub_type in ('fetch', 'xhr') and e.duration_ns is not null \
             group by 1 order by 2 desc limit 1",
        );
        let found: Option<Waited> = self.row(sql).await?;
        Ok(found.map(|Waited { name, took }| (name, took / 1e6)))
    }
}

row! {
    struct Oldest { started_ms: Option<i64> }
}

row! {
    struct OfSession { session_id: String, loading_time_ns: i64 }
}

row! {
    struct Waited { name: String, took: f64 }
}
