//! `resources`: what pages wait for.

use axum::extract::{RawQuery, State};
use greenroom::prelude::*;
use greenroom_plugin_rum_store::queries::SlowResource;
use serde::Serialize;

use super::{List, rounded, sessions::EventJson};
use crate::{asked::Asked, browser::Browser};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    name: String,
    method: Option<String>,
    n: i64,
    p75_ms: Option<f64>,
    failures: i64,
    slowest: Option<EventJson>,
}

pub(super) async fn resources(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<List<Resource>>> {
    let asked = Asked::parse(query.as_deref(), &["cursor", "limit", "sort"])?;
    let store = browser.store()?;
    let (all, _) = store.resources(&asked.filter).await?;
    let (sort, cursor, limit) = (asked.sort()?, asked.cursor()?, asked.limit()?);
    let page = store.slowest(&asked.filter, all, sort, cursor.as_ref(), limit).await?;
    let resource = |SlowResource { resource, slowest }| Resource {
        name: resource.name,
        method: resource.method,
        n: resource.n,
        p75_ms: resource.p75_ms.map(rounded),
        failures: resource.failures,
        slowest: slowest.as_ref().map(|event| EventJson::of(event, None)),
    };
    Ok(Json(List::new(page.rows.into_iter().map(resource).collect(), page.next.as_ref())))
}
