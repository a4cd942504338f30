//! Evidence as the page shows it.

use std::time::SystemTime;

use greenroom_plugin_observatory_node::{Mark, foreign, format, parts, session::kept_lines};
use maud::{Markup, html};

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
        @if !lines.is_empty() { p.quiet { "Its lines in the log" } (kept_lines(lines, SystemTime::now())) }
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
            @match &place.page { Some(page) => a href=(page) { (place.name) }, None => (place.name) }
            ": " (parts::inline(&place.exact))
        }
    }
}
