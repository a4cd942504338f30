//! `/.greenroom/browser/resources`: what pages wait for.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Mark, Page, foreign, format,
    parts::{Column, Order, Part, Row, Table, pager},
};
use greenroom_plugin_rum_store::queries::{By, ENOUGH, SlowResource};
use maud::{Markup, html};

use super::{RESOURCES, SESSIONS, around, empty, filters::filters};
use crate::{
    answer,
    asked::{Asked, segment},
    browser::Browser,
    words,
};

/// From which share of failures on a resource is marked: 1 of 20.
const MANY: i64 = 20;

pub(super) async fn page(
    State(browser): State<Browser>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    let page = made(&browser, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["cursor", "limit", "sort"])?;
    let (by, cursor, limit) = (asked.sort()?, asked.cursor()?, asked.limit()?);
    let store = browser.store()?;
    let ((all, one_of), choices) =
        tokio::try_join!(store.resources(&asked.filter), store.choices(&asked.filter))?;
    let asked_for: i64 = all.iter().map(|resource| resource.n).sum();
    if let Some(page) = empty::instead(browser, &asked, RESOURCES, asked_for).await? {
        return Ok(page);
    }
    let answer = answer::resources(&all, one_of, asked.t());
    let page = store.slowest(&asked.filter, all, by, cursor.as_ref(), limit).await?;
    let older = page.next.map(|next| asked.link(RESOURCES, "cursor", Some(&next.text())));
    let first = cursor.map(|_| asked.link(RESOURCES, "cursor", None));
    let sorted = |column: Column, of: By| {
        let href = asked.link(RESOURCES, "sort", Some(of.key()));
        if of == by { column.sorted(Order::Descending, href) } else { column.sortable(href) }
    };
    let caption = match by {
        By::P75 => "Slowest first; under 20 samples last",
        By::Count => "Most requests first",
        By::Failures => "Most failures first",
    };
    let table = Table::new(caption)
        .column(Column::title("Resource"))
        .column(sorted(Column::number("p75"), By::P75))
        .column(sorted(Column::number("Requests"), By::Count))
        .column(sorted(Column::number("Failed"), By::Failures))
        .column(Column::wide("The slowest one"))
        .rows(page.rows.iter().map(|slow| row(slow, &asked)));
    Ok(around::begun("Browser: resources", answer)
        .top(html! { (around::lists(&asked, RESOURCES)) (filters(&asked, RESOURCES, &choices, [])) })
        .body(
            Part::new("list", "Resources, by templated URL")
                .note("Failed: no answer, or 400 and above")
                .body(html! { (table) (pager(first.as_deref(), older.as_deref())) }),
        ))
}

fn row(slow: &SlowResource, asked: &Asked) -> Row {
    let resource = &slow.resource;
    let p75 = resource.p75_ms.map_or_else(|| format::UNKNOWN.to_owned(), words::took);
    let failed = format::share(
        u64::try_from(resource.failures).unwrap_or_default(),
        u64::try_from(resource.n).unwrap_or_default(),
    );
    Row::new([
        html! {
            @if let Some(method) = &resource.method { span.kind { (foreign(method)) } " " }
            (words::mono(&resource.name))
        },
        if resource.n < ENOUGH {
            html! { span.quiet { (p75) } }
        } else {
            html! { (p75) }
        },
        html! { (words::count(resource.n)) },
        if resource.failures > 0 && resource.failures * MANY >= resource.n {
            Mark::Fail.beside("many failed", failed)
        } else {
            html! { (failed) }
        },
        slowest(slow, asked),
    ])
}

/// Its session, opened at it.
fn slowest(slow: &SlowResource, asked: &Asked) -> Markup {
    let Some(event) = &slow.slowest else { return html! { (format::UNKNOWN) } };
    let href = format!("{SESSIONS}/{}?open={}#open", segment(&event.session_id), segment(&event.id));
    html! {
        a href=(href) { (words::took(event.duration_ms.unwrap_or_default())) " at " (words::at(event.began_ms, asked.now_ms)) }
        span.sub { "on " (foreign(&event.route)) }
    }
}
