//! `/.greenroom/browser/sessions`: who was here, and what they met.

use std::collections::HashMap;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Mark, Page, foreign, format,
    parts::{Column, Order, Part, Row, Select, Table, pager},
};
use greenroom_plugin_rum_store::{
    queries::{Has, Met, SessionCourse, View},
    session::IDLE_MS,
};
use maud::{Markup, html};

use super::{SESSIONS, around, empty, filters::filters};
use crate::{
    answer,
    asked::{Asked, segment},
    browser::Browser,
    judged::is_slow_view,
    words,
};

/// How much of a drawing the mark of a slow view takes, in per cent.
const WIDEST: f64 = 6.0;
/// The most marks of a kind in one drawing: more could not be told from each other.
const MOST_MARKS: usize = 30;
/// How many rows are shown, unless others are asked for: on a phone each is seven lines.
const ROWS: usize = 30;

pub(super) async fn page(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    let page = made(&browser, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["cursor", "limit", "has", "error"])?;
    let (met, cursor, limit) = (asked.met()?, asked.cursor()?, asked.limit_or(ROWS)?);
    let store = browser.store()?;
    let open_since = asked.now_ms - IDLE_MS;
    let (page, paces, counts, choices) = tokio::try_join!(
        store.sessions(&asked.filter, &met, cursor.as_ref(), limit),
        store.paces(&asked.filter),
        store.session_counts(&asked.filter, &met, open_since),
        store.choices(&asked.filter),
    )?;
    // What nobody met says nothing of whether there was somebody.
    let began = if counts.sessions > 0 || met == Met::default() {
        counts.sessions
    } else {
        store.session_counts(&asked.filter, &Met::default(), open_since).await?.sessions
    };
    if let Some(page) = empty::instead(browser, &asked, SESSIONS, began).await? {
        return Ok(page);
    }
    let has = [(Has::Errors, "Errors"), (Has::Frustration, "Frustration"), (Has::SlowView, "A slow view")];
    let has = has.into_iter().fold(
        Select::new("has", "Has", asked.get("has").unwrap_or_default()).option("", "Anything"),
        |select, (has, label)| select.option(has.key(), label),
    );
    let answer = answer::sessions(counts, &met, asked.t());
    let older = page.next.map(|next| asked.link(SESSIONS, "cursor", Some(&next.text())));
    let newest = cursor.map(|_| asked.link(SESSIONS, "cursor", None));
    let table = Table::new(
        "Upper marks: errors. Lower marks: views, wider and amber when slow, that is over twice the p75 of their route",
    )
    .column(Column::title("Session, last route"))
    .column(Column::wide("Course"))
    .column(Column::number("Began").sorted(Order::Descending, asked.link(SESSIONS, "cursor", None)))
    .column(Column::number("Length"))
    .column(Column::number("Views"))
    .column(Column::number("Slowest view"))
    .column(Column::number("Errors"))
    .column(Column::number("Frustrations"))
    .column(Column::wide("Browser"))
    .rows(page.rows.iter().map(|course| row(course, &paces, &asked)))
    .otherwise("No session of this time has met that.");
    Ok(around::begun("Browser: sessions", answer)
        .top(html! { (around::lists(&asked, SESSIONS)) (filters(&asked, SESSIONS, &choices, [has])) })
        .body(
            Part::new("list", "Sessions")
                .body(html! { (table) (pager(newest.as_deref(), older.as_deref())) }),
        ))
}

fn row(course: &SessionCourse, paces: &HashMap<String, f64>, asked: &Asked) -> Row {
    let session = &course.session;
    let href = format!("{SESSIONS}/{}", segment(&session.id));
    let errors = i64::try_from(course.errors_ms.len()).unwrap_or(i64::MAX);
    let is_slow = |view: &View| is_slow_view(view, paces);
    let slowest = course.slowest().and_then(|view| Some((is_slow(view), view.loading_ms?)));
    Row::new([
        html! {
            a.mono href=(href) { (words::short_id(&session.id)) }
            @if words::is_open(session, asked.now_ms) { " " (Mark::Ok.pill("open")) }
            @if let Some(view) = course.views.last() { span.sub { (foreign(&view.route)) } }
        },
        drawn(course, &is_slow),
        words::at(session.started_ms, asked.now_ms),
        html! { (format::lasted(words::between(session.started_ms, session.last_ms))) },
        html! { (format::count(course.views.len() as u64)) },
        match slowest {
            Some((true, ms)) => Mark::Warn.beside("slow", words::took(ms)),
            Some((false, ms)) => html! { (words::took(ms)) },
            None => html! { (format::UNKNOWN) },
        },
        if errors > 0 {
            Mark::Fail.beside("errors", words::count(errors))
        } else {
            html! { "0" }
        },
        html! { (words::count(course.frustrations())) },
        html! { (words::device(session)) },
    ])
}

/// Views on a line, wider and marked where they were slow, and errors above it.
fn drawn(course: &SessionCourse, is_slow: &impl Fn(&View) -> bool) -> Markup {
    let session = &course.session;
    #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
    let place = |at_ms: i64| {
        let part = (at_ms - session.started_ms) as f64 / (session.last_ms - session.started_ms).max(1) as f64;
        format!("{:.1}%", part.clamp(0.0, 1.0) * (100.0 - WIDEST))
    };
    let views = course.views.iter().take(MOST_MARKS).map(|view| (place(view.began_ms), is_slow(view)));
    let views: Vec<_> = views.collect();
    let errors = course.errors_ms.iter().take(MOST_MARKS).map(|error| place(*error));
    let slow = views.iter().filter(|(_, is_slow)| *is_slow).count();
    let mut sentence = format!(
        "{}, {}",
        format::counted(course.views.len() as u64, "view", "views"),
        format::counted(course.errors_ms.len() as u64, "error", "errors")
    );
    if slow > 0 {
        sentence.push_str(&format!(", {slow} slow"));
    }
    html! {
        svg.strip height="16" role="img" aria-label=(sentence) {
            line.c-axis x1="0" x2="100%" y1="12.5" y2="12.5" {}
            @for (x, is_slow) in &views {
                @if *is_slow {
                    rect.c-needs x=(x) width={ (WIDEST) "%" } y="8" height="5" {}
                } @else {
                    rect.c-data x=(x) width="3%" y="8" height="5" {}
                }
            }
            @for x in errors { rect.c-fail x=(x) width="3%" y="1" height="5" {} }
        }
    }
}
