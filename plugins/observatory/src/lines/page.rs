//! The page: how many lines there are and what they come to, then the lines.

use std::time::{Duration, SystemTime};

use greenroom::{log_store::Lines, logging::Level};
use greenroom_plugin_observatory_node::{
    Page, foreign_plain, format,
    parts::{Part, inline, panel},
    session::kept_lines,
};
use maud::{Markup, html};

use super::{Asked, search::Found};

pub(super) fn page(asked: &Asked, found: &Found, are_kept: bool, now: SystemTime) -> Page {
    let Found { lines: found, left_out } = found;
    let page = Page::new("lines", "Lines of the log", sentence(asked, found));
    let page = page.detail(kept(found, are_kept, now));
    if found.lines.is_empty() {
        return page.body(elsewhere(asked));
    }
    let shown = panel(kept_lines(&found.lines, now));
    page.body(Part::new("lines", "Lines").note(order(*left_out)).body(shown))
}

fn order(left_out: usize) -> String {
    match left_out {
        0 => "The newest last".to_owned(),
        _ => {
            let left_out = format::counted(left_out as u64, "line", "lines");
            format!("The newest last; {left_out} of files that these pages load left out")
        }
    }
}

/// How many lines, of what, over what time, and how many of them are errors.
fn sentence(asked: &Asked, found: &Lines) -> String {
    let given: Vec<_> = asked.given().map(|(what, id)| format!("of {what} {}", foreign_plain(id))).collect();
    let of = if given.is_empty() { "of this backend".to_owned() } else { given.join(" ") };
    let [first, rest @ ..] = &*found.lines else { return format!("No line {of} is kept here.") };
    let counted = format::counted(found.lines.len() as u64, "line", "lines");
    // Where the search would go on, there are older ones.
    let counted = if found.next.is_some() { format!("The last {counted}") } else { counted };
    let over = rest.last().map(|last| last.time.duration_since(first.time).unwrap_or_default());
    let over = over.map(|time| format!(", over {}", took(time))).unwrap_or_default();
    let errors = match found.lines.iter().filter(|line| line.level == Level::Error).count() {
        0 => "no error".to_owned(),
        1 => "one error".to_owned(),
        many => format::counted(many as u64, "error", "errors"),
    };
    format!("{counted} {of}{over}, {errors}.")
}

fn took(time: Duration) -> String {
    match time.as_secs() {
        0 => format::ms(time),
        1..60 => format::seconds(time),
        _ => format::lasted(time),
    }
}

/// How far back one can look here.
fn kept(found: &Lines, are_kept: bool, now: SystemTime) -> Markup {
    let since = found.oldest.map(|oldest| now.duration_since(oldest).unwrap_or_default());
    html! {
        @match since {
            _ if !are_kept => "Lines are not kept: greenroom.logStore.bytes is 0.",
            Some(since) => {
                "The lines of the last " (format::lasted(since)) " are kept here, in the memory of this replica."
            }
            None => "No line has been kept yet.",
        }
    }
}

/// Where the rest is.
fn elsewhere(asked: &Asked) -> Markup {
    panel(html! {
        p {
            "What is older, and what other replicas have logged, is in the log that each of them writes to stdout"
            @if let Some((_, id)) = asked.given().next() { ": search it for " (inline(id)) }
            "."
        }
    })
}
