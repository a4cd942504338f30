//! `GET /.greenroom/v1/boot`: what the start did, what held it, and what failed; `/v1/boots` the last ones, which are kept.

use axum::{Json, extract::State};
use greenroom_boot_document::{BootDocument, KeptBoots, Step};
use greenroom_http::{HandlerResult, Query};
use serde::Serialize;

use super::{
    Told,
    page::{Asked, Page},
};

pub(crate) async fn boot(
    State(told): State<Told>,
    Query(asked): Query<Asked>,
) -> HandlerResult<Json<BootDocument<Page<Step>>>> {
    let boot = BootDocument::of_report(&told.sources.report, None, |text| told.sources.config.masked(text));
    Ok(Json(boot.map_steps(|steps| asked.of(steps.into_iter()))?))
}

/// The starts that are kept, of this backend and of a Node backend that it runs, the newest last.
#[derive(Serialize)]
pub(crate) struct Boots {
    items: Vec<BootDocument>,
}

pub(crate) async fn boots(State(told): State<Told>) -> Json<Boots> {
    Json(Boots { items: KeptBoots::in_dir(told.sources.data.path()).read() })
}
