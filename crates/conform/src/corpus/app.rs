//! The app: its index document, its files, and what browsers ask of files that they already have.

use http::header::{ACCEPT, ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE};

use super::NOWHERE;
use crate::{
    area::Area::App,
    html,
    normalise::{Applied, Normaliser},
    probe::{Probe, Sameness, Text},
    reply::Reply,
};

/// What the answers to the index document are remembered by.
pub(crate) const INDEX: &str = "index";

/// So many bytes of a header's value are sent back.
const LONGEST_VALUE: usize = 200;

/// What the names of requests for files begin with.
const FILE: &str = "file ";

pub(super) fn probes() -> Vec<Probe> {
    let get = |name: &str, path: String| Probe::get(App, name, path);
    vec![
        get(INDEX, "/".to_owned()).with(ACCEPT, "text/html"),
        Probe::head(App, "index, head only", "/"),
        get("index by its name", "/index.html".to_owned()),
        get("a page of the app", "/catalog".to_owned()).with(ACCEPT, "text/html"),
        get("a page that is none", format!("/{NOWHERE}/page")),
        get("a page that looks like the API", "/apix".to_owned()),
        get("index, part of it", "/".to_owned()).with(RANGE, "bytes=0-9"),
        get("index, if it is another one", "/".to_owned()).with(IF_NONE_MATCH, "*"),
        get("index of the plugin", "/api/app/".to_owned()),
        get("the template", "/index.html.tmpl".to_owned()),
        get("the schema", "/.config-schema.json".to_owned()),
        get("the manifest", "/manifest.json".to_owned()),
        get("the icon", "/favicon.ico".to_owned()),
        get("what robots may read", "/robots.txt".to_owned()),
        get("the directory of files", "/static".to_owned()),
        get("the directory of files, with a slash", "/static/".to_owned()),
        get("a file that is none", format!("/static/{NOWHERE}.js")),
        get("a file above the directory", "/static/%2e%2e/index.html".to_owned()),
    ]
}

/// The files that both index documents name, each by the name that it has on either side; a file that one side lacks is left
/// out, as the document tells already.
pub(crate) fn files(normalisers: &[Normaliser; 2], a: &Reply, b: &Reply) -> Vec<Probe> {
    let named = |reply: &Reply, normaliser: &Normaliser| -> Vec<(String, String)> {
        let paths = reply.text().map(html::files).unwrap_or_default();
        paths.into_iter().map(|path| (normaliser.text(&path, &mut Applied::new()), path)).collect()
    };
    let (of_a, of_b) = (named(a, &normalisers[0]), named(b, &normalisers[1]));
    let pair = |(name, path): (String, String)| {
        // Two files may have one name but for their hashes.
        let is_one = |all: &[(String, String)]| all.iter().filter(|(known, _)| *known == name).count() == 1;
        let exact = of_b.iter().find(|(_, other)| *other == path);
        let other = match exact {
            Some(exact) => exact,
            None if is_one(&of_a) => of_b.iter().find(|(known, _)| *known == name && is_one(&of_b))?,
            None => return None,
        };
        let sameness = if other.1 == path { Sameness::Whole } else { Sameness::NotContent };
        let path = Text::Each([path, other.1.clone()]);
        Some(Probe::get(App, format!("{FILE}{name}"), path).sameness(sameness))
    };
    let mut probes: Vec<Probe> = of_a.clone().into_iter().filter_map(pair).collect();
    let mut seen = std::collections::BTreeSet::new();
    probes.retain(|probe| seen.insert(probe.name.clone()));
    // Those that browsers keep go first: one of them is asked for its parts.
    let is_kept = |probe: &Probe| matches!(&probe.path, Text::Each([path, _]) if path.contains("/static/"));
    probes.sort_by_key(|probe| !is_kept(probe));
    probes
}

/// Whether it is one of those.
pub(crate) fn is_file(probe: &Probe) -> bool {
    probe.name.starts_with(FILE)
}

/// What is asked of a file that both have answered.
pub(crate) fn conditional(file: &Probe, a: &Reply, b: &Reply) -> Vec<Probe> {
    let Probe { path, sameness, .. } = file;
    let name = |what: &str| format!("{}, {what}", file.name);
    let get = |what: &str| Probe::get(App, name(what), path.clone()).sameness(*sameness);
    let value = |reply: &Reply, header: &str| {
        let value = reply.header(header).filter(|value| value.len() <= LONGEST_VALUE)?;
        // A tag may have spaces.
        html::is_plain(&value.replace(' ', "")).then(|| value.to_owned())
    };
    let of_both = |header: &str| Some(Text::Each([value(a, header)?, value(b, header)?]));
    let mut probes = vec![
        Probe::head(App, name("head only"), path.clone()).sameness(*sameness),
        get("its first bytes").with(RANGE, "bytes=0-9"),
        get("its last bytes").with(RANGE, "bytes=-5"),
        get("two parts of it").with(RANGE, "bytes=0-1,4-5"),
        get("a part that it has not").with(RANGE, "bytes=999999999-"),
        get("a part that is none").with(RANGE, "lines=1-2"),
        get("gzip").with(ACCEPT_ENCODING, "gzip"),
        get("with a query"),
    ];
    if let Some(Probe { path: Text::Each(paths), .. }) = probes.last_mut() {
        paths.iter_mut().for_each(|path| path.push_str("?v=1"));
    }
    if let Some(tag) = of_both("etag") {
        probes.push(get("if its tag is another one").with(IF_NONE_MATCH, tag));
    }
    probes.push(get("if its tag is another one than none").with(IF_NONE_MATCH, "\"greenroom-conform\""));
    if let Some(time) = of_both("last-modified") {
        probes.push(get("if it is newer").with(IF_MODIFIED_SINCE, time));
    }
    probes
}
