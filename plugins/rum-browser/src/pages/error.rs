//! `/.greenroom/browser/errors/:fingerprint`: one group, its stack in the source, and whom it met.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Mark, Page,
    charts::{BarChart, buckets},
    foreign, foreign_plain, format,
    parts::{Column, Part, Row, Table, facts},
    session::{SourceLine, StackFrame, stack},
};
use greenroom_plugin_rum_store::queries::{Affected, GroupStory, Shares};
use maud::{Markup, html};

use super::{ERRORS, SESSIONS, around, errors::state, vitals::labels};
use crate::{
    answer,
    asked::{Asked, segment},
    browser::Browser,
    frames::{Frame, frames_of},
    judged::is_slow_request,
    words,
};

pub(super) async fn page(
    State(browser): State<Browser>,
    Path(fingerprint): Path<String>,
    RawQuery(query): RawQuery,
) -> HandlerResult<Response> {
    let page = made(&browser, &fingerprint, query.as_deref()).await;
    around::shown(&browser, page).await
}

async fn made(browser: &Browser, fingerprint: &str, query: Option<&str>) -> Result<Page, Error> {
    let asked = Asked::parse(query, &["stack"])?;
    let Some(story) = browser.group_story(&asked.filter, fingerprint).await? else {
        return Err(Error::not_found(format!("No error of this group in {}", words::span(asked.t()))));
    };
    let frames = frames_of(browser, &story.last).await;
    let path = format!("{ERRORS}/{}", segment(fingerprint));
    let title = format!("Error: {}", foreign_plain(&story.group.message));
    Ok(around::begun(&title, answer::error(&story, asked.t(), asked.now_ms))
        .crumb("Errors", asked.other(ERRORS))
        .body(about(&story, &asked))
        .body(over_time(&story, &labels(&asked.filter)))
        .body(called(&story, &frames, &asked, &path))
        .body(affected(&story, &asked)))
}

fn about(story: &GroupStory, asked: &Asked) -> Markup {
    let group = &story.group;
    let detail = story.last.detail();
    let handled = match detail["error"]["handling"].as_str() {
        Some("handled") => html! { "yes; the app has reported it itself" },
        Some("unhandled") => html! { "no; nothing has caught it" },
        _ => html! { (format::UNKNOWN) },
    };
    facts(
        "About this group",
        [
            (
                "State",
                html! { (state(group.state)) ", first seen " (words::at(group.first_ms, asked.now_ms)) },
            ),
            (
                "Last seen",
                html! {
                    (words::at(group.last_ms, asked.now_ms)) ", "
                    a href=(session(&story.last.session_id)) { "session " (words::short_id(&story.last.session_id)) }
                },
            ),
            ("Group", words::mono(&group.fingerprint)),
            ("Versions in this time", shares(&story.versions)),
            ("Browsers in this time", shares(&story.browsers)),
            ("Handled", handled),
        ],
    )
}

fn session(id: &str) -> String {
    format!("{SESSIONS}/{}", segment(id))
}

fn shares(shares: &Shares) -> Markup {
    html! {
        @for (index, (name, n)) in shares.iter().enumerate() {
            @if index > 0 { ", " }
            @if name.is_empty() { "unknown" } @else { (foreign(name)) }
            ": " (words::count(*n))
        }
    }
}

fn over_time(story: &GroupStory, labels: &[String]) -> Markup {
    let counts: Vec<u64> =
        story.group.over_time.iter().map(|n| u64::try_from(*n).unwrap_or_default()).collect();
    let most = counts.iter().copied().max().unwrap_or_default();
    let sentence = format!(
        "{} in all, at most {} in one part of the time.",
        words::count(story.group.n),
        format::count(most)
    );
    let chart =
        BarChart::new("over-time", "Events over time", sentence, buckets(labels.iter().cloned().zip(counts)))
            .mark(Mark::Fail)
            .note(format!(
                "{} in {}",
                words::count(story.group.n),
                format::counted(
                    u64::try_from(story.group.sessions).unwrap_or_default(),
                    "session",
                    "sessions",
                )
            ))
            .until(labels.last().cloned().unwrap_or_default());
    html! { (chart) }
}

/// The stack: our own calls with their source, those of libraries counted.
fn called(story: &GroupStory, frames: &[Frame], asked: &Asked, path: &str) -> Markup {
    let wants_all = asked.get("stack") == Some("all");
    let wants_raw = asked.get("stack") == Some("raw");
    let is_mapped = frames.iter().any(|frame| frame.raw_place.is_some());
    let shown: Vec<_> = frames.iter().filter(|frame| wants_all || wants_raw || !frame.is_library).collect();
    // Of libraries alone there is nothing to leave out.
    let shown = if shown.is_empty() { frames.iter().collect() } else { shown };
    let left_out = frames.len() - shown.len();
    let calls = shown.iter().enumerate().map(|(index, frame)| {
        let place = if wants_raw { frame.raw_place.as_deref().unwrap_or(&frame.place) } else { &frame.place };
        let call = StackFrame::new(frame.function.as_deref().unwrap_or_default(), place);
        let source = frame.source.iter().filter(|_| !wants_raw);
        let call = call.source(source.map(|line| SourceLine {
            number: line.number,
            text: &line.text,
            is_place: line.is_place,
        }));
        if index == 0 { call.open() } else { call }
    });
    let version = story.last.version.as_deref().map(foreign_plain).unwrap_or_default();
    let note = if wants_raw || wants_all {
        html! { a href=(asked.link(path, "stack", None)) { "In the source" } }
    } else if is_mapped {
        html! { "Original source of " (version) ". " a href=(asked.link(path, "stack", Some("raw"))) { "As the browser sent it" } }
    } else {
        html! { "As the browser sent it: no source map is known for these files" }
    };
    let body = if frames.is_empty() {
        html! { div."panel pad" { p.quiet { "The browser sent no stack with it." } } }
    } else {
        html! {
            (stack(calls, Some(left_out as u64)))
            @if left_out > 0 { p.small { a href=(asked.link(path, "stack", Some("all"))) { "All frames" } } }
        }
    };
    html! { (Part::new("stack", "Stack").note(note).body(body)) }
}

fn affected(story: &GroupStory, asked: &Asked) -> Markup {
    let row = |affected: &Affected| {
        let device = affected.session.as_ref().map_or_else(|| format::UNKNOWN.to_owned(), words::device);
        Row::new([
            words::at(affected.last_ms, asked.now_ms),
            html! { a.mono href=(session(&affected.session_id)) { (words::short_id(&affected.session_id)) } },
            just_before(affected),
            html! { (words::count(affected.n)) },
            html! { (device) },
        ])
    };
    let table = Table::new("Newest first, with what happened just before")
        .column(Column::number("When"))
        .column(Column::title("Session"))
        .column(Column::wide("Just before"))
        .column(Column::number("Events"))
        .column(Column::wide("Browser"))
        .rows(story.affected.iter().map(row));
    let all = asked.other(SESSIONS);
    let all = format!(
        "{all}{}error={}",
        if all.contains('?') { '&' } else { '?' },
        segment(&story.group.fingerprint)
    );
    let note = html! { a href=(all) { "All " (words::count(story.group.sessions)) } };
    html! { (Part::new("affected", "Affected sessions").note(note).body(table)) }
}

/// The slowest request, and what was last clicked.
fn just_before(affected: &Affected) -> Markup {
    let resources = affected.before.iter().filter(|event| event.kind == "resource");
    let slowest =
        resources.max_by(|a, b| a.duration_ms.unwrap_or(0.0).total_cmp(&b.duration_ms.unwrap_or(0.0)));
    let slowest = slowest.filter(|event| is_slow_request(event));
    let click = affected.before.iter().find(|event| event.kind == "action");
    html! {
        @if let Some(slow) = slowest { (words::asked(slow)) " took " (words::took(slow.duration_ms.unwrap_or_default())) }
        @if slowest.is_some() && click.is_some() { "; " }
        @if let Some(click) = click { (words::action(click)) }
        @if slowest.is_none() && click.is_none() { span.quiet { "nothing slow, and no click" } }
    }
}
