//! What a document is, whatever a page shows.

use std::sync::{Arc, Mutex};

use greenroom::prelude::*;
use greenroom_plugin_observatory_node::{
    Frame, Mark, Page, Section, Sections, assets,
    charts::{BarChart, Lane, LineChart, Span, Stage, buckets, lanes, waterfall},
    foreign, foreign_plain, format,
    parts::{
        Call, Column, Figure, Filters, Finding, Part, Row, Select, Table, command, facts, figures, findings,
        trace,
    },
    session::{Entry, LogLine, SourceLine, StackFrame, log_lines, stack, timeline},
};
use greenroom_test::TestBackend;
use maud::{Markup, html};

/// What somebody could have written to get out of a page.
fn hostile() -> String {
    let mut text = "</script><img src=x onerror=alert(1)>\" style=\"x' \u{202e}\u{0}\u{1b}[31m".to_owned();
    text.push_str(&"A".repeat(1 << 20));
    text
}

/// Every component that takes text of others, with that text.
fn all(text: &str) -> Markup {
    let (hour, count) = (buckets([("22:00".to_owned(), Some(1.0))]), buckets([("22:00".to_owned(), 3)]));
    html! {
        (Call::failure().row("What we know", foreign(text)))
        (Part::new("table", "Table").body(Table::new("All").column(Column::title("Name")).row(Row::new([html! { (foreign(text)) }]))))
        (facts("About this", [("Browser", html! { (foreign(text)) })]))
        (figures(1, [Figure::new(foreign_plain(text), foreign_plain(text), "")]))
        (Filters::new("/.greenroom/x").select(Select::new("route", "Route", "").option("1", text)).chip(text, "?"))
        (findings([Finding::new(Mark::Fail, "To do", foreign(text)).to_do("Run:", text)]))
        (command(text))
        (trace(text))
        (LineChart::new("line", "Line", "A line.", hour).upright(0.2, text))
        (BarChart::new("bars", "Bars", "Bars.", count).upright(0.7, text))
        (lanes("Course", &[Lane { name: "Views", spans: vec![Span { from: 0.1, to: 0.2, mark: None, label: Some(text.to_owned()) }] }], &[]))
        (waterfall([Stage { name: html! { (foreign(text)) }, from: 0.0, to: 1.0, critical: true, mark: None, took: format::UNKNOWN.into() }]))
        (timeline([Entry::view(html! { "23:08:52" }, text, html! {}), Entry::new(html! {}, Mark::Dot, foreign(text)).inside(html! { (foreign(text)) })]))
        (log_lines([LogLine { at: html! {}, level: text, plugin: text, text }]))
        (stack([StackFrame::new(text, text).source([SourceLine { number: 1, text, is_place: true }])], None))
    }
}

async fn shown(page: Page) -> String {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    let pages = plugin("pages", |env| {
        env.register_init(async move |frame: Frame, sections: Sections| {
            sections.add(Section { id: "now", title: "Now", key: 'n', href: assets::NOW });
            let _ = tell.lock().unwrap().take().unwrap().send(frame);
            Ok(())
        });
    });
    let _running = TestBackend::new().add(pages).start().await.unwrap();
    told.await.unwrap().show(&page).await.into_string()
}

#[tokio::test]
async fn hostile_text_is_text_and_has_its_bounds() {
    let text = hostile();
    let page =
        shown(Page::new("now", &*text, foreign(&text)).crumb(text.get(..40).unwrap(), "/").body(all(&text)))
            .await;
    assert!(page.len() < 45_000, "{} bytes", page.len());
    for tag in ["<img", "</script><img", " onerror=\"", "\u{202e}", "\u{0}", "\u{1b}"] {
        assert!(!page.contains(tag), "{tag:?}");
    }
    assert!(!page.contains(" style=\""), "no style in a page");
}

#[tokio::test]
async fn a_page_that_nobody_keeps_up_to_date_says_when_it_was_made_and_only_others_have_a_clock() {
    let made = shown(Page::new("now", "Sessions", "3 sessions.")).await;
    assert!(made.contains("as of ") && !made.contains("class=\"live"), "{made}");
    assert!(
        made.contains("data-events=\"/.greenroom/events\""),
        "it hears whether the backend is ready: {made}"
    );
    let live = shown(Page::new("now", "Now", "Ready.").live("/.greenroom/events/now")).await;
    assert!(live.contains("class=\"live") && !live.contains("as of "), "{live}");
    assert!(live.contains("data-events=\"/.greenroom/events/now\""), "{live}");
}

#[tokio::test]
async fn a_document_has_no_inline_script_or_style_and_loads_what_is_its_own() {
    let page = shown(Page::new("now", "Now", "Ready.").body(all("text"))).await;
    let handlers: Vec<_> =
        page.split([' ', '<']).filter(|word| word.starts_with("on") && word.contains("=\"")).collect();
    assert!(handlers.is_empty(), "{handlers:?}");
    assert!(!page.contains(" style=") && !page.contains("<style"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    for (attribute, value) in page.split_whitespace().filter_map(|word| word.split_once("=\"")) {
        if matches!(attribute, "src" | "href" | "action") {
            assert!(value.starts_with(['/', '#', '?']), "{attribute} {value}");
        }
    }
}
