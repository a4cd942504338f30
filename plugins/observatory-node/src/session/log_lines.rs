//! Log lines, each at its offset or at its time.

use std::time::SystemTime;

use greenroom::log_store::Line;
use maud::{Markup, html};

use crate::{foreign, parts::trace, text::time};

/// How many characters of a line are shown, its fields among them.
const MOST: usize = 1000;

/// Fields that say whose a line is and of what kind, and the one that is shown by itself.
const LEFT_OUT: [&str; 3] = ["service", "type", "stack"];

/// One line.
#[derive(Clone, Debug)]
pub struct LogLine<'a> {
    /// When it was: `+1,006 ms`, or a time.
    pub at: Markup,
    /// `info`, `warn`.
    pub level: &'a str,
    /// Whose it is.
    pub plugin: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Lines in their order; those that warn are tinted.
pub fn log_lines<'a>(lines: impl IntoIterator<Item = LogLine<'a>>) -> Markup {
    html! {
        ol.log {
            @for LogLine { at, level, plugin, text } in lines { (row(&at, level, plugin, &html! { (foreign(text).lines()) })) }
        }
    }
}

/// Lines as the log store gives them, in their order: each at its time, with the fields that its message does not say already,
/// and with the stack of its error.
pub fn kept_lines<'a>(lines: impl IntoIterator<Item = &'a Line>, now: SystemTime) -> Markup {
    html! { ol.log { @for line in lines { (kept(line, now)) } } }
}

fn kept(line: &Line, now: SystemTime) -> Markup {
    let plugin = line.plugin.as_deref().or_else(|| line.fields.get("service")?.as_str());
    let text = html! {
        (foreign(&with_fields(line)).lines().limit(MOST))
        @if let Some(stack) = line.stack() { (trace(stack)) }
    };
    row(&time::time(line.time, now), line.level.as_str(), plugin.unwrap_or_default(), &text)
}

/// What it says, and those of its fields that it does not say already.
fn with_fields(line: &Line) -> String {
    let is_access = line.fields.get("type").is_some_and(|kind| kind == "incomingRequest");
    let mut text = line.message.clone();
    for (name, value) in &line.fields {
        let is_said = is_access && line.message.contains(value.as_str().unwrap_or(&value.to_string()));
        let is_long = value.is_object() || value.is_array();
        if !is_said && !is_long && !LEFT_OUT.contains(&name.as_str()) {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    text
}

fn row(at: &Markup, level: &str, plugin: &str, text: &Markup) -> Markup {
    let (class, tint) = match level {
        "error" => ("fail", Some("hot bad")),
        "warn" => ("warn", Some("hot")),
        _ => ("quiet", None),
    };
    html! {
        li class=[tint] {
            span.nw { (at) }
            span class=(class) { (foreign(level).limit(12)) }
            span.quiet { (foreign(plugin).limit(60)) }
            div { (text) }
        }
    }
}
