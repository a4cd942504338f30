//! What is asked of each plugin behind.

use greenroom_plugin_observatory_node::{
    LiveParts, foreign, format,
    parts::{Column, Row, Table},
    time,
};
use greenroom_proxy::{OTHER_PLUGINS, PluginStatus};
use maud::{Markup, html};

use super::Seen;
use crate::api::lines;

/// How many plugins are shown.
const SHOWN: usize = 10;

pub(super) fn table(seen: &Seen, live: &mut LiveParts) -> Table {
    let mut plugins: Vec<_> = seen.status.plugins.iter().collect();
    plugins.sort_by_key(|(_, status)| std::cmp::Reverse(status.requests));
    let caption = match plugins.len() {
        all if all > SHOWN => format!(
            "The {SHOWN} busiest of {}, since the start; all are in /.greenroom/v1/gateway",
            format::counted(all as u64, "plugin", "plugins")
        ),
        _ => "The busiest first, since the start".to_owned(),
    };
    let rows: Vec<_> =
        plugins.into_iter().take(SHOWN).map(|(id, status)| row(id, status, seen, live)).collect();
    Table::new(caption)
        .column(Column::title("Plugin"))
        .column(Column::number("Requests"))
        .column(Column::number("In flight"))
        .column(Column::number("Streams"))
        .column(Column::number("Tunnels"))
        .column(Column::number("Failures"))
        .column(Column::wide("Last failure"))
        .rows(rows)
        .otherwise("Nothing has been asked of it yet.")
}

fn row(id: &str, status: &PluginStatus, seen: &Seen, live: &mut LiveParts) -> Row {
    let mut part = |what: &str, content: Markup| live.part(format!("gateway plugin {id} {what}"), content);
    let count = |number: u64| html! { (format::count(number)) };
    Row::new([
        html! {
            @match id {
                "" => "pages and files",
                OTHER_PLUGINS => "all others",
                id => (foreign(id)),
            }
        },
        part("requests", count(status.requests)),
        part("in flight", count(status.in_flight as u64)),
        part("streams", count(status.streams as u64)),
        part("tunnels", count(status.tunnels as u64)),
        part("failures", count(status.failures)),
        part("last failure", last_failure(status, seen)),
    ])
}

fn last_failure(status: &PluginStatus, seen: &Seen) -> Markup {
    let Some((at, what, request_id)) = &status.last_failure else { return html! { (format::UNKNOWN) } };
    html! {
        (foreign(what).limit(64)) " at " (time::time(*at, seen.now)) ", "
        a href=(lines(request_id)) { "request " span.mono { (foreign(request_id).limit(64)) } }
    }
}
