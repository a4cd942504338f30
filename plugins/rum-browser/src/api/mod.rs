//! `/.greenroom/v1/rum`: what is asked of the store, as JSON. Units stand in names: `…Ms` is milliseconds, `bytes` bytes; times are RFC
//! 3339 in UTC. `docs/operating.md` has a table of it.

mod deletion;
mod errors;
mod resources;
mod sessions;
mod summary;
mod views;

use axum::{
    Router,
    routing::{get, post},
};
use greenroom_plugin_rum_store::queries::{Cursor, Vital};
use jiff::Timestamp;
use serde::Serialize;

use crate::browser::Browser;

/// The routes below `/.greenroom/v1/rum`.
pub(crate) fn router(browser: Browser) -> Router {
    Router::new()
        .route("/summary", get(summary::summary))
        .route("/views", get(views::views))
        .route("/sessions", get(sessions::sessions))
        .route("/sessions/{id}", get(sessions::session))
        .route("/sessions/{id}/delete", post(deletion::session))
        .route("/users/{id}/delete", post(deletion::user))
        .route("/errors", get(errors::errors))
        .route("/errors/{fingerprint}", get(errors::error))
        .route("/resources", get(resources::resources))
        .with_state(browser)
}

/// Some rows of a list; `nextCursor` is given back as `cursor`, and is null at the end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> List<T> {
    fn new(items: Vec<T>, next: Option<&Cursor>) -> Self {
        Self { items, next_cursor: next.map(Cursor::text) }
    }
}

/// The five vitals, each with what is told of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfVitals<T> {
    lcp_ms: T,
    inp_ms: T,
    cls: T,
    fcp_ms: T,
    ttfb_ms: T,
}

impl<T> OfVitals<T> {
    fn each(mut of: impl FnMut(Vital) -> T) -> Self {
        Self {
            lcp_ms: of(Vital::Lcp),
            inp_ms: of(Vital::Inp),
            cls: of(Vital::Cls),
            fcp_ms: of(Vital::Fcp),
            ttfb_ms: of(Vital::Ttfb),
        }
    }
}

/// A time as programs read it; null for one that no calendar has.
fn time(ms: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(ms).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// Without digits that nobody has measured.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
