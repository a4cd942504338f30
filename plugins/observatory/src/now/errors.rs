//! The last errors of this process.

use greenroom_plugin_observatory_node::{
    Behind, assets, foreign, foreign_lines, format,
    parts::{Column, Part, Row, Table, trace},
    time,
};
use maud::{Markup, Render, html};

use crate::look::{ErrorGroup, Errors, Seen};

/// How many groups are shown.
const SHOWN: usize = 5;

/// Rows do not change while somebody reads them: what came since is counted above them.
pub(super) fn part(seen: &Seen) -> Markup {
    let Errors { groups, lines, are_kept, .. } = &seen.errors;
    let caption = match groups.len() {
        all if all > SHOWN => {
            format!("The newest {SHOWN} of {}", format::counted(all as u64, "group", "groups"))
        }
        _ => "The newest first".to_owned(),
    };
    let caption =
        if seen.errors.are_cut() { format!("{caption}, of the last {lines} lines") } else { caption };
    let nothing = match (are_kept, seen.behind()) {
        (true, None) => "No error has been logged since the start.",
        (true, Some(Behind { has_lines: true, .. })) => {
            "Neither Greenroom nor the Node backend behind it has logged an error since the start."
        }
        (true, Some(_)) => {
            "Greenroom has logged no error since its start. What the backend behind it logs is not kept here: read its own output."
        }
        (false, _) => "Lines are not kept: greenroom.logStore.bytes is 0.",
    };
    // Lines of a child stand among our own.
    let title = if seen.has_lines_behind() { "Last errors".to_owned() } else { seen.own("Last errors") };
    let table = Table::new(caption)
        .column(Column::number("Last"))
        .column(Column::title("Error"))
        .column(Column::number("Count"))
        .rows(groups.iter().take(SHOWN).map(|group| row(group, seen)))
        .otherwise(nothing);
    Part::new("errors", title)
        .note(html! { span data-news="errors" {} " " a href=(assets::LINES) { "All lines" } })
        .body(table)
        .render()
}

fn row(group: &ErrorGroup, seen: &Seen) -> Row {
    let ErrorGroup { last, message, plugin, count, request_id, trace_id, more, stack } = group;
    let plugin = plugin.as_deref();
    let lines = [("request", request_id.as_deref()), ("trace", trace_id.as_deref()), ("plugin", plugin)];
    let lines = lines.into_iter().find_map(|(of, id)| Some((of, id?)));
    let what = html! {
        (foreign_lines(message))
        span.sub {
            (foreign(plugin.unwrap_or("the backend")))
            " · "
            @match lines {
                Some((of, id)) => a href=(assets::lines(of, id)) { "lines of " (of) " " span.mono { (foreign(id).limit(64)) } },
                None => a href=(assets::LINES) { "lines" },
            }
            @if *more > 0 { ", with " (format::counted(*more as u64, "more error line", "more error lines")) }
        }
        @if let Some(stack) = stack { (trace(stack)) }
    };
    Row::new([time::time(*last, seen.now), what, html! { (format::count(*count as u64)) }])
}
