//! What stands around all of these pages: tabs, and an answer where something is not to be shown.

use axum::response::{IntoResponse, Response};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Page,
    assets::NOW,
    parts::{Tab, tabs},
};
use http::StatusCode;
use maud::{Markup, html};

use super::{ERRORS, RESOURCES, SESSIONS, VITALS};
use crate::{answer::Answer, asked::Asked, browser::Browser};

/// A page that begins with an answer.
pub(super) fn begun(title: &str, answer: Answer) -> Page {
    let page = Page::new("browser", title, answer.sentence);
    answer.details.into_iter().fold(page, Page::detail)
}

/// The four lists, each of the same time and the same filters.
pub(super) fn lists(asked: &Asked, current: &str) -> Markup {
    let all = [(VITALS, "Vitals"), (SESSIONS, "Sessions"), (ERRORS, "Errors"), (RESOURCES, "Resources")];
    let links = all.map(|(path, name)| (asked.other(path), path, name));
    tabs("Browser", links.iter().map(|(href, path, name)| Tab { href, name, current: *path == current }))
}

/// A page, or one that says what is wrong with what was asked.
pub(super) async fn shown(browser: &Browser, page: Result<Page, Error>) -> HandlerResult<Response> {
    let error = match page {
        Ok(page) => return Ok(browser.frame.show(&page).await.into_response()),
        Err(error) => error,
    };
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // What is internal is for the log.
    if error.is_internal() || !(status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE) {
        return Err(error.into());
    }
    let sentence = format!("{}.", error.message().trim_end_matches('.'));
    let page = Page::new("browser", "Browser", sentence);
    let page = match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            page.detail(html! { a href=(NOW) { "What else is known of this backend" } })
        }
        _ => page.detail(html! { "Begin anew with " a href=(VITALS) { "the last 24 hours" } "." }),
    };
    Ok((status, browser.frame.show(&page).await).into_response())
}
