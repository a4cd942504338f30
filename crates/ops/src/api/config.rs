//! `GET /.greenroom/v1/config`: what is configured, where, and what of it is hidden.

use axum::{Json, extract::State};
use greenroom_http::{HandlerResult, Query};
use serde::Serialize;
use serde_json::Value;

use super::{
    Told,
    page::{Asked, Page},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Set {
    key: String,
    value: Value,
    masked: bool,
    file: String,
    line: Option<u32>,
}

pub(crate) async fn config(
    State(told): State<Told>,
    Query(asked): Query<Asked>,
) -> HandlerResult<Json<Page<Set>>> {
    let shown = told.sources.config.shown();
    let values: Vec<_> = shown.iter().flat_map(|shown| shown.values()).collect();
    let set = values.into_iter().map(|(key, shown)| Set {
        key,
        value: shown.to_json(),
        masked: shown.is_masked,
        file: shown.place.file.to_string(),
        line: Some(shown.place.line).filter(|line| *line > 0),
    });
    Ok(Json(asked.of(set)?))
}
