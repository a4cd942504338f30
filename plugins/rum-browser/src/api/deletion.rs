//! `sessions/:id/delete` and `users/:id/delete`: what is kept of a visit, or of somebody, goes at once.

use axum::extract::{RawQuery, State};
use greenroom::{ops::Operator, prelude::*};
use greenroom_plugin_rum_store::Deleted;
use serde::{Deserialize, Serialize};

use crate::{
    asked::{self, MOST_OF_A_REASON},
    browser::{Browser, is_id},
    words::counted,
};

/// How much of an id is written down, in characters.
const MOST_OF_AN_ID: usize = 200;

/// What a change is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Why, for the line that is written of it; else the parameter of this name says it.
    #[serde(default)]
    reason: String,
}

impl Asked {
    fn reason(&self, query: Option<&str>) -> Result<String, Error> {
        let query = asked::Asked::parse(query, &["reason"])?;
        let given = [self.reason.trim(), query.get("reason").unwrap_or_default().trim()];
        let given = given.into_iter().find(|reason| !reason.is_empty());
        let given = given.ok_or_else(|| {
            Error::input(
                "Say why, for the line of the log that tells of it: {\"reason\": \"asked for by the user\"}",
            )
        })?;
        Ok(given.chars().take(MOST_OF_A_REASON).collect())
    }
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
    RawQuery(query): RawQuery,
    Json(asked): Json<Asked>,
) -> HandlerResult<Json<Gone>> {
    let reason = asked.reason(query.as_deref())?;
    let gone = if is_id(&id) { browser.store()?.delete_session(&id).await? } else { Deleted::default() };
    told(&browser, &operator, "rum.session.delete", &id, &reason, gone).ok_or_else(|| {
        Error::not_found("There is no such session: it was never kept, or is kept no more").into()
    })
}

pub(super) async fn user(
    State(browser): State<Browser>,
    operator: Operator,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Json(asked): Json<Asked>,
) -> HandlerResult<Json<Gone>> {
    let reason = asked.reason(query.as_deref())?;
    let gone = if is_id(&id) { browser.store()?.delete_user(&id).await? } else { Deleted::default() };
    // Who takes it for a user's address has written down nobody by that.
    let known = if gone == Deleted::default() { "an id that is not known" } else { id.as_str() };
    told(&browser, &operator, "rum.user.delete", known, &reason, gone).ok_or_else(|| {
        let why = "Nothing is kept of this user. The id is the one that the SDK makes up, `usr.anonymous_id`: \
                   what the portal calls its users is never kept";
        Error::not_found(why).into()
    })
}

/// Writes it down; none if nothing is gone.
fn told(
    browser: &Browser,
    operator: &Operator,
    action: &str,
    id: &str,
    reason: &str,
    gone: Deleted,
) -> Option<Json<Gone>> {
    let Deleted { sessions, views, events, requests } = gone;
    let is_gone = gone != Deleted::default();
    let said = |number: u64, one: &str, many: &str| {
        counted(i64::try_from(number).unwrap_or(i64::MAX), one, many).replace('\u{a0}', " ")
    };
    // Who asks for what is not there has changed nothing, and is written down all the same.
    let what = match is_gone {
        true => [
            said(sessions, "session", "sessions"),
            said(views, "view", "views"),
            said(events, "event", "events"),
            said(requests, "request", "requests"),
        ]
        .join(", "),
        false => "nothing was kept".to_owned(),
    };
    let id: String = id.chars().take(MOST_OF_AN_ID).collect();
    browser.ops.audit(operator, action, &format!("{id}: {what}"), reason);
    is_gone.then_some(Json(Gone { sessions, views, events, requests }))
}
