//! A Content-Security-Policy, as far as the checks ask.

/// The directives of one policy, names in lower case; of two of one name the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy(Vec<(String, Vec<String>)>);

/// There are some thirty names: no policy has more directives, and what comes behind is not read.
const MOST: usize = 100;

impl Policy {
    pub(crate) fn parse(text: &str) -> Self {
        let mut found: Vec<(String, Vec<String>)> = vec![];
        for directive in text.split(';') {
            if found.len() == MOST {
                break;
            }
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            if found.iter().all(|(known, _)| *known != name) {
                found.push((name, words.map(str::to_owned).collect()));
            }
        }
        Self(found)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.directive(name).is_some()
    }

    fn directive(&self, name: &str) -> Option<&[String]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, sources)| &**sources)
    }

    /// The sources that hold for this kind; `None` where all are allowed.
    pub(crate) fn sources(&self, name: &str) -> Option<&[String]> {
        self.directive(name).or_else(|| self.directive("default-src"))
    }

    /// Whether a kind may come from this keyword or scheme, such as `'self'`.
    pub(crate) fn allows(&self, name: &str, source: &str) -> bool {
        self.sources(name).is_none_or(|sources| {
            sources.iter().any(|known| known.eq_ignore_ascii_case(source) || known == "*")
        })
    }

    /// Whether scripts that stand in the page run. A nonce or a hash switches `'unsafe-inline'` off.
    pub(crate) fn runs_inline_scripts(&self) -> bool {
        self.sources("script-src").is_none_or(|sources| {
            let is_precise = |source: &String| source.starts_with("'nonce-") || source.starts_with("'sha");
            sources.iter().any(|source| source.eq_ignore_ascii_case("'unsafe-inline'"))
                && !sources.iter().any(is_precise)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_kind_without_a_directive_falls_back_to_the_default() {
        let policy = Policy::parse("default-src 'self'; IMG-SRC *;img-src 'none';upgrade-insecure-requests");
        assert!(policy.allows("script-src", "'self'") && !policy.allows("script-src", "https:"));
        assert!(policy.allows("img-src", "https:"), "the first of two counts");
        assert!(policy.has("upgrade-insecure-requests") && !policy.has("script-src"));
        assert!(Policy::parse("").allows("script-src", "https:"));
    }

    #[test]
    fn inline_scripts_run_only_where_nothing_more_precise_is_asked_for() {
        for (policy, runs) in [
            ("script-src 'self'", false),
            ("script-src 'self' 'unsafe-inline'", true),
            ("script-src 'unsafe-inline' 'nonce-abc'", false),
            ("img-src 'self'", true),
        ] {
            assert_eq!(Policy::parse(policy).runs_inline_scripts(), runs, "{policy}");
        }
    }

    #[test]
    fn of_a_policy_without_an_end_the_first_directives_are_kept() {
        let text: String = (0..200_000).map(|number| format!("d{number} x;")).collect();
        let policy = Policy::parse(&text);
        assert_eq!(policy.0.len(), MOST);
        assert!(policy.has("d99") && !policy.has("d100"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
            let policy = Policy::parse(&text);
            policy.allows("script-src", "'self'");
            policy.runs_inline_scripts();
        }
    }
}
