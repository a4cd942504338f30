//! `/demo`: the page, its files, and where its forms go.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::{Path, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use greenroom_plugin_observatory_node::assets;
use greenroom_plugin_rum::SdkState;
use http::{StatusCode, header};

use crate::{evidence::Evidence, guard, page::View, presses::Presses};

type Demo = State<Arc<Presses>>;

/// Where forms and scripts of the page go, relative to the plugin's routes: calls of an API are what the SDK ties to the requests that
/// they are.
pub(crate) const PRESS: &str = "/press";

/// The page and its files, for whoever may see it.
pub(crate) fn page_and_files(presses: Arc<Presses>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/demo.js", get(async || file("text/javascript; charset=utf-8", include_str!("demo.js"))))
        .route("/style.css", get(async || file("text/css; charset=utf-8", STYLE.as_str())))
        .route("/icon.svg", get(async || file("image/svg+xml", assets::ICON)))
        .layer(middleware::from_fn(guard::guard))
        .with_state(presses)
}

/// What the buttons and links of the page lead to: the page with what came of it.
pub(crate) fn presses(presses: Arc<Presses>) -> Router {
    let routes = Router::new()
        .route("/queue", post(async |demo: Demo| with(&demo, demo.queue().await).await))
        .route("/fail", post(async |demo: Demo| with(&demo, demo.fail().await).await))
        .route("/slow", post(async |demo: Demo| with(&demo, demo.slow().await).await))
        .route("/break", post(async |demo: Demo| with(&demo, demo.break_down().await).await))
        .route("/mend", post(async |demo: Demo| with(&demo, demo.mend().await).await))
        .route("/sdk", post(async |demo: Demo| with(&demo, demo.lay_out().await).await))
        .route("/readiness", get(async |demo: Demo| with(&demo, demo.readiness().await).await))
        .route("/tasks/{id}", get(task));
    let guarded = routes.layer(middleware::from_fn(guard::guard)).with_state(presses);
    Router::new().nest(PRESS, guarded)
}

/// The page alone, for the place where an app would be.
pub(crate) fn page_at_root(presses: Arc<Presses>) -> Router {
    Router::new().route("/", get(page)).layer(middleware::from_fn(guard::guard)).with_state(presses)
}

async fn page(State(demo): Demo) -> View {
    view(&demo, None).await
}

async fn task(State(demo): Demo, Path(id): Path<String>) -> Response {
    match demo.task(&id).await {
        Some(evidence) => with(&demo, evidence).await.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The Observatory's, which asks for no credentials here, and what this page has besides.
static STYLE: LazyLock<String> = LazyLock::new(|| [assets::STYLE, include_str!("demo.css")].concat());

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn with(demo: &Presses, evidence: Evidence) -> View {
    view(demo, Some(evidence)).await
}

async fn view(demo: &Presses, evidence: Option<Evidence>) -> View {
    let Presses { installed, pages, .. } = demo;
    let (sdk, measured) = match installed.rum {
        true => (pages.sdk(), pages.markup()),
        false => (SdkState::Off, None),
    };
    View { broken_for: demo.broken_for().await, installed: *installed, sdk, measured, evidence }
}
