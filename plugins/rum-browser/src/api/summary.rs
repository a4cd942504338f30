//! `summary`: vitals by route and over time, sessions, errors, releases.

use axum::extract::{RawQuery, State};
use greenroom::prelude::*;
use greenroom_plugin_rum_store::queries::{Measured, Vitals};
use serde::Serialize;

use super::{OfVitals, rounded, time};
use crate::{asked::Asked, browser::Browser};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    from: Option<String>,
    to: Option<String>,
    views: i64,
    sessions: i64,
    errors: i64,
    sessions_with_errors: i64,
    /// Of every how many views the vitals are.
    one_of: i64,
    vitals: OfVitals<Figure>,
    routes: Vec<Route>,
    bucket_ms: i64,
    over_time: Vec<Bucket>,
    releases: Vec<Release>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figure {
    p75: Option<f64>,
    n: i64,
    good: i64,
    poor: i64,
    rating: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    route: String,
    views: i64,
    vitals: OfVitals<Figure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    from: Option<String>,
    views: i64,
    sessions: i64,
    errors: i64,
    vitals: OfVitals<Figure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    version: String,
    first_seen: Option<String>,
}

impl From<&Measured> for Figure {
    fn from(measured: &Measured) -> Self {
        let Measured { p75, n, good, poor, .. } = *measured;
        Self { p75: p75.map(rounded), n, good, poor, rating: measured.rating().map(|rating| rating.word()) }
    }
}

fn figures(vitals: &Vitals) -> OfVitals<Figure> {
    OfVitals::each(|vital| Figure::from(vitals.of(vital)))
}

pub(super) async fn summary(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<Summary>> {
    let asked = Asked::parse(query.as_deref(), &[])?;
    let store = browser.store()?;
    let (told, sessions_with_errors) =
        tokio::try_join!(store.summary(&asked.filter), store.sessions_with_errors(&asked.filter))?;
    let (buckets, measured) = (told.buckets, told.measurements);
    let over_time =
        measured.over_time.iter().zip(told.sessions_over_time).zip(told.errors_over_time).enumerate();
    Ok(Json(Summary {
        from: time(asked.filter.from_ms),
        to: time(asked.filter.to_ms),
        views: measured.all.views,
        sessions: told.sessions,
        errors: told.errors,
        sessions_with_errors,
        one_of: measured.one_of,
        vitals: figures(&measured.all),
        routes: measured
            .routes
            .iter()
            .map(|(route, of)| Route { route: route.clone(), views: of.views, vitals: figures(of) })
            .collect(),
        bucket_ms: buckets.step_ms,
        over_time: over_time
            .map(|(index, ((of, sessions), errors))| Bucket {
                from: time(buckets.at_ms(index)),
                views: of.views,
                sessions,
                errors,
                vitals: figures(of),
            })
            .collect(),
        releases: told
            .releases
            .into_iter()
            .map(|release| Release { first_seen: time(release.at_ms), version: release.version })
            .collect(),
    }))
}
