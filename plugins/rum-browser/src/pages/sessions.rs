//! `/.greenroom/browser/sessions`: who was here, and what they met.

use std::collections::HashMap;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Mark, Page, foreign, foreign_plain, format,
    charts::strip,
    parts::{Column, Order, Part, Row, Select, Table, pager},
};
use greenroom_plugin_rum_store::{
    queries::{Has, SessionCourse, View},
    session::IDLE_MS,
};
use maud::{Markup, html};

use super::{SESSIONS, around, empty, filters::filters};
use crate::{
    answer,
    asked::{Asked, segment},
    browser::Browser,
    words,
};

/// In how many parts the course of a session is drawn.
const PARTS: usize = 40;

pub(super) async fn page(State(browser): State<Browser>, RawQuery(query): RawQuery) -> HandlerResult<Response> {
    let page = made(&browser, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["cursor", "limit", "has", "error"])?;
    let (met, cursor, limit) = (asked.met()?, asked.cursor()?, asked.limit()?);
    let store = &browser.store;
    let (page, paces, (began, open), with_errors, choices) = tokio::try_join!(
        store.sessions(&asked.filter, &met, cursor.as_ref(), limit),
        store.paces(&asked.filter),
        store.session_counts(&asked.filter, asked.now_ms - IDLE_MS),
        store.sessions_with_errors(&asked.filter),
        store.choices(&asked.filter),
    )?;
    if let Some(page) = empty::instead(browser, &asked, SESSIONS, began).await? {
        return Ok(page);
    }
    let has = [(Has::Errors, "Errors"), (Has::Frustration, "Frustration"), (Has::SlowView, "A slow view")];
    let has = has.into_iter().fold(
        Select::new("has", "Has", asked.get("has").unwrap_or_default()).option("", "Anything"),
        |select, (has, label)| select.option(has.key(), label),
    );
    let answer = answer::sessions(began, open, with_errors, asked.t());
    let older = page.next.map(|next| asked.link(SESSIONS, "cursor", Some(&next.text())));
    let newest = cursor.map(|_| asked.link(SESSIONS, "cursor", None));
    let table = Table::new(
        "In the course: low marks are views, higher ones are slow, that is over twice the p75 of their route, and the highest are errors",
    )
    .column(Column::number("Began").sorted(Order::Descending, asked.link(SESSIONS, "cursor", None)))
    .column(Column::title("Session, last route"))
    .column(Column::wide("Course"))
    .column(Column::number("Length"))
    .column(Column::number("Views"))
    .column(Column::number("Errors"))
    .column(Column::number("Frustrations"))
    .column(Column::number("Slowest view"))
    .column(Column::wide("Browser"))
    .rows(page.rows.iter().map(|course| row(course, &paces, &asked)))
    .otherwise("No session of this time has met that.");
    Ok(around::begun("Browser: sessions", answer)
        .top(html! { (around::lists(&asked, SESSIONS)) (filters(&asked, SESSIONS, &choices, [has])) })
        .body(Part::new("list", "Sessions").body(html! { (table) (pager(newest.as_deref(), older.as_deref())) })))
}

fn row(course: &SessionCourse, paces: &HashMap<String, f64>, asked: &Asked) -> Row {
    let session = &course.session;
    let href = format!("{SESSIONS}/{}", segment(&session.id));
    let errors = i64::try_from(course.errors_ms.len()).unwrap_or(i64::MAX);
    let is_slow = |view: &View| view.loading_ms > paces.get(&view.route).copied().or(Some(f64::MAX));
    let slowest = course.slowest().and_then(|view| Some((is_slow(view), view.loading_ms?)));
    Row::new([
        words::at(session.started_ms, asked.now_ms),
        html! {
            a.mono href=(href) { (words::short_id(&session.id)) }
            @if words::is_open(session, asked.now_ms) { " " (Mark::Ok.pill("open")) }
            @if let Some(view) = course.views.last() { span.sub { (foreign(&view.route)) } }
        },
        drawn(course, &is_slow),
        html! { (format::lasted(words::between(session.started_ms, session.last_ms))) },
        html! { (format::count(course.views.len() as u64)) },
        if errors > 0 { Mark::Fail.beside("errors", words::count(errors)) } else { html! { "0" } },
        html! { (words::count(course.frustrations())) },
        match slowest {
            Some((true, ms)) => Mark::Warn.beside("slow", words::took(ms)),
            Some((false, ms)) => html! { (words::took(ms)) },
            None => html! { (format::UNKNOWN) },
        },
        browser(session),
    ])
}

fn browser(session: &greenroom_plugin_rum_store::queries::SessionRow) -> Markup {
    let name = session.browser.as_deref().filter(|name| !name.is_empty());
    let version = session.browser_version.as_deref().unwrap_or_default();
    let others: Vec<_> = [&session.os, &session.device].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let others = others.into_iter().map(|text| foreign_plain(text)).collect::<Vec<_>>().join(", ");
    html! {
        @match name {
            Some(name) => { (foreign_plain(name)) " " (foreign_plain(version)) },
            None => (format::UNKNOWN),
        }
        @if !others.is_empty() { span.sub { (others) } }
    }
}

fn drawn(course: &SessionCourse, is_slow: &impl Fn(&View) -> bool) -> Markup {
    let session = &course.session;
    let length = (session.last_ms - session.started_ms).max(1);
    let part = |at_ms: i64| {
        let part = (at_ms - session.started_ms).clamp(0, length) * (PARTS as i64 - 1) / length;
        usize::try_from(part).unwrap_or_default()
    };
    let mut marks = [Mark::Unknown; PARTS];
    let mut slow = 0;
    for view in &course.views {
        let is_slow = is_slow(view);
        slow += u64::from(is_slow);
        marks[part(view.began_ms)] = if is_slow { Mark::Warn } else { Mark::View };
    }
    for error in &course.errors_ms {
        marks[part(*error)] = Mark::Fail;
    }
    let mut sentence = format!(
        "{}, {}",
        format::counted(course.views.len() as u64, "view", "views"),
        format::counted(course.errors_ms.len() as u64, "error", "errors")
    );
    if slow > 0 {
        sentence.push_str(&format!(", {} slow", format::count(slow)));
    }
    strip(&sentence, &marks)
}
