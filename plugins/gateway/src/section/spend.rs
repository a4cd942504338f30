//! What Node's log costs: who prints most of it.

use greenroom_plugin_observatory_node::{
    LiveParts, foreign, format,
    parts::{Column, Row, Table, details},
};
use greenroom_wrap::Spent;
use maud::{Markup, html};

use super::Seen;

/// How many rows are shown.
const SHOWN: usize = 5;

pub(super) fn spend(seen: &Seen, live: &mut LiveParts) -> Markup {
    let mut all = seen.gateway.child_facts().spend().unwrap_or_default();
    if all.is_empty() {
        return html! {};
    }
    all.sort_by_key(|spent| std::cmp::Reverse((spent.recent_bytes, spent.bytes)));
    let caption = match all.len() {
        rows if rows > SHOWN => {
            format!("The {SHOWN} of {rows} that print most now; all are in /.greenroom/v1/gateway")
        }
        _ => "Who prints most now comes first".to_owned(),
    };
    let rows: Vec<_> = all.iter().take(SHOWN).map(|spent| row(spent, live)).collect();
    let table = Table::new(caption)
        .column(Column::title("Plugin"))
        .column(Column::text("Level"))
        .column(Column::number("Records, 5 min"))
        .column(Column::number("Bytes, 5 min"))
        .column(Column::number("Records"))
        .column(Column::number("Bytes"))
        .rows(rows);
    details("What Node's log costs", table)
}

fn row(spent: &Spent, live: &mut LiveParts) -> Row {
    let (plugin, level) = (spent.plugin.as_deref(), spent.level.as_str());
    let mut part = |what: &str, text: String| {
        live.part(format!("gateway log {} {level} {what}", plugin.unwrap_or_default()), html! { (text) })
    };
    Row::new([
        html! { @match plugin { Some(plugin) => (foreign(plugin).limit(64)), None => "no plugin" } },
        html! { (level) },
        part("recent records", format::count(spent.recent_records)),
        part("recent bytes", format::bytes(spent.recent_bytes)),
        part("records", format::count(spent.records)),
        part("bytes", format::bytes(spent.bytes)),
    ])
}
