//! What a script that starts the SDK says, be it in a page or in the template of one.

use std::sync::LazyLock;

use regex::Regex;

use super::{Diagnosis, Finding};
use crate::snippet;

/// What the documented script loads.
pub(super) const DOCUMENTED_SDK: &str = "https://www.datadoghq-browser-agent.com/datadog-rum-v3.js";

/// A script that starts the SDK.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SdkStart {
    /// Whether it is the one of Backstage's documents.
    pub(crate) is_documented: bool,
    /// Rates that are texts, of which the SDK takes none.
    pub(crate) quoted: Vec<String>,
    /// How many of a hundred sessions it measures, where that is fixed.
    pub(crate) rate: Option<f64>,
    /// A rate of 0 becomes 100.
    pub(crate) turns_zero: bool,
    /// The template of it fails where the config has no `env`.
    pub(crate) needs_env: bool,
    /// Where it loads the SDK from.
    pub(crate) sdk: Option<String>,
    /// The site that it names.
    pub(crate) site: Option<String>,
    /// The parts of a template are still in it.
    pub(crate) is_template: bool,
    pub(crate) has_proxy: bool,
    pub(crate) asks_for_settings: bool,
    /// How many lines below the script's first one something stands.
    pub(crate) lines: Lines,
}

/// Where in a script that stands of which something may be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) quoted: usize,
    pub(crate) rate: usize,
    pub(crate) env: usize,
    pub(crate) sdk: usize,
    pub(crate) site: usize,
    pub(crate) proxy: usize,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| unreachable!("the pattern is fixed: {error}"))
}

static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"\b(sampleRate|sessionSampleRate|replaySampleRate|sessionReplaySampleRate)["']?\s*:\s*["']"#)
});
static RATE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"\b(?:sampleRate|sessionSampleRate)["']?\s*:\s*["']?([0-9.]{1,10})\b"#));
static ZERO: LazyLock<Regex> = LazyLock::new(|| pattern(r"\|\|\s*100\b"));
static ENV: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"config\.getString\(\s*["']app\.datadogRum\.env["']\s*\)"#));
static SDK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"["'](https?://[^"'\s]{1,200}datadog-rum[^"'\s]{0,100}\.js)["']"#));
static SITE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"\bsite["']?\s*:\s*["']([A-Za-z0-9.-]{1,100})["']"#));
static PROXY: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\bproxy(Url)?["']?\s*:"#));

impl SdkStart {
    /// `None` for a script that does not start the SDK.
    pub(crate) fn of(script: &str) -> Option<Self> {
        if !script.contains("DD_RUM.init") && !script.contains("datadogRum.init") {
            return None;
        }
        let first =
            |regex: &Regex| regex.captures(script).and_then(|found| Some(found.get(1)?.as_str().to_owned()));
        let mut quoted: Vec<_> = QUOTED
            .captures_iter(script)
            .filter_map(|found| Some(found.get(1)?.as_str().to_owned()))
            .collect();
        quoted.sort_unstable();
        quoted.dedup();
        let line = |regex: &Regex| {
            regex.find(script).map_or(0, |found| script[..found.start()].matches('\n').count())
        };
        let lines = Lines {
            quoted: line(&QUOTED),
            rate: line(&RATE),
            env: line(&ENV),
            sdk: line(&SDK),
            site: line(&SITE),
            proxy: line(&PROXY),
        };
        Some(Self {
            is_documented: snippet::is_snippet(script),
            quoted,
            rate: first(&RATE).and_then(|rate| rate.parse().ok()),
            turns_zero: ZERO.is_match(script),
            needs_env: ENV.is_match(script),
            sdk: first(&SDK),
            site: first(&SITE),
            is_template: script.contains("<%"),
            has_proxy: PROXY.is_match(script),
            asks_for_settings: script.contains("remoteConfiguration"),
            lines,
        })
    }

    /// What the documents have one paste, as far as it is the same in all copies of it.
    pub(crate) fn documented() -> Self {
        Self {
            is_documented: true,
            quoted: vec![],
            turns_zero: false,
            rate: None,
            needs_env: false,
            sdk: Some(DOCUMENTED_SDK.to_owned()),
            site: None,
            is_template: true,
            has_proxy: false,
            asks_for_settings: false,
            lines: Lines::default(),
        }
    }

    /// What is wrong with a script that starts the SDK, wherever it stands: `place` knows that of a line below its first one.
    pub(super) fn check(&self, place: impl Fn(usize) -> String, told: &mut Diagnosis) {
        if !self.quoted.is_empty() {
            told.add(
                Finding::error(
                    "the SDK refuses its rates",
                    format!(
                        "{} in the script that starts the SDK stands in quotes: every version of the SDK refuses a rate that is a \
                         text, and then sends nothing",
                        self.quoted.join(" and ")
                    ),
                )
                .at(place(self.lines.quoted))
                .help("Take the quotes around the rate away"),
            );
        }
        if let Some(major) = self.major().filter(|major| *major < 5) {
            told.add(
                Finding::warning(format!(
                    "The page loads version {major} of Datadog's SDK, which is years old; 7 is the newest"
                ))
                .at(place(self.lines.sdk)),
            );
        }
        if self.has_proxy && self.asks_for_settings {
            told.add(
                Finding::warning("The SDK asks for its settings (remoteConfiguration) through the proxy, which takes events only")
                    .at(place(self.lines.proxy)),
            );
        }
    }

    /// The major version that its loader names.
    pub(crate) fn major(&self) -> Option<u32> {
        let (_, version) = self.sdk.as_deref()?.rsplit_once("datadog-rum")?;
        version.strip_prefix("-v")?.strip_suffix(".js")?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::elements;

    fn of_fixture(name: &str) -> SdkStart {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages").join(name);
        let html = std::fs::read_to_string(path).unwrap();
        elements(&html)
            .filter(|element| element.is("script"))
            .find_map(|script| SdkStart::of(script.text()))
            .unwrap()
    }

    #[test]
    fn the_documented_script_is_understood_as_a_page_and_as_a_template() {
        let page = of_fixture("rt-snippet-rumcfg.html");
        assert!(page.is_documented && !page.is_template && page.quoted.is_empty() && !page.needs_env);
        assert_eq!(page.rate, Some(100.0));
        assert_eq!((page.major(), page.site.as_deref()), (Some(3), Some("datadoghq.eu")));
        let template = of_fixture("build-rumB.index.html.tmpl");
        assert!(template.is_template && template.needs_env);
        assert_eq!(template.site, None);
    }

    #[test]
    fn rum_42_rates_that_are_texts_are_seen_in_every_form() {
        for (options, quoted) in [
            (
                "sampleRate: '100', sessionReplaySampleRate: \"0\"",
                &["sampleRate", "sessionReplaySampleRate"][..],
            ),
            ("sessionSampleRate: '<%= config.getOptionalNumber(1) || 100 %>'", &["sessionSampleRate"][..]),
            ("\"sampleRate\": \"1\"", &["sampleRate"][..]),
            ("sampleRate: 100, mySampleRateName: 'x'", &[][..]),
            ("sessionSampleRate: <%= config.getOptionalNumber(1) || 100 %>", &[][..]),
        ] {
            let start = SdkStart::of(&format!("DD_RUM.init({{{options}}})")).unwrap();
            assert_eq!(start.quoted, quoted, "{options}");
            assert_eq!(start.turns_zero, options.contains("|| 100"));
        }
        assert_eq!(SdkStart::of("window.DD_RUM = 1"), None);
    }
}
