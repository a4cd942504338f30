//! The template from which a Node Backstage renders the page, where it lies beside the config.

use std::{fs, path::Path};

use greenroom::config::RootConfig;

use super::{Diagnosis, Finding, html, node::is_text, start::Start};

/// Where templates of the page are, seen from the config.
const TEMPLATES: [&str; 3] = [
    "packages/app/dist/index.html.tmpl",
    "node_modules/app/dist/index.html.tmpl",
    "packages/app/public/index.html",
];
/// A longer one is none.
const MOST: u64 = 1 << 20;
/// The scripts of the template that start the SDK, each with its line.
pub(super) type Starts = Vec<(usize, String, Start)>;

pub(super) fn find(beside: &Path) -> Option<(String, Starts)> {
    TEMPLATES.iter().find_map(|name| {
        let path = beside.join(name);
        let is_fit = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= MOST);
        let html = is_fit.then(|| fs::read_to_string(&path).ok()).flatten()?;
        let starts = html::scripts(&html)
            .into_iter()
            .filter_map(|script| Some((script.line, Start::of(&script.text)?, script.text)))
            .map(|(line, start, text)| (line, text, start));
        Some(((*name).to_owned(), starts.collect()))
    })
}

/// What is wrong with a script of a template that stands there.
pub(super) fn check(config: &RootConfig, place: &str, start: &Start, told: &mut Diagnosis) {
    start.check(place, told);
    if start.needs_env && !is_text(config, "app.datadogRum.env") {
        told.add(
            Finding::error(
                "the plugin app does not start",
                "The template of the page asks for app.datadogRum.env, which is not set: the plugin app fails to start",
            )
            .at(place)
            .help("Set app.datadogRum.env"),
        );
    }
    if start.turns_zero && rate(config) == Some(0.0) {
        told.add(zero(config));
    }
}

/// What may be said of a template that nobody has seen.
pub(super) fn check_unseen(config: &RootConfig, told: &mut Diagnosis) {
    told.add(Finding::note(
        "The page's index.html is not beside the config: what is said of its script holds for the one of Backstage's documents",
    ));
    told.add(
        Finding::warning(
            "Copies of the documented script from before March 2026 quote the rates, as in sampleRate: '100': every version of \
             the SDK refuses a rate that is a text, and then sends nothing",
        )
        .help("Look into index.html, and take the quotes away"),
    );
    if !is_text(config, "app.datadogRum.env") {
        told.add(
            Finding::error(
                "the plugin app does not start",
                "The documented script asks for app.datadogRum.env, which is not set: the plugin app fails to start",
            )
            .at_key(config, "app.datadogRum")
            .help("Set app.datadogRum.env"),
        );
    }
    if rate(config) == Some(0.0) {
        told.add(zero(config));
    }
}

fn rate(config: &RootConfig) -> Option<f64> {
    config.optional_number("app.datadogRum.sessionSampleRate").ok().flatten()
}

fn zero(config: &RootConfig) -> Finding {
    let key = "app.datadogRum.sessionSampleRate";
    Finding::warning(format!(
        "{key} is 0, which the script makes 100 (`|| 100`): all sessions are measured, if it runs at all"
    ))
    .at_key(config, key)
}
