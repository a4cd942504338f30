//! Evidence as the page shows it.

use greenroom::log_store::Line;
use greenroom_plugin_observatory_node::{Mark, foreign, format, parts, session, time};
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    calls::Told,
    evidence::{Evidence, Place},
};

/// The answer first, then where it shows.
pub(crate) fn shown(evidence: &Evidence) -> Markup {
    let Evidence { button, meaning, told, lines, places, command, next } = evidence;
    html! {
        h3 { (foreign(meaning).limit(600)) }
        @if let Some(told) = told { (answer(told)) }
        @if let Some((path, label)) = next { p { a href={ (path) "#" (button.id()) } data-in-place { (label) } } }
        dl.why {
            @if !places.is_empty() { dt { "Where to look" } dd { @for place in places { (look(place)) } } }
            @if let Some(command) = command { dt { "In a terminal" } dd { (parts::command(command)) } }
        }
        @if !lines.is_empty() { p.quiet { "Its lines in the log" } (in_the_log(lines)) }
    }
}

fn answer(told: &Told) -> Markup {
    let call = html! { span.mono { (told.method) " " (told.path) } };
    html! {
        @match &told.answer {
            Ok((status, body)) => {
                p {
                    (call) " was answered "
                    (if status.is_success() { Mark::Ok } else { Mark::Fail }.word(status.as_str()))
                    " in " (format::ms(told.took)) "."
                }
                pre.answer { (foreign(body).lines().limit(2000)) }
            }
            Err(why) => { p { (call) " got no answer: " (foreign(why)) } }
        }
    }
}

fn look(place: &Place) -> Markup {
    html! {
        p {
            @match place.page { Some(page) => a href=(page) { (place.name) }, None => (place.name) }
            ": " (parts::inline(&place.exact))
        }
    }
}

fn in_the_log(lines: &[Line]) -> Markup {
    let texts: Vec<_> = lines.iter().map(text).collect();
    let shown = lines.iter().zip(&texts).map(|(line, text)| session::LogLine {
        at: html! { (time::clock(line.time)) },
        level: line.level.as_str(),
        plugin: line.plugin.as_deref().or_else(|| line.fields.get("service")?.as_str()).unwrap_or_default(),
        text,
    });
    session::log_lines(shown)
}

/// Fields that say whose a line is and of what kind, and those that are long.
const LEFT_OUT: [&str; 3] = ["service", "type", "stack"];

/// What it says, and those of its fields that it does not say already.
fn text(line: &Line) -> String {
    let is_access = line.fields.get("type").is_some_and(|kind| kind == "incomingRequest");
    let is_said = |value: &Value| {
        let said = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        is_access && line.message.contains(&said)
    };
    let is_shown = |name: &str, value: &Value| {
        !LEFT_OUT.contains(&name) && !value.is_object() && !value.is_array() && !is_said(value)
    };
    let fields = line.fields.iter().filter(|(name, value)| is_shown(name, value));
    fields.fold(line.message.clone(), |text, (name, value)| format!("{text} {name}={value}"))
}
