//! What a `Content-Security-Policy` lets a page do, as browsers understand it.
//!
//! Source: W3C Content Security Policy Level 3, §6.7 "Matching algorithms".

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Uri;
use serde_json::{Map, Value};

use crate::settings::Origin;

/// What stands in for a directive that is not told, nearest first.
const FALLBACKS: [(&str, &[&str]); 3] = [
    ("script-src", &["script-src-elem", "script-src", "default-src"]),
    ("connect-src", &["connect-src", "default-src"]),
    ("worker-src", &["worker-src", "child-src", "script-src", "default-src"]),
];

/// Directives with their sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Csp(Vec<(String, Vec<String>)>);

impl Csp {
    pub(crate) fn parse(text: &str) -> Self {
        let directive = |text: &str| {
            let mut words = text.split_ascii_whitespace().map(str::to_owned);
            Some((words.next()?.to_ascii_lowercase(), words.collect()))
        };
        Self(text.split(';').filter_map(directive).collect())
    }

    /// Of `backend.csp`, which has the names of directives in either spelling; `false` takes one away.
    pub(crate) fn of_config(directives: &Map<String, Value>) -> Self {
        let told = directives.iter().filter(|(_, sources)| **sources != Value::Bool(false));
        let directive = |(name, sources): (&String, &Value)| {
            let listed = sources.as_array().into_iter().flatten().filter_map(Value::as_str);
            (kebab(name), listed.map(str::to_owned).collect())
        };
        Self(told.map(directive).collect())
    }

    /// Whether the directive itself is told.
    pub(crate) fn has(&self, directive: &str) -> bool {
        self.0.iter().any(|(name, _)| name == directive)
    }

    /// What is said of this directive, or of the one that stands in for it; `None` where nothing is forbidden.
    pub(crate) fn sources(&self, directive: &str) -> Option<&[String]> {
        let fallbacks = FALLBACKS.iter().find(|(name, _)| *name == directive).map(|(_, names)| *names);
        fallbacks.unwrap_or(&[]).iter().find_map(|name| {
            let told = self.0.iter().find(|(known, _)| known == name);
            told.map(|(_, sources)| &**sources)
        })
    }

    /// Whether a page of this origin may get this URL for this directive.
    pub(crate) fn lets(&self, directive: &str, url: &str, page: &Origin) -> bool {
        let (Some(sources), Ok(url)) = (self.sources(directive), url.parse::<Uri>()) else { return true };
        // A script that stands in the page then needs a nonce or a hash, whatever hosts are listed.
        let is_strict = directive == "script-src" && has(sources, "'strict-dynamic'");
        !is_strict && sources.iter().any(|source| matches(source, &url, Some(page)))
    }

    /// Whether a script that stands in the page runs.
    pub(crate) fn lets_inline(&self, script: &str, nonce: Option<&str>) -> bool {
        let Some(sources) = self.sources("script-src") else { return true };
        let listed = |source: String| sources.contains(&source);
        let hashes = [("sha256", &SHA256), ("sha384", &SHA384), ("sha512", &SHA512)];
        let is_hashed = hashes.iter().any(|(name, algorithm)| {
            listed(format!("'{name}-{}'", STANDARD.encode(digest(algorithm, script.as_bytes()))))
        });
        let names_some = sources.iter().any(|source| {
            ["'nonce-", "'sha", "'strict-dynamic'"].iter().any(|start| source.starts_with(start))
        });
        is_hashed
            || nonce.is_some_and(|nonce| listed(format!("'nonce-{nonce}'")))
            || (has(sources, "'unsafe-inline'") && !names_some)
    }

    /// Whether workers may be made of a text.
    pub(crate) fn lets_blob_workers(&self) -> bool {
        self.sources("worker-src").is_none_or(|sources| has(sources, "blob:"))
    }
}

/// Each of the policies that a header holds: commas divide them.
pub(crate) fn policies(header: &str) -> impl Iterator<Item = &str> {
    header.split(',')
}

/// The name of a directive as a header has it.
fn kebab(name: &str) -> String {
    let letter = |c: char| match c.is_ascii_uppercase() {
        true => format!("-{}", c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    name.chars().map(letter).collect()
}

fn has(sources: &[String], wanted: &str) -> bool {
    sources.iter().any(|source| source.eq_ignore_ascii_case(wanted))
}

/// Whether a source of a directive covers this URL, for a page of that origin.
pub(crate) fn matches(source: &str, url: &Uri, page: Option<&Origin>) -> bool {
    let scheme = url.scheme_str().unwrap_or_default();
    let is_upgrade = |from: &str| {
        from.eq_ignore_ascii_case(scheme) || (from.eq_ignore_ascii_case("http") && scheme == "https")
    };
    if source == "*" {
        return true;
    }
    if source.eq_ignore_ascii_case("'self'") {
        return page.is_some() && Origin::of(&url.to_string()).as_ref() == page;
    }
    if let Some(wanted) = source.strip_suffix(':') {
        return is_upgrade(wanted);
    }
    let rest = match source.split_once("://") {
        Some((wanted, rest)) if is_upgrade(wanted) => rest,
        Some(_) => return false,
        None if is_upgrade(page.map_or("https", |page| page.scheme())) => source,
        None => return false,
    };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    covers_host(host, url.host().unwrap_or_default())
        && covers_port(port, url.port_u16(), scheme)
        && covers_path(path, url.path())
}

fn covers_host(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => pattern == "*" || pattern == host,
    }
}

fn covers_port(pattern: Option<&str>, port: Option<u16>, scheme: &str) -> bool {
    let default = if scheme == "https" { 443 } else { 80 };
    let port = port.unwrap_or(default);
    pattern.map_or(port == default, |pattern| pattern == "*" || pattern == port.to_string())
}

fn covers_path(pattern: &str, path: &str) -> bool {
    match pattern {
        "" | "/" => true,
        // Case counts, unlike in a scheme and a host.
        pattern if pattern.ends_with('/') => path.starts_with(pattern),
        pattern => path == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKSTAGE: &str =
        "default-src 'self';script-src 'self' 'unsafe-eval';object-src 'none';upgrade-insecure-requests";

    fn lets(policy: &str, directive: &str, url: &str) -> bool {
        Csp::parse(policy).lets(directive, url, &Origin::of("https://p.example").unwrap())
    }

    #[test]
    fn a_source_covers_what_browsers_say_it_covers() {
        let url = "https://browser-intake-datadoghq.eu/api/v2/rum";
        for (source, covered) in [
            ("*", true),
            ("https:", true),
            ("http:", true),
            ("wss:", false),
            ("'self'", false),
            ("'none'", false),
            ("browser-intake-datadoghq.eu", true),
            ("https://BROWSER-intake-datadoghq.eu", true),
            ("http://browser-intake-datadoghq.eu", true),
            ("https://browser-intake-datadoghq.eu:443", true),
            ("https://browser-intake-datadoghq.eu:*", true),
            ("https://browser-intake-datadoghq.eu:8443", false),
            ("https://browser-intake-datadoghq.eu/api/", true),
            ("https://browser-intake-datadoghq.eu/api", false),
            ("https://browser-intake-datadoghq.eu/API/", false),
            ("https://browser-intake-datadoghq.eu/api/v2/rum", true),
            ("https://browser-intake-datadoghq.eu/api/v2/RUM", false),
            ("HTTPS://Browser-Intake-Datadoghq.eu/api/v2/rum", true),
            ("https://*.datadoghq.eu", false),
            ("https://datadoghq.eu", false),
        ] {
            assert_eq!(lets(&format!("connect-src {source}"), "connect-src", url), covered, "{source}");
        }
        assert!(lets("connect-src *.d.example", "connect-src", "https://a.b.d.example/"));
        assert!(lets(BACKSTAGE, "script-src", "https://P.example:443/api/rum/sdk/1/init.js"));
        assert!(!lets(BACKSTAGE, "script-src", "https://b.example/init.js"));
        assert!(!lets(
            "script-src 'self' 'strict-dynamic' 'nonce-x'",
            "script-src",
            "https://p.example/a.js"
        ));
    }

    #[test]
    fn a_directive_that_is_not_told_is_the_one_that_stands_in_for_it() {
        assert!(!lets(BACKSTAGE, "connect-src", "https://b.example"));
        assert!(lets("img-src 'none'", "connect-src", "https://b.example"));
        assert!(!lets("script-src-elem 'none'; script-src *", "script-src", "https://b.example"));
        let workers = |policy: &str| Csp::parse(policy).lets_blob_workers();
        assert!(!workers(BACKSTAGE) && workers("worker-src 'self' blob:") && workers("img-src 'none'"));
    }

    #[test]
    fn a_script_in_the_page_runs_where_it_is_let() {
        let inline = |policy: &str| Csp::parse(policy).lets_inline("alert(1)", Some("abc"));
        assert!(!inline(BACKSTAGE));
        assert!(inline("script-src 'self' 'unsafe-inline'"));
        assert!(!inline("script-src 'unsafe-inline' 'nonce-other'"));
        assert!(inline("script-src 'nonce-abc'"));
        let hash = STANDARD.encode(digest(&SHA256, b"alert(1)"));
        assert!(inline(&format!("script-src 'sha256-{hash}'")));
        assert!(inline("img-src 'none'"));
    }
}
