//! `/demo`: the page, its files, and where its forms go.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::{Path, State},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use greenroom_plugin_observatory_node::assets;
use greenroom_plugin_rum::SdkState;
use http::{HeaderMap, StatusCode, Uri, header};

use crate::{
    evidence::Evidence,
    guard,
    page::{self, View},
    pressed::{Asked, Press},
    presses::Presses,
};

type Demo = State<Arc<Presses>>;
/// By its headers a request says whether a browser or a script takes the answer.
type By = HeaderMap;

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
        .fallback(nothing)
        .layer(middleware::from_fn(guard::guard))
        .with_state(presses)
}

/// What the buttons and links of the page lead to.
pub(crate) fn presses(presses: Arc<Presses>) -> Router {
    let routes = Router::new()
        .route("/queue", post(async |demo: Demo, by: By| answer(&demo, &by, demo.queue().await).await))
        .route("/fail", post(async |demo: Demo, by: By| answer(&demo, &by, demo.fail().await).await))
        .route("/slow", post(async |demo: Demo, by: By| answer(&demo, &by, demo.slow().await).await))
        .route("/break", post(async |demo: Demo, by: By| answer(&demo, &by, demo.break_down().await).await))
        .route("/mend", post(async |demo: Demo, by: By| answer(&demo, &by, demo.mend().await).await))
        .route("/sdk", post(async |demo: Demo, by: By| answer(&demo, &by, demo.lay_out().await).await))
        .route("/readiness", get(async |demo: Demo, by: By| answer(&demo, &by, demo.readiness().await).await))
        .route("/tasks/{id}", get(task));
    let guarded = routes.layer(middleware::from_fn(guard::guard)).with_state(presses);
    Router::new().nest(PRESS, guarded)
}

/// The page alone, for the place where an app would be.
pub(crate) fn page_at_root(presses: Arc<Presses>) -> Router {
    Router::new().route("/", get(page)).layer(middleware::from_fn(guard::guard)).with_state(presses)
}

async fn page(State(demo): Demo, uri: Uri) -> View {
    let asked = demo.last.asked(uri.query());
    view(&demo, asked).await
}

async fn nothing(State(demo): Demo) -> Response {
    page::nothing(demo.installed)
}

async fn task(State(demo): Demo, Path(id): Path<String>, by: By) -> Response {
    match demo.task(&id).await {
        Some(evidence) => answer(&demo, &by, evidence).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The Observatory's, which asks for no credentials here, and what this page has besides.
static STYLE: LazyLock<String> = LazyLock::new(|| [assets::STYLE, include_str!("demo.css")].concat());

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// The page with what came of a press. A script takes it as it is; a browser that is to show it is sent to where it stands, so
/// that to load it again presses nothing.
async fn answer(demo: &Presses, by: &By, evidence: Evidence) -> Response {
    let press = Press::of(&evidence);
    let accepted = by.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    match accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        true => Redirect::to(&demo.last.keep(press)).into_response(),
        false => view(demo, Asked::This(press)).await.into_response(),
    }
}

async fn view(demo: &Presses, asked: Asked) -> View {
    let Presses { installed, pages, calls, working_dir, .. } = demo;
    let (sdk, measured) = match installed.rum {
        true => (pages.sdk(), pages.markup()),
        false => (SdkState::Off, None),
    };
    let file = calls.header_file(working_dir);
    let doctor = (sdk != SdkState::Off).then(|| format!("greenroom rum doctor --token-file {file}"));
    View { broken_for: demo.broken_for().await, installed: *installed, sdk, measured, doctor, asked }
}
