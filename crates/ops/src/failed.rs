//! An error of a route, as an operator is told of it: a page for a browser, JSON for a program. Both have the cause, which clients of
//! the portal never see, without secrets.

use axum::response::{IntoResponse, Response};
use greenroom_config::RootConfig;
use greenroom_http::{ErrorAnswer, ToldError, told_status};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::{refusal::wants_page, sign_in};

/// How many characters of a cause are told.
const MOST: usize = 2000;

/// Has a response that stands for an error say so in the surface's words.
pub(crate) fn tell(
    response: &mut Response,
    config: &RootConfig,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) {
    let status = told_status(response);
    if !(status.is_client_error() || status.is_server_error()) {
        return;
    }
    let (config, is_page) = (config.clone(), wants_page(method, headers));
    let (method, path) = (method.clone(), path.to_owned());
    let answer = ErrorAnswer::new(move |told| match is_page {
        true => Some(page(told, &config)),
        false => json(told, &config, &method, &path),
    });
    response.extensions_mut().insert(answer);
}

/// Its cause as the log has it, masked.
fn why(told: &ToldError<'_>, config: &RootConfig) -> String {
    let whole = config.masked(told.whole.unwrap_or(told.shown).message());
    whole.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn page(told: &ToldError<'_>, config: &RootConfig) -> Response {
    let sentence = match told.status {
        StatusCode::SERVICE_UNAVAILABLE => "What this page needs is not available now",
        status if status.is_client_error() => "This cannot be shown",
        _ => "This page has failed",
    };
    let why = sign_in::escaped(&why(told, config));
    let log = told.log_id.map(|id| {
        format!("<p class=\"hint\">The log has it by <code>logId={}</code>.</p>\n", sign_in::escaped(id))
    });
    let more = format!("<p><bdi>{why}</bdi></p>\n{}", log.unwrap_or_default());
    (told.status, sign_in::told_page("Not shown", sentence, &more)).into_response()
}

/// What a program gets where the body of all others would hide the cause.
fn json(told: &ToldError<'_>, config: &RootConfig, method: &Method, path: &str) -> Option<Response> {
    let (whole, log_id) = (told.whole?, told.log_id?);
    let body = json!({
        "error": {"name": whole.name(), "message": why(told, config), "logId": log_id},
        "request": {"method": method.as_str(), "url": path},
        "response": {"statusCode": told.status.as_u16()},
    });
    Some((told.status, axum::Json(body)).into_response())
}
