//! `views`: the pages that people have seen.

use axum::extract::{RawQuery, State};
use greenroom::prelude::*;
use greenroom_plugin_rum_store::queries::View;
use serde::Serialize;

use super::{List, OfVitals, rounded, time};
use crate::{asked::Asked, browser::Browser};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ViewJson {
    id: String,
    session_id: String,
    began: Option<String>,
    route: String,
    path: String,
    loading_type: Option<String>,
    is_active: bool,
    time_spent_ms: Option<f64>,
    loading_ms: Option<f64>,
    vitals: OfVitals<Option<f64>>,
    lcp_target: Option<String>,
    inp_target: Option<String>,
    cls_target: Option<String>,
    actions: i64,
    errors: i64,
    long_tasks: i64,
    resources: i64,
    frustrations: i64,
    version: Option<String>,
    env: Option<String>,
    browser: Option<String>,
    device: Option<String>,
}

impl From<View> for ViewJson {
    fn from(view: View) -> Self {
        let vitals = OfVitals::each(|vital| view.vital(vital).map(rounded));
        let [lcp_target, inp_target, cls_target] = view.targets;
        Self {
            id: view.id,
            session_id: view.session_id,
            began: time(view.began_ms),
            route: view.route,
            path: view.path,
            loading_type: view.loading_type,
            is_active: view.is_active,
            time_spent_ms: view.time_spent_ms.map(rounded),
            loading_ms: view.loading_ms.map(rounded),
            vitals,
            lcp_target,
            inp_target,
            cls_target,
            actions: view.actions,
            errors: view.errors,
            long_tasks: view.long_tasks,
            resources: view.resources,
            frustrations: view.frustrations,
            version: view.version,
            env: view.env,
            browser: view.browser,
            device: view.device,
        }
    }
}

pub(super) async fn views(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<List<ViewJson>>> {
    let asked = Asked::parse(query.as_deref(), &["cursor", "limit"])?;
    let page = browser.store()?.views(&asked.filter, asked.cursor()?.as_ref(), asked.limit()?).await?;
    Ok(Json(List::new(page.rows.into_iter().map(ViewJson::from).collect(), page.next.as_ref())))
}
