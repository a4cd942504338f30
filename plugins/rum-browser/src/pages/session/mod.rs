//! `/.greenroom/browser/sessions/:id`: one visit, from click to the backend's log line.

mod course;
mod inside;
mod rows;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::{ops::Operator, prelude::*};
use greenroom_plugin_observatory_node::{
    Page, foreign, format,
    parts::{Part, facts},
    session::timeline,
};
use greenroom_plugin_rum_store::queries::{Event, Filter, Story, View};
use maud::{Markup, html};

use super::{SESSIONS, around};
use crate::{
    answer::{self, Slowest},
    asked::{Asked, segment},
    browser::Browser,
    words,
};

/// How many views are told at once.
const VIEWS: usize = 20;
/// Why a session is deleted, where somebody does it here.
const BY_HAND: &str = "deleted on its page";
const DAY_MS: i64 = 24 * 3_600_000;
/// From how many days the pace of a route is taken.
const PACE_DAYS: i64 = 7;

pub(super) async fn page(
    State(browser): State<Browser>,
    operator: Operator,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    let page = made(&browser, &operator, &id, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, operator: &Operator, id: &str, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["open", "after", "show"])?;
    let Some(story) = browser.story(id).await? else {
        return Err(Error::not_found("There is no such session: it was never kept, or is kept no more"));
    };
    let path = format!("{SESSIONS}/{}", segment(id));
    let started = story.session.started_ms;
    let time = Filter { from_ms: started - PACE_DAYS * DAY_MS, to_ms: started + DAY_MS, ..Filter::default() };
    let paces = browser.store()?.paces(&time).await?;
    let slowest = slowest(&story, |view| paces.get(&view.route).copied());
    let is_open = words::is_open(&story.session, asked.now_ms);
    let answer = answer::session(&story, &slowest, is_open, asked.now_ms);
    let title = format!("Session {}", words::short_id(id));

    let opened = asked.get("open").and_then(|id| story.events.iter().find(|event| event.id == id));
    let opened = opened.or(slowest.request.map(|(event, _)| event));
    let first = first_view(&story, &asked, asked.get("open").and(opened))?;
    let told = rows::Told { browser, story: &story, paces: &paces, asked: &asked, path: &path, opened };
    let entries = told.entries(first, VIEWS).await;
    let shows_slow = asked.get("show") == Some("slow");
    let note = html! {
        "Bars are placed within their view. "
        @if shows_slow { a href=(asked.link(&path, "show", None)) { "Everything" } }
        @else { a href=(asked.link(&path, "show", Some("slow"))) { "Slow and failed only" } }
    };
    let more = html! {
        (timeline(entries))
        (others(&story, first, &asked, &path))
    };
    Ok(around::begun(&title, answer)
        .crumb("Sessions", SESSIONS)
        .csrf_token(operator.csrf_token())
        .body(about(browser, &story, &asked))
        .body(course::course(&story, opened, asked.now_ms))
        .body(Part::new("timeline", "Timeline").note(note).body(more)))
}

/// The view that was slower than most of its route, and the request that took longest.
fn slowest<'a>(story: &'a Story, pace: impl Fn(&View) -> Option<f64>) -> Slowest<'a> {
    let slow = story.views.iter().filter(|view| view.loading_ms > pace(view).or(Some(f64::MAX)));
    let took = |view: &View| view.loading_ms.unwrap_or_default();
    let view = slow.max_by(|a, b| took(a).total_cmp(&took(b)));
    let took = |event: &Event| event.duration_ms.unwrap_or_default();
    let requests = story.events.iter().filter(|event| event.kind == "resource");
    let request = requests.max_by(|a, b| took(a).total_cmp(&took(b)));
    Slowest { view, request: request.map(|event| (event, story.request_of(event))) }
}

/// From which view on it is told: that of what is to be open, else as it is asked.
fn first_view(story: &Story, asked: &Asked, opened: Option<&Event>) -> Result<usize, Error> {
    let of_opened = opened.and_then(|event| story.views.iter().position(|view| view.id == event.view_id));
    if let Some(place) = of_opened {
        return Ok(place / VIEWS * VIEWS);
    }
    let Some(after) = asked.get("after") else { return Ok(0) };
    let place = after.parse::<usize>().ok().filter(|place| *place < story.views.len());
    place.ok_or_else(|| Error::input("`after` is no number of views that this session has"))
}

fn others(story: &Story, first: usize, asked: &Asked, path: &str) -> Markup {
    let next = first + VIEWS;
    let later = story.views.len().saturating_sub(next);
    html! {
        @if first > 0 || later > 0 {
            p.small {
                @if first > 0 { a href=(asked.link(path, "after", None)) { "From the first view" } }
                @if first > 0 && later > 0 { " · " }
                @if later > 0 {
                    a href=(asked.link(path, "after", Some(&next.to_string()))) {
                        (format::counted(later as u64, "later view", "later views"))
                    }
                }
            }
        }
    }
}

fn about(browser: &Browser, story: &Story, asked: &Asked) -> Markup {
    let session = &story.session;
    let known: Vec<_> = [&session.version, &session.env].into_iter().flatten().collect();
    let kept = browser.kept_days.and_then(|days| i64::try_from(days).ok()?.checked_mul(DAY_MS));
    let (id, reason) = (segment(&session.id), segment(BY_HAND));
    let deletion = format!("/.greenroom/v1/rum/sessions/{id}/delete?reason={reason}");
    facts(
        "About this session",
        [
            ("Session", words::mono(&session.id)),
            ("Identity", html! { span aria-hidden="true" { "••••••" } " masked in the browser, not stored" }),
            ("Browser", html! { (words::device(session)) }),
            (
                "Version",
                html! {
                    @if known.is_empty() { (format::UNKNOWN) }
                    @for (index, text) in known.iter().enumerate() { @if index > 0 { ", " } (foreign(text)) }
                },
            ),
            ("Began", words::at(session.started_ms, asked.now_ms)),
            (
                "Kept until",
                html! {
                    @match kept { Some(kept) => (words::at(session.last_ms + kept, asked.now_ms)), None => "deleted" }
                    span.quiet { " · " }
                    button type="button" data-post=(deletion) data-then=(SESSIONS) { "Delete now" }
                },
            ),
        ],
    )
}
