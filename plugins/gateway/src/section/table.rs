//! What is asked of each plugin behind.

use greenroom_plugin_observatory_node::{
    LiveParts, assets, foreign, format,
    parts::{Column, Row, Table},
    time,
};
use greenroom_proxy::{OTHER_PLUGINS, PROBES, PluginStatus};
use maud::{Markup, html};

use super::Seen;

/// How many plugins are shown.
const SHOWN: usize = 10;

pub(super) fn table(seen: &Seen, live: &mut LiveParts) -> Table {
    let (mut plugins, unknown): (Vec<_>, Vec<_>) =
        seen.status.plugins.iter().partition(|(id, status)| is_shown(id, status));
    plugins.sort_by_key(|(_, status)| std::cmp::Reverse(status.requests));
    let mut caption = match plugins.len() {
        all if all > SHOWN => format!(
            "The {SHOWN} busiest of {}, since the start; all are in /.greenroom/v1/gateway",
            format::counted(all as u64, "plugin", "plugins")
        ),
        _ => "The busiest first, since the start".to_owned(),
    };
    if !unknown.is_empty() {
        let names = format::counted(unknown.len() as u64, "name", "names");
        caption = format!("{caption}; left out: {names} that no plugin has answered to");
    }
    let rows: Vec<_> =
        plugins.into_iter().take(SHOWN).map(|(id, status)| row(id, status, seen, live)).collect();
    Table::new(caption)
        .column(Column::title("Plugin"))
        .column(Column::number("Requests"))
        .column(Column::number("In flight"))
        .column(Column::number("Streams"))
        .column(Column::number("Tunnels"))
        .column(Column::number("Given up"))
        .column(Column::number("Failures"))
        .column(Column::wide("Last failure"))
        .rows(rows)
        .otherwise(match unknown.len() {
            0 => "Nothing has been asked of it yet.",
            _ => "Nothing has been asked of it yet but names that no plugin has answered to.",
        })
}

/// What clients ask for may be no plugin.
fn is_shown(id: &str, status: &PluginStatus) -> bool {
    let is_open = status.in_flight + status.uploads + status.streams + status.tunnels > 0;
    // Of those that are told apart no more there may be nothing left but what was refused.
    if id == OTHER_PLUGINS && status.requests == 0 {
        return false;
    }
    let is_plugin = !matches!(id, "" | OTHER_PLUGINS | PROBES);
    !is_plugin || status.is_found || is_open || status.given_up + status.failures > 0
}

fn row(id: &str, status: &PluginStatus, seen: &Seen, live: &mut LiveParts) -> Row {
    let mut part = |what: &str, content: Markup| live.part(format!("gateway plugin {id} {what}"), content);
    let count = |number: u64| html! { (format::count(number)) };
    Row::new([
        linked(id, seen),
        part("requests", count(status.requests)),
        part("in flight", count(status.in_flight as u64)),
        part("streams", count(status.streams as u64)),
        part("tunnels", count(status.tunnels as u64)),
        part("given up", count(status.given_up)),
        part("failures", count(status.failures)),
        part("last failure", last_failure(status, seen)),
    ])
}

/// What a plugin is called.
pub(super) fn named(id: &str) -> Markup {
    match special(id) {
        Some(name) => html! { (name) },
        None => html! { (foreign(id)) },
    }
}

/// The same as text.
pub(super) fn plain(id: &str) -> &str {
    special(id).unwrap_or(id)
}

fn special(id: &str) -> Option<&'static str> {
    match id {
        "" => Some("pages and files"),
        OTHER_PLUGINS => Some("all others"),
        PROBES => Some("health checks"),
        _ => None,
    }
}

/// The same as a link to its lines, where they are kept.
fn linked(id: &str, seen: &Seen) -> Markup {
    let has_lines = seen.gateway.child_facts().has_lines() && special(id).is_none();
    html! { @if has_lines { a href=(assets::lines("plugin", id)) { (named(id)) } } @else { (named(id)) } }
}

fn last_failure(status: &PluginStatus, seen: &Seen) -> Markup {
    let Some((at, what, request_id)) = &status.last_failure else { return html! { (format::UNKNOWN) } };
    html! {
        (foreign(what).limit(64)) " at " (time::time(*at, seen.now)) ", "
        a href=(assets::lines("request", request_id)) { "request " span.mono { (foreign(request_id).limit(64)) } }
    }
}
