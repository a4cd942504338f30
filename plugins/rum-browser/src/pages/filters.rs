//! The form of filters, and the chips of those that are in use.

use greenroom_plugin_observatory_node::parts::{Filters, Select};
use greenroom_plugin_rum_store::queries::Choices;

use crate::{asked::Asked, words::span};

/// Lengths of time that are offered.
const TIMES: [&str; 5] = ["1h", "6h", "24h", "3d", "7d"];

/// The form of a page. `more` are what that page alone has.
pub(super) fn filters(
    asked: &Asked,
    path: &str,
    choices: &Choices,
    more: impl IntoIterator<Item = Select>,
) -> Filters {
    let mut times = Select::new("t", "Time", asked.t());
    if !TIMES.contains(&asked.t()) {
        times = times.option(asked.t(), capital(&span(asked.t())));
    }
    times = TIMES.into_iter().fold(times, |times, t| times.option(t, capital(&span(t))));
    let of = |name, label, all: &str, values: &std::collections::BTreeSet<String>| {
        let chosen = asked.get(name).unwrap_or_default();
        let mut select = Select::new(name, label, chosen).option("", all);
        // What is asked for may not be there in this time.
        if !chosen.is_empty() && !values.contains(chosen) {
            select = select.option(chosen, chosen);
        }
        values.iter().fold(select, |select, value| select.option(value, value))
    };
    let form = Filters::new(path)
        .select(times)
        .select(of("route", "Route", "All routes", &choices.routes))
        .select(of("version", "Version", "All versions", &choices.versions))
        .select(of("env", "Environment", "All environments", &choices.envs))
        .select(of("device", "Device", "All devices", &choices.devices));
    let form = more.into_iter().fold(form, Filters::select);
    let kept = asked.filters().filter(|(name, _)| ["to", "service", "vital", "sort", "error"].contains(name));
    let form = kept.fold(form, |form, (name, value)| form.keep(name, value));
    let chips = asked.filters().filter(|(name, _)| !["vital", "sort", "cursor", "limit"].contains(name));
    chips.fold(form, |form, (name, value)| {
        let text = match name {
            "t" => span(value),
            "to" => format!("until {value}"),
            name => format!("{name}: {value}"),
        };
        form.chip(text, asked.link(path, name, None))
    })
}

fn capital(text: &str) -> String {
    let mut characters = text.strip_prefix("the ").unwrap_or(text).chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
