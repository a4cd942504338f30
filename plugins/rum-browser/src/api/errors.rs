//! `errors` and `errors/:fingerprint`.

use axum::extract::{RawQuery, State};
use greenroom::prelude::*;
use greenroom_plugin_rum_store::queries::{ErrorGroup, Shares};
use serde::Serialize;

use super::{List, sessions::EventJson, time};
use crate::{
    asked::Asked,
    browser::Browser,
    frames::{Frame, frames_of},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    fingerprint: String,
    #[serde(rename = "type")]
    error_type: Option<String>,
    message: String,
    culprit: Option<String>,
    service: Option<String>,
    state: &'static str,
    events: i64,
    sessions: i64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    since_version: Option<String>,
    over_time: Vec<i64>,
}

impl From<ErrorGroup> for Group {
    fn from(group: ErrorGroup) -> Self {
        Self {
            fingerprint: group.fingerprint,
            error_type: group.error_type,
            message: group.message,
            culprit: group.culprit,
            service: group.service,
            state: group.state.as_str(),
            events: group.n,
            sessions: group.sessions,
            first_seen: time(group.first_ms),
            last_seen: time(group.last_ms),
            since_version: group.since_version,
            over_time: group.over_time,
        }
    }
}

pub(super) async fn errors(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<List<Group>>> {
    let asked = Asked::parse(query.as_deref(), &["cursor", "limit", "state"])?;
    let page = browser
        .store()?
        .error_groups(&asked.filter, asked.state()?, asked.cursor()?.as_ref(), asked.limit()?)
        .await?;
    Ok(Json(List::new(page.rows.into_iter().map(Group::from).collect(), page.next.as_ref())))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    #[serde(flatten)]
    group: Group,
    versions: Vec<Share>,
    browsers: Vec<Share>,
    routes: Vec<Share>,
    last: EventJson,
    /// The stack of the last one, the innermost call first.
    stack: Vec<FrameJson>,
    affected: Vec<Affected>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    name: Option<String>,
    events: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FrameJson {
    function: Option<String>,
    place: String,
    is_library: bool,
    /// The place in the bundle, where `place` is that in the source.
    raw_place: Option<String>,
    source: Vec<SourceJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceJson {
    line: u32,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Affected {
    session_id: String,
    events: i64,
    last_seen: Option<String>,
    browser: Option<String>,
    os: Option<String>,
    device: Option<String>,
}

fn shares(shares: Shares) -> Vec<Share> {
    let name = |name: String| Some(name).filter(|name| !name.is_empty());
    shares.into_iter().map(|(of, events)| Share { name: name(of), events }).collect()
}

pub(super) async fn error(
    State(browser): State<Browser>,
    Path(fingerprint): Path<String>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Json<Told>> {
    let asked = Asked::parse(query.as_deref(), &[])?;
    let Some(story) = browser.group_story(&asked.filter, &fingerprint).await? else {
        Err(Error::not_found(
            "There is no error of this group in this time: ask for a longer one, as in `?t=7d`",
        ))?
    };
    let frames = frames_of(&browser, &story.last).await;
    let frame = |frame: Frame| FrameJson {
        function: frame.function,
        place: frame.place,
        is_library: frame.is_library,
        raw_place: frame.raw_place,
        source: frame
            .source
            .into_iter()
            .map(|line| SourceJson { line: line.number, text: line.text })
            .collect(),
    };
    Ok(Json(Told {
        group: story.group.into(),
        versions: shares(story.versions),
        browsers: shares(story.browsers),
        routes: shares(story.routes),
        last: EventJson::of(&story.last, None),
        stack: frames.into_iter().map(frame).collect(),
        affected: story
            .affected
            .into_iter()
            .map(|affected| {
                let session = affected.session;
                let of = |get: fn(&greenroom_plugin_rum_store::queries::SessionRow) -> &Option<String>| {
                    session.as_ref().and_then(|session| get(session).clone())
                };
                Affected {
                    events: affected.n,
                    last_seen: time(affected.last_ms),
                    browser: of(|session| &session.browser),
                    os: of(|session| &session.os),
                    device: of(|session| &session.device),
                    session_id: affected.session_id,
                }
            })
            .collect(),
    }))
}
