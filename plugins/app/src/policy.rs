//! A `Content-Security-Policy` to which sources are added.

use std::fmt;

/// Directives that are `default-src` where they are not told.
const FETCH: [&str; 14] = [
    "child-src",
    "connect-src",
    "font-src",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-elem",
    "style-src",
    "style-src-elem",
    "worker-src",
    "prefetch-src",
];

/// Directives with their sources, in order.
pub(crate) struct Policy(Vec<(String, Vec<String>)>);

impl Policy {
    pub(crate) fn parse(text: &str) -> Self {
        let directive = |text: &str| {
            let mut words = text.split_ascii_whitespace().map(str::to_owned);
            Some((words.next()?, words.collect()))
        };
        Self(text.split(';').filter_map(directive).collect())
    }

    /// Adds a source. A directive that is not told takes over what it stands for; without that nothing is forbidden.
    pub(crate) fn allow(&mut self, directive: &str, source: &str) {
        let sources = |policy: &Self, name: &str| {
            policy.0.iter().find(|(known, _)| known == name).map(|(_, sources)| sources.clone())
        };
        if sources(self, directive).is_none() {
            let inherited = FETCH.contains(&directive).then(|| sources(self, "default-src")).flatten();
            let Some(inherited) = inherited else { return };
            self.0.push((directive.to_owned(), inherited));
        }
        for (_, sources) in self.0.iter_mut().filter(|(known, _)| known == directive) {
            sources.retain(|source| source != "'none'");
            if !sources.iter().any(|known| known == source) {
                sources.push(source.to_owned());
            }
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self
            .0
            .iter()
            .map(|(name, sources)| format!("{name} {}", sources.join(" ")).trim_end().to_owned());
        f.write_str(&texts.collect::<Vec<_>>().join(";"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(policy: &str, directive: &str) -> String {
        let mut policy = Policy::parse(policy);
        policy.allow(directive, "https://x");
        policy.to_string()
    }

    #[test]
    fn a_source_is_added_to_what_holds_already() {
        let policy = "default-src 'self';object-src 'none';upgrade-insecure-requests";
        for (directive, expected) in [
            ("default-src", "default-src 'self' https://x;object-src 'none';upgrade-insecure-requests"),
            ("object-src", "default-src 'self';object-src https://x;upgrade-insecure-requests"),
            (
                "worker-src",
                "default-src 'self';object-src 'none';upgrade-insecure-requests;worker-src 'self' https://x",
            ),
            ("form-action", policy),
        ] {
            assert_eq!(allowed(policy, directive), expected);
        }
        assert_eq!(allowed("script-src https://x", "script-src"), "script-src https://x");
        assert_eq!(allowed("script-src 'self'", "img-src"), "script-src 'self'");
    }
}
