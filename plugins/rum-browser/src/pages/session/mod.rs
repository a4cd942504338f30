//! `/.greenroom/browser/sessions/:id`: one visit, from click to the backend's log line.

mod course;
mod deletion;
mod inside;
mod live;
mod rows;

use std::collections::HashMap;

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
    answer::{self, Answer, Slowest},
    asked::{Asked, segment},
    browser::Browser,
    judged::{is_slow_request, is_slow_view},
    words,
};

/// How many views are told at once.
const VIEWS: usize = 20;
const DAY_MS: i64 = 24 * 3_600_000;
/// From how many days the pace of a route is taken.
const PACE_DAYS: i64 = 7;

pub(super) async fn page(
    State(browser): State<Browser>,
    operator: Operator,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    match parsed(query.as_deref()) {
        // The page asks for what changes on it.
        Ok(asked) if asked.get(live::FOLLOW).is_some() => live::follow(browser, &operator, id, &asked),
        Ok(asked) => {
            let page = made(&browser, &operator, &id, &asked).await;
            around::shown(&browser, page).await
        }
        Err(wrong) => around::shown(&browser, Err(wrong)).await,
    }
}

fn parsed(query: Option<&str>) -> Result<Asked, Error> {
    Asked::parse(query, &["open", "after", "show", live::FOLLOW, deletion::DELETE, deletion::REASON])
}

/// A session, and what its views are compared with.
struct Known {
    story: Story,
    /// Above what a view of a route is slow.
    paces: HashMap<String, f64>,
}

impl Known {
    async fn of(browser: &Browser, id: &str) -> Result<Option<Self>, Error> {
        let Some(story) = browser.story(id).await? else { return Ok(None) };
        let started = story.session.started_ms;
        let (from_ms, to_ms) = (started - PACE_DAYS * DAY_MS, started + DAY_MS);
        let paces = browser.store()?.paces(&Filter { from_ms, to_ms, ..Filter::default() }).await?;
        Ok(Some(Self { story, paces }))
    }

    /// The view that was slower than most of its route, and the slow request that took longest.
    fn slowest(&self) -> Slowest<'_> {
        let slow = self.story.views.iter().filter(|view| is_slow_view(view, &self.paces));
        let took = |view: &View| view.loading_ms.unwrap_or_default();
        let view = slow.max_by(|a, b| took(a).total_cmp(&took(b)));
        let took = |event: &Event| event.duration_ms.unwrap_or_default();
        let requests = self.story.events.iter().filter(|event| is_slow_request(event));
        Slowest { view, request: requests.max_by(|a, b| took(a).total_cmp(&took(b))) }
    }

    fn answer(&self, now_ms: i64) -> Answer {
        let is_open = words::is_open(&self.story.session, now_ms);
        answer::session(&self.story, &self.slowest(), is_open, now_ms)
    }
}

async fn made(browser: &Browser, operator: &Operator, id: &str, asked: &Asked) -> Result<Page, Error> {
    let Some(known) = Known::of(browser, id).await? else {
        return Err(Error::not_found("There is no such session: it was never kept, or is kept no more"));
    };
    let Known { story, paces } = &known;
    let path = format!("{SESSIONS}/{}", segment(id));
    let answer = known.answer(asked.now_ms);
    let title = format!("Session {}", words::short_id(id));
    let begun = if words::is_open(&story.session, asked.now_ms) {
        live::begun(&title, answer, &path, story)
    } else {
        around::begun(&title, answer)
    };

    let opened = asked.get("open").and_then(|id| story.events.iter().find(|event| event.id == id));
    let opened = opened.or_else(|| answer::cause(story, &known.slowest()));
    let first = first_view(story, asked, asked.get("open").and(opened))?;
    let told = rows::Told { browser, story, paces, asked, path: &path, opened };
    let entries = told.entries(first, VIEWS).await;
    let shows_slow = asked.get("show") == Some("slow");
    let note = html! {
        span data-news=(live::TIMELINE) {} " "
        "Bars go from the beginning of a view to the end of its last request, which its row tells. "
        @if shows_slow { a href=(asked.link(&path, "show", None)) { "Everything" } }
        @else { a href=(asked.link(&path, "show", Some("slow"))) { "Slow and failed only" } }
    };
    let more = html! {
        (timeline(entries))
        (others(story, first, asked, &path))
    };
    Ok(begun
        .crumb("Sessions", SESSIONS)
        .csrf_token(operator.csrf_token())
        .body(about(browser, story, asked, &path))
        .body(course::course(story, opened, asked.now_ms))
        .body(Part::new("timeline", "Timeline").note(note).body(more)))
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

fn about(browser: &Browser, story: &Story, asked: &Asked, path: &str) -> Markup {
    let session = &story.session;
    let known: Vec<_> = [&session.version, &session.env].into_iter().flatten().collect();
    let kept = browser.kept_days.and_then(|days| i64::try_from(days).ok()?.checked_mul(DAY_MS));
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
                    (deletion::deletion(&session.id, asked, path))
                },
            ),
        ],
    )
}
