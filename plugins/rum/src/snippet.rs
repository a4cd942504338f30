//! The script that Backstage's documents tell people to paste into `index.html`, found in a page and taken out of it.
//!
//! It names version 3 of the SDK, stands inline where the page's policy forbids it, and in older copies quotes its rates, so
//! that the SDK refuses to start. What starts the SDK in any other way is somebody's own, and stays.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use crate::html::elements;

/// A page without the snippet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<'a> {
    pub(crate) html: Cow<'a, str>,
    /// How many snippets were taken out.
    pub(crate) removed: usize,
    /// How many other scripts start the SDK.
    pub(crate) foreign: usize,
}

impl Page<'_> {
    /// What the operator should know of it, each a sentence.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = &'static str> {
        let removed = (self.removed > 0).then_some(
            "The page has Backstage's script for Datadog RUM, which is taken out: this backend adds its own. Remove it from \
             index.html",
        );
        let foreign = (self.foreign > 0).then_some(
            "The page starts Datadog's SDK by a script of its own: it runs beside that of this backend, and the first one \
             that runs counts. Remove it from index.html, or set greenroom.rum.mode: off",
        );
        removed.into_iter().chain(foreign)
    }
}

/// Of a page as it is served, or of a template.
pub(crate) fn without_snippet(html: &str) -> Page<'_> {
    let (mut kept, mut from, mut removed, mut foreign) = (String::new(), 0, 0, 0);
    for script in elements(html).filter(|element| element.is("script")) {
        let text = script.text();
        if is_snippet(text) {
            kept.push_str(&html[from..script.whole.start]);
            from = script.whole.end;
            removed += 1;
        } else if text.contains("DD_RUM.init") || text.contains("datadogRum.init") {
            foreign += 1;
        }
    }
    let html = match removed {
        0 => Cow::Borrowed(html),
        _ => Cow::Owned(kept + &html[from..]),
    };
    Page { html, removed, foreign }
}

/// With all space taken out: the loader, and a start with Backstage's options and no others. A value is a text, a number or an
/// expression of the template.
static SNIPPET: LazyLock<Regex> = LazyLock::new(|| {
    let value = r#"(?:'[^'\\]*'|"[^"\\]*"|[0-9.]+|true|false|'?<%=[^%]*%>'?)"#;
    let names = "clientToken|applicationId|site|service|env|version|sampleRate|sessionSampleRate|replaySampleRate\
                 |sessionReplaySampleRate|trackInteractions|trackUserInteractions|trackResources|trackLongTasks";
    let option = format!("(?:{names}):{value}");
    let pattern = format!(
        r#"^\(function\(h,o,u,n,d\)\{{[^<>]{{0,400}}\}}\)\(window,document,['"]script['"],['"]https://www\.datadoghq-browser-agent\.com/[A-Za-z0-9/._-]+['"],['"]DD_RUM['"],?\);?(?:window\.)?DD_RUM\.onReady\(function\(\)\{{(?:window\.)?DD_RUM\.init\(\{{{option}(?:,{option})*,?\}}\);?\}}\);?$"#
    );
    Regex::new(&pattern).unwrap_or_else(|error| unreachable!("the pattern is fixed: {error}"))
});

/// How long a snippet may be.
const LONGEST: usize = 4096;

pub(crate) fn is_snippet(text: &str) -> bool {
    text.len() <= LONGEST && SNIPPET.is_match(&text.split_whitespace().collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(name: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages").join(name);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn rum_31_the_documented_snippet_is_taken_out_of_pages_and_templates() {
        for name in ["rt-snippet-rumcfg.html", "build-rumB.index.html.tmpl"] {
            let html = page(name);
            let Page { html: without, removed, foreign } = without_snippet(&html);
            assert_eq!((removed, foreign), (1, 0), "{name}");
            assert!(!without.contains("DD_RUM") && !without.contains("datadog-rum-v3"), "{name}");
            // Nothing else is missing.
            let gone = html.len() - without.len();
            let start = html.find("<script>").unwrap();
            assert_eq!([&html[..start], &html[start + gone..]].concat(), without);
        }
        for name in ["build-rumA.index.html.tmpl", "rt-snippet-norum.html"] {
            let html = page(name);
            assert_eq!(without_snippet(&html), Page { html: Cow::Borrowed(&*html), removed: 0, foreign: 0 });
        }
    }

    /// The snippet with these options.
    fn snippet(options: &str) -> String {
        let html = page("rt-snippet-rumcfg.html");
        let start = html.find("DD_RUM.init({").unwrap() + "DD_RUM.init({".len();
        let end = start + html[start..].find("});").unwrap();
        [&html[..start], options, &html[end..]].concat()
    }

    #[test]
    fn rum_31_rates_may_be_quoted_bare_fixed_or_of_the_template() {
        for options in [
            "clientToken: 'a', sampleRate: 100",
            "clientToken: \"a\",\n sessionSampleRate: '100', sessionReplaySampleRate: '0',",
            "sampleRate: 50.5, trackInteractions: true,",
            "sessionSampleRate: <%= config.getOptionalNumber('app.datadogRum.sessionSampleRate') || 100 %>,",
            "env: '<%= config.getString('app.datadogRum.env') %>', sessionReplaySampleRate: '<%= 1 || 0 %>'",
        ] {
            assert_eq!(without_snippet(&snippet(options)).removed, 1, "{options}");
        }
    }

    #[test]
    fn rum_32_a_start_that_is_somebodys_own_stays_and_is_told() {
        for options in [
            "clientToken: 'a', beforeSend: function (event) { return true; }",
            "clientToken: 'a', proxy: 'https://p.example'",
            "clientToken: 'a' + b",
            "...options",
        ] {
            let html = snippet(options);
            let page = without_snippet(&html);
            assert_eq!((&*page.html, page.removed, page.foreign), (&*html, 0, 1), "{options}");
        }
        let own = "<head><script>window.DD_RUM && window.DD_RUM.init({clientToken: 'a'})</script></head>";
        assert_eq!(without_snippet(own).foreign, 1);
        let comment = "<head><!-- <script>DD_RUM.init({})</script> --><script src=x></script>";
        assert_eq!(without_snippet(comment), Page { html: Cow::Borrowed(comment), removed: 0, foreign: 0 });
        let quoted = "<head><script title='>'>DD_RUM.init({})</script></head>";
        assert_eq!(without_snippet(quoted).foreign, 1);
        let doubled = snippet("clientToken: 'a'").replace("</head>", &format!("{own}</head>"));
        let page = without_snippet(&doubled);
        assert_eq!((page.removed, page.foreign), (1, 1));
    }

    proptest! {
        #[test]
        fn a_page_without_the_snippet_stays_as_it_is(html in "(<script|</script|<!--|-->|>|[a-z <>]|DD_RUM\\.init|\u{e9}){0,20}") {
            prop_assert_eq!(&without_snippet(&html).html, &html);
        }
    }
}
