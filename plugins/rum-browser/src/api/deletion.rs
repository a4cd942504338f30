//! `sessions/:id/delete` and `users/:id/delete`: what is kept of a visit, or of somebody, goes at once.

use axum::extract::State;
use greenroom::{ops::Operator, prelude::*};
use greenroom_plugin_rum_store::Deleted;
use serde::{Deserialize, Serialize};

use crate::browser::{Browser, is_id};

/// The longest reason that is written down, in characters.
const MOST_OF_A_REASON: usize = 500;

/// What a change is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Why, for the line that is written of it.
    #[serde(default)]
    reason: String,
}

/// How much is gone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gone {
    sessions: u64,
    views: u64,
    events: u64,
    requests: u64,
}

pub(super) async fn session(
    State(browser): State<Browser>,
    operator: Operator,
    Path(id): Path<String>,
    Json(asked): Json<Asked>,
) -> HandlerResult<Json<Gone>> {
    let gone = if is_id(&id) { browser.store()?.delete_session(&id).await? } else { Deleted::default() };
    told(&browser, &operator, "rum.session.delete", &id, &asked, gone).ok_or_else(|| {
        Error::not_found("There is no such session: it was never kept, or is kept no more").into()
    })
}

pub(super) async fn user(
    State(browser): State<Browser>,
    operator: Operator,
    Path(id): Path<String>,
    Json(asked): Json<Asked>,
) -> HandlerResult<Json<Gone>> {
    let gone = if is_id(&id) { browser.store()?.delete_user(&id).await? } else { Deleted::default() };
    told(&browser, &operator, "rum.user.delete", &id, &asked, gone)
        .ok_or_else(|| Error::not_found("Nothing is kept of this user").into())
}

/// Writes it down; none if nothing is gone.
fn told(
    browser: &Browser,
    operator: &Operator,
    action: &str,
    id: &str,
    asked: &Asked,
    gone: Deleted,
) -> Option<Json<Gone>> {
    let Deleted { sessions, views, events, requests } = gone;
    let reason: String = asked.reason.chars().take(MOST_OF_A_REASON).collect();
    // Who asks for what is not there has changed nothing, and is written down all the same.
    browser.ops.audit(operator, action, id, &reason);
    (gone != Deleted::default()).then_some(Json(Gone { sessions, views, events, requests }))
}
