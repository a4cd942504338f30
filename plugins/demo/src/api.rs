//! `/api/demo`: two routes as a plugin may have them, of which one fails and one is slow. Callers need credentials, as everywhere.

use std::{io, path::PathBuf};

use axum::{Router, extract::State, routing::post};
use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::pool::{PLACES, Pool};

#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) logger: Logger,
    pub(crate) pool: Pool,
    /// A file that is not there.
    pub(crate) stock: PathBuf,
}

/// The routes, relative to the plugin.
pub(crate) fn router(api: Api) -> Router {
    Router::new().route("/fail", post(fail)).route("/slow", post(slow)).with_state(api)
}

/// An error of no client's making: the log has all of it, the client a reference.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the stock list {}: {error}", .path.display())]
struct NoStock {
    path: PathBuf,
    error: io::Error,
}

async fn fail(State(api): State<Api>) -> HandlerResult<Json<Value>> {
    api.logger.info("Counting what is in stock.");
    let path = api.stock;
    let list = tokio::fs::read_to_string(&path).await.map_err(|error| NoStock { path, error })?;
    Ok(Json(json!({"inStock": list.lines().count()})))
}

/// Waits for a place in the pool, as one waits for a connection to a database.
async fn slow(State(api): State<Api>) -> HandlerResult<Json<Value>> {
    api.pool.fill(&api.logger);
    api.logger.info("Waiting for a place in the pool.");
    let (_place, waited) = api.pool.take().await?;
    let ms = waited.as_millis() as u64;
    warn!(
        api.logger,
        waitedMs = ms,
        places = PLACES as u64,
        "Waited {ms} ms for a place in the pool: all {PLACES} were taken"
    );
    Ok(Json(json!({"waitedMs": ms, "places": PLACES})))
}
