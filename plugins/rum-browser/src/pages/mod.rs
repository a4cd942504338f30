//! The pages: `/.greenroom/browser` and below it. Their state is in the URL.

mod around;
mod empty;
mod error;
mod errors;
mod filters;
mod resources;
mod session;
mod sessions;
mod vitals;

use axum::{Router, routing::get};

use crate::browser::Browser;

/// The first page: vitals.
pub(crate) const VITALS: &str = "/.greenroom/browser";
/// Sessions, and below it each.
pub(crate) const SESSIONS: &str = "/.greenroom/browser/sessions";
/// Groups of errors, and below it each.
pub(crate) const ERRORS: &str = "/.greenroom/browser/errors";
/// What pages wait for.
pub(crate) const RESOURCES: &str = "/.greenroom/browser/resources";

/// The routes below `/.greenroom/browser`.
pub(crate) fn router(browser: Browser) -> Router {
    Router::new()
        .route("/", get(vitals::page))
        .route("/sessions", get(sessions::page))
        .route("/sessions/{id}", get(session::page))
        .route("/errors", get(errors::page))
        .route("/errors/{fingerprint}", get(error::page))
        .route("/resources", get(resources::page))
        .with_state(browser)
}
