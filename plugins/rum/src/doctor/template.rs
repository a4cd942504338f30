//! The template from which a Node Backstage renders the page, where it lies beside the config.

use std::fs;

use greenroom::config::RootConfig;

use super::{
    Diagnosis, Finding,
    node::{is_text, lacking},
    start::SdkStart,
};

/// Where templates of the page are, seen from the config.
const TEMPLATES: [&str; 3] = [
    "packages/app/dist/index.html.tmpl",
    "node_modules/app/dist/index.html.tmpl",
    "packages/app/public/index.html",
];
const ENV: &str = "app.datadogRum.env";
/// A longer one is none.
const MOST: u64 = 1 << 20;

/// The first that is there: its name and its text.
pub(super) fn find(config: &RootConfig) -> Option<(String, String)> {
    TEMPLATES.iter().find_map(|name| {
        let path = config.beside(name)?;
        let is_fit = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= MOST);
        Some(((*name).to_owned(), is_fit.then(|| fs::read_to_string(&path).ok()).flatten()?))
    })
}

/// What is wrong with a script of a template and the config that it is rendered with.
pub(super) fn check(config: &RootConfig, place: &str, start: &SdkStart, told: &mut Diagnosis) {
    if start.needs_env && !is_text(config, ENV) {
        let what = |lack: &str| {
            format!("The template of the page asks for {ENV}, which {lack}: the plugin app fails to start")
        };
        told.add(lacking(config, ENV, what).at(place));
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
    if !is_text(config, ENV) {
        let what = |lack: &str| {
            format!("The documented script asks for {ENV}, which {lack}: the plugin app fails to start")
        };
        told.add(lacking(config, ENV, what));
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
