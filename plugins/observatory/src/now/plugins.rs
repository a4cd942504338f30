//! Plugins: whether they serve, and what is asked of them.

use greenroom_plugin_observatory_node::{
    Mark, assets, foreign, format,
    parts::{Column, Part, Row, Table},
};
use maud::{Markup, Render, html};

use super::Parts;
use crate::{
    lately::RECENT,
    look::{PluginSeen, PluginState, Seen},
};

pub(super) fn part(seen: &Seen, live: &mut Parts) -> Markup {
    let rows: Vec<_> = seen.plugins.iter().map(|plugin| row(plugin, live)).collect();
    let table = Table::new("Those that do not serve first, then the busiest; requests of the last 5 minutes")
        .column(Column::state("State"))
        .column(Column::title("Plugin"))
        .column(Column::number("Requests/s"))
        .column(Column::number("p75"))
        .column(Column::number("5xx"))
        .column(Column::number("Start"))
        .rows(rows);
    let count = format::counted(seen.plugins.len() as u64, "plugin", "plugins");
    Part::new("plugins", seen.own("Plugins")).note(count).body(table).render()
}

fn row(plugin: &PluginSeen, live: &mut Parts) -> Row {
    let PluginSeen { id, modules, load, .. } = plugin;
    let mut part = |what: &str, content: Markup| live.part(format!("plugin {id} {what}"), content);
    let rate = load.count as f64 / (RECENT as f64 * 60.0);
    Row::new([
        part("state", state(plugin)),
        html! {
            a href=(assets::lines("plugin", id)) { (foreign(id)) }
            @if !modules.is_empty() {
                span.sub { "with " @for (index, module) in modules.iter().enumerate() { @if index > 0 { ", " } (foreign(module)) } }
            }
        },
        part("rate", html! { @if load.count == 0 { "0" } @else { (format::decimal(rate.max(0.01), 2)) } }),
        part("p75", html! { (format::known(load.p75, format::ms)) }),
        part("failed", html! { (format::share(load.failed, load.answered())) }),
        part("start", html! { (format::known(plugin.start, format::ms)) }),
    ])
}

fn state(plugin: &PluginSeen) -> Markup {
    match &plugin.state {
        PluginState::Starts => Mark::Unknown.word("Starts"),
        PluginState::Serves => Mark::Ok.word("Serves"),
        PluginState::Failed(_) => Mark::Fail.word("Answers 503"),
    }
}
