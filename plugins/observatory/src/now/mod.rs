//! The page “Now”, and the streams of events that keep pages up to date.

mod answer;
mod boot;
mod call;
mod checks;
mod errors;
mod follow;
mod load;
mod looked;
mod page;
mod plugins;

use std::time::SystemTime;

use axum::{Router, extract::State, response::Response, routing::get};
use greenroom::{
    http::{HandlerResult, Query},
    ops::{Operator, Ops},
};
use greenroom_plugin_observatory_node::{Frame, LiveParts as Parts, assets, time};
use maud::Markup;
use serde::Deserialize;

use self::follow::Following;
pub(crate) use self::looked::LastLook;
use crate::look::Look;

/// The stream of the page; other pages have [`assets::EVENTS`].
pub(crate) const EVENTS: &str = "/.greenroom/events/now";

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Now {
    pub(crate) look: Look,
    pub(crate) frame: Frame,
    pub(crate) ops: Ops,
    pub(crate) looked: LastLook,
}

/// Relative to the ops surface.
pub(crate) fn router(now: Now) -> Router {
    let own = |path: &'static str| path.strip_prefix("/.greenroom").unwrap_or(path);
    Router::new()
        .route("/", get(show))
        .route(own(EVENTS), get(follow))
        .route(own(assets::EVENTS), get(follow_frame))
        .with_state(now)
}

async fn show(State(now): State<Now>) -> Markup {
    let seen = now.look.now().await;
    let (page, _) = page::page(&seen, &now.look.services.config);
    now.frame.show(&page).await
}

/// Which page is followed.
#[derive(Deserialize)]
struct Shown {
    /// When it was made, in milliseconds since 1970.
    at: Option<i64>,
}

/// All parts of the page.
async fn follow(
    State(now): State<Now>,
    Query(shown): Query<Shown>,
    operator: Operator,
) -> HandlerResult<Response> {
    let at = shown.at.and_then(time::from_millis).unwrap_or_else(SystemTime::now);
    let ops = now.ops.clone();
    ops.stream(&operator, Following::new(now, Some(at)).events())
}

/// What is around each page.
async fn follow_frame(State(now): State<Now>, operator: Operator) -> HandlerResult<Response> {
    let ops = now.ops.clone();
    ops.stream(&operator, Following::new(now, None).events())
}
