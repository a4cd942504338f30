//! Requests that Node has refused for who asked: 401 and 403, by plugin and reason.

use greenroom_plugin_observatory_node::{
    LiveParts, format,
    parts::{Column, Row, Table, details},
    time,
};
use greenroom_proxy::{OTHER_PLUGINS, Refused};
use maud::{Markup, html};

use super::{Seen, table::named};

/// How many rows are shown.
const SHOWN: usize = 10;

pub(super) fn refused(seen: &Seen, live: &mut LiveParts) -> Markup {
    let of_plugins = seen.status.plugins.iter();
    let mut all: Vec<(&str, &Refused)> =
        of_plugins.flat_map(|(id, plugin)| plugin.refused.iter().map(move |one| (&**id, one))).collect();
    if all.is_empty() {
        return html! {};
    }
    all.sort_by_key(|(_, refused)| std::cmp::Reverse(refused.count));
    let caption = match all.len() {
        rows if rows > SHOWN => {
            format!(
                "The {SHOWN} with most of {rows} rows, since the start; all are in /.greenroom/v1/gateway"
            )
        }
        _ => "The most first, since the start".to_owned(),
    };
    let rows: Vec<_> =
        all.into_iter().take(SHOWN).map(|(id, refused)| row(id, refused, seen, live)).collect();
    let table = Table::new(caption)
        .column(Column::title("Plugin"))
        .column(Column::number("Status"))
        .column(Column::text("Credential"))
        .column(Column::number("Answers"))
        .column(Column::number("Last"))
        .rows(rows);
    details("Requests that Node has refused: 401 and 403", table)
}

fn row(id: &str, refused: &Refused, seen: &Seen, live: &mut LiveParts) -> Row {
    let Refused { status, reason, count, last } = *refused;
    let mut part = |what: &str, content: Markup| {
        live.part(format!("gateway refused {id} {status} {reason} {what}"), content)
    };
    let name = html! {
        (named(id))
        @if id == OTHER_PLUGINS {
            span.sub { "names beyond the 200 that are told apart, and what was counted of a name before it had to give way" }
        }
    };
    Row::new([
        name,
        html! { (status) },
        html! { (reason) },
        part("count", html! { (format::count(count)) }),
        part("last", time::time(last, seen.now)),
    ])
}
