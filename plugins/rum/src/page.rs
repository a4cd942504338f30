//! What the page of the app gets, for whoever serves it.

use std::{borrow::Cow, path::Path};

use greenroom::config::{ConfigError, DataDirectory, RootConfig};

use crate::{
    init::InitScript,
    markup::Markup,
    sdk::Source,
    settings::{Mode, Rum, Settings},
    snippet,
};

/// What RUM adds to a page: see [`page_additions`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAdditions {
    /// Goes in front of the first script of `<head>`.
    pub html: String,
    /// Directives of the page's `Content-Security-Policy`, each with a source that it needs.
    pub policy: Vec<(&'static str, String)>,
}

/// What a page gets; `None` where RUM is off, or the SDK's files are not here. It reads files.
///
/// # Errors
/// For a config that the plugin refuses.
pub fn page_additions(
    config: &RootConfig,
    data: &DataDirectory,
) -> Result<Option<PageAdditions>, ConfigError> {
    let Mode::On(rum) = Settings::from_config(config)?.mode else { return Ok(None) };
    let source = source(config, data, &rum);
    let markup = Markup::of(&rum, &InitScript::of(&rum), &source);
    Ok(markup.map(|Markup { html, policy }| PageAdditions { html, policy }))
}

/// Where the page gets the SDK from.
pub(crate) fn source(config: &RootConfig, data: &DataDirectory, rum: &Rum) -> Source {
    let file = config.file();
    let beside = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    Source::look(rum, data.path(), beside)
}

/// A page, or a template of one, without the script that Backstage's documents tell people to paste. It is for the page to
/// which [`PageAdditions`] are added: the SDK is started once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutSnippet<'a> {
    /// The page.
    pub html: Cow<'a, str>,
    /// What the operator should know, each a sentence.
    pub remarks: Vec<&'static str>,
}

/// See [`WithoutSnippet`].
pub fn without_snippet(html: &str) -> WithoutSnippet<'_> {
    let page = snippet::without_snippet(html);
    let remarks = [
        (page.removed > 0).then_some(
            "The page has Backstage's script for Datadog RUM, which is taken out: this backend adds its own. Remove it from \
             index.html",
        ),
        (page.foreign > 0).then_some(
            "The page starts Datadog's SDK by a script of its own: it runs beside that of this backend, and the first one \
             that runs counts. Remove it from index.html, or set greenroom.rum.mode: off",
        ),
    ];
    WithoutSnippet { html: page.html, remarks: remarks.into_iter().flatten().collect() }
}
