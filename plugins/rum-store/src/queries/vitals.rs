//! The five vitals of views: of all, by route, and over time, from one statement.

use std::collections::HashMap;

use greenroom::errors::Error;
use greenroom_database_sql::{
    Sql, row,
    sqlx::{self, ColumnIndex, Decode, FromRow, Row, Type},
};

use super::{
    filter::{Buckets, Filter, Of},
    values::Values,
    vital::{Measured, Rating, Vital},
    words::Words,
};
use crate::store::Store;

/// The most routes that are told apart.
pub(super) const MOST_ROUTES: usize = 100;
/// The most views that percentiles are of. Of more, every second, third, … is taken, by the millisecond at which it began.
const MOST_VIEWS: i64 = 200_000;

/// The five of a group of views.
#[derive(Clone, Debug, PartialEq)]
pub struct Vitals {
    /// How many views are of the group.
    pub views: i64,
    /// In the order of [`Vital::ALL`].
    pub measured: [Measured; 5],
}

impl Vitals {
    /// One of them.
    pub fn of(&self, vital: Vital) -> &Measured {
        // `ALL` has each of them at its place.
        &self.measured[vital as usize]
    }
}

/// The values of the five, before anything is told of them.
#[derive(Clone, Debug, Default)]
struct Spread {
    views: i64,
    values: [Values; 5],
}

impl Spread {
    fn add(&mut self, other: &Self) {
        self.views += other.views;
        for (own, others) in self.values.iter_mut().zip(&other.values) {
            own.0.extend_from_slice(&others.0);
        }
    }

    fn vitals(mut self) -> Vitals {
        let measured = Vital::ALL.map(|vital| {
            let values = &mut self.values[vital as usize];
            let rated =
                |rating| values.0.iter().filter(|kept| vital.rate(vital.told(**kept)) == rating).count();
            let [good, poor] =
                [Rating::Good, Rating::Poor].map(rated).map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            let p75 = values.p75().map(|kept| vital.told(kept));
            Measured { vital, p75, n: values.count(), good, poor }
        });
        Vitals { views: self.views, measured }
    }
}

/// The views of a route in a part of the time.
struct Cell {
    route: String,
    bucket: i64,
    spread: Spread,
}

impl<'r, R: Row> FromRow<'r, R> for Cell
where
    for<'i> &'i str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Values: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let mut spread = Spread { views: row.try_get("views")?, ..Spread::default() };
        for vital in Vital::ALL {
            spread.values[vital as usize] = row.try_get(vital.key())?;
        }
        Ok(Self { route: row.try_get("route")?, bucket: row.try_get("bucket")?, spread })
    }
}

row! {
    struct Count { n: i64 }
}

/// What the vitals of a time are.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    /// Of every how many views the figures are: 1 unless there are very many.
    pub one_of: i64,
    /// Of all.
    pub all: Vitals,
    /// Of each route, of which most views are first.
    pub routes: Vec<(String, Vitals)>,
    /// Of each part of the time.
    pub over_time: Vec<Vitals>,
    /// Before a moment and since, leaving out the part of the time in which it was.
    pub around: Option<[Vitals; 2]>,
}

fn sample(sql: Sql, one_of: i64) -> Sql {
    if one_of > 1 { sql.then(" and v.date_ms % ").bind(one_of).then(" = 0") } else { sql }
}

impl Store {
    pub(super) async fn measurements(
        &self,
        filter: &Filter,
        buckets: &Buckets,
        moment_ms: Option<i64>,
    ) -> Result<Measurements, Error> {
        let one_of = self.one_of(filter).await?;
        let cells: Vec<Cell> = self.rows(self.cells(filter, buckets, one_of)).await?;

        let moment = moment_ms.map(|moment| (moment - buckets.from_ms).div_euclid(buckets.step_ms));
        let (mut all, mut around) = (Spread::default(), [Spread::default(), Spread::default()]);
        let mut over_time = vec![Spread::default(); buckets.count];
        let mut routes: HashMap<&str, Spread> = HashMap::new();
        for Cell { route, bucket, spread } in &cells {
            all.add(spread);
            routes.entry(route).or_default().add(spread);
            if let Some(place) = buckets.place(*bucket) {
                over_time[place].add(spread);
            }
            match moment {
                Some(moment) if *bucket < moment => around[0].add(spread),
                Some(moment) if *bucket > moment => around[1].add(spread),
                _ => {}
            }
        }
        let mut routes: Vec<_> = routes.into_iter().collect();
        routes.sort_by(|(a, of_a), (b, of_b)| of_b.views.cmp(&of_a.views).then(a.cmp(b)));
        routes.truncate(MOST_ROUTES);
        Ok(Measurements {
            one_of,
            all: all.vitals(),
            routes: routes.into_iter().map(|(route, spread)| (route.to_owned(), spread.vitals())).collect(),
            over_time: over_time.into_iter().map(Spread::vitals).collect(),
            around: moment.map(|_| around.map(Spread::vitals)),
        })
    }

    fn cells(&self, filter: &Filter, buckets: &Buckets, one_of: i64) -> Sql {
        let sql =
            buckets.index("v.date_ms", self.sql("select v.route, ")).then(" as bucket, count(*) as views");
        let sql = Vital::ALL.into_iter().fold(sql, |sql, vital| {
            let column = vital.column();
            // Paints and the first byte are those of a first load, whatever else was reported.
            let value = match vital {
                Vital::Inp | Vital::Cls => &["v.", column][..],
                _ => &["case when v.loading_type = 'initial_load' then v.", column, " end"],
            };
            sql.then(", ").values(value).then(" as ").then(vital.key())
        });
        let sql = filter.conditions(Of::Views, sql.then(" from rum_view v where v.is_partial = 0 and "));
        sample(sql, one_of).then(" group by 1, 2")
    }

    async fn one_of(&self, filter: &Filter) -> Result<i64, Error> {
        let count = filter.conditions(Of::Views, self.sql("select count(*) as n from rum_view v where "));
        let views = self.row::<Count>(count).await?.map_or(0, |Count { n }| n);
        Ok(views / MOST_VIEWS + 1)
    }

    /// Goes on with a condition by which a statement reads the values of no more views than that.
    pub(super) async fn one_of_many(&self, filter: &Filter, sql: Sql) -> Result<Sql, Error> {
        Ok(sample(sql, self.one_of(filter).await?))
    }
}
