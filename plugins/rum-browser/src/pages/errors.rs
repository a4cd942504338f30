//! `/.greenroom/browser/errors`: groups of errors.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Mark, Page,
    charts::spark,
    foreign, format,
    parts::{Column, Order, Part, Row, Select, Table, pager},
};
use greenroom_plugin_rum_store::{
    group::State as GroupState,
    queries::{ErrorGroup, Met},
};
use maud::{Markup, html};

use super::{ERRORS, around, empty, filters::filters};
use crate::{
    answer,
    asked::{Asked, segment},
    browser::Browser,
    words,
};

pub(super) async fn page(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    let page = made(&browser, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["cursor", "limit", "state"])?;
    let (state, cursor, limit) = (asked.state()?, asked.cursor()?, asked.limit()?);
    let (store, any) = (browser.store()?, Met::default());
    let (page, totals, counts, with_errors, choices) = tokio::try_join!(
        store.error_groups(&asked.filter, state, cursor.as_ref(), limit),
        store.error_totals(&asked.filter),
        store.session_counts(&asked.filter, &any, asked.now_ms),
        store.sessions_with_errors(&asked.filter),
        store.choices(&asked.filter),
    )?;
    let sessions = counts.sessions;
    if let Some(page) = empty::instead(browser, &asked, ERRORS, sessions + totals.errors).await? {
        return Ok(page);
    }
    let answer = answer::errors(totals, &page.rows, sessions, with_errors, asked.t());
    let states = [(GroupState::New, "New"), (GroupState::Back, "Back"), (GroupState::Ongoing, "Ongoing")];
    let states = states.into_iter().fold(
        Select::new("state", "State", asked.get("state").unwrap_or_default()).option("", "Any state"),
        |select, (state, label)| select.option(state.as_str(), label),
    );
    let older = page.next.map(|next| asked.link(ERRORS, "cursor", Some(&next.text())));
    let newest = cursor.map(|_| asked.link(ERRORS, "cursor", None));
    let table = Table::new("Most events first. Lines: events over time, each row on its own scale")
        .column(Column::state("State"))
        .column(Column::title("Error and place"))
        .column(Column::wide("Over time"))
        .column(Column::number("Events").sorted(Order::Descending, asked.link(ERRORS, "cursor", None)))
        .column(Column::number("Sessions"))
        .column(Column::number("First seen"))
        .column(Column::number("Last seen"))
        .column(Column::number("Since"))
        .rows(page.rows.iter().map(|group| row(group, &asked)))
        .otherwise("No error in this time.");
    Ok(around::begun("Browser: errors", answer)
        .top(html! { (around::lists(&asked, ERRORS)) (filters(&asked, ERRORS, &choices, [states])) })
        .body(
            Part::new("list", "Groups").body(html! { (table) (pager(newest.as_deref(), older.as_deref())) }),
        ))
}

fn row(group: &ErrorGroup, asked: &Asked) -> Row {
    let href = asked.other(&format!("{ERRORS}/{}", segment(&group.fingerprint)));
    let peak = group.over_time.iter().copied().max().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
    let course = group.over_time.iter().map(|n| Some(*n as f64)).collect();
    Row::new([
        state(group.state),
        html! {
            a href=(href) {
                @if let Some(of) = &group.error_type { b { (foreign(of)) } ": " }
                (foreign(&group.message))
            }
            span."sub mono" { (foreign(group.culprit.as_deref().unwrap_or("no stack"))) }
        },
        html! { (spark(format!("At most {} in one part of the time", words::count(peak)), course).mini()) },
        html! { (words::count(group.n)) },
        html! { (words::count(group.sessions)) },
        words::at(group.first_ms, asked.now_ms),
        words::at(group.last_ms, asked.now_ms),
        html! { @match &group.since_version { Some(version) => (foreign(version)), None => (format::UNKNOWN) } },
    ])
}

/// The state with its mark: what is new or back wants somebody.
pub(super) fn state(state: GroupState) -> Markup {
    match state {
        GroupState::New => Mark::Fail.word("New"),
        GroupState::Back => Mark::Fail.word("Back"),
        GroupState::Ongoing => Mark::Unknown.word("Ongoing"),
    }
}
