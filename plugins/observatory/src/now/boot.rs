//! The last start as a waterfall.

use std::time::Duration;

use greenroom_plugin_observatory_node::{
    Mark,
    charts::{Stage, waterfall},
    foreign, format,
    parts::{Part, details, panel, quiet},
    time,
};
use maud::{Markup, Render, html};

use crate::look::{Boot, BootStage, Seen};

pub(super) fn part(seen: &Seen) -> Markup {
    let Boot { began_at, took, stages, short, .. } = &seen.boot;
    let whole = took.or_else(|| stages.iter().map(|stage| stage.to).max()).unwrap_or_default();
    let how = html! {
        @match took {
            Some(took) => { (format::ms(*took)) " from the call to ready; " }
            None => "Still starting; ",
        }
        "strong bars are the critical path. Start " (time::time(*began_at, seen.now)) " UTC."
        @if *short > 0 { " " (format::counted(*short as u64, "shorter step", "shorter steps")) " of the path left out." }
    };
    let drawn = waterfall(stages.iter().map(|stage| drawn(stage, whole)));
    let drawn = panel(html! { (quiet(how)) (drawn) });
    // Of a server behind, the start is what people wait for.
    let body = if seen.behind().is_some() { details("Step by step", drawn) } else { drawn };
    Part::new("boot", seen.own("Last start")).body(body).render()
}

fn drawn(stage: &BootStage, whole: Duration) -> Stage {
    let BootStage { kind, name, from, to, critical, failed } = stage;
    let part = |time: &Duration| time.as_secs_f64() / whole.as_secs_f64().max(1e-9);
    let name = html! {
        @if name.is_empty() { (kind) } @else { (foreign(name).limit(80)) " " span.quiet { (kind) } }
    };
    let (mark, took) = (failed.then_some(Mark::Fail), format::ms(to.saturating_sub(*from)));
    Stage { name, from: part(from), to: part(to), critical: *critical, mark, took }
}
