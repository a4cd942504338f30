//! Why plugins fail at a start: often all of them for one reason, which each wraps in words of its own.

use jiff::Timestamp;

use crate::{BootDocument, Failed};

/// Between what an error says and what it wraps: Backstage's `stringifyError` behind a comma, and its `CustomErrorBase`.
const BETWEEN: [&str; 2] = [", ", "; caused by "];

/// So many plugins are named in a sentence.
const MOST_NAMES: usize = 5;

/// What is said of who gives no reason.
const NO_REASON: &str = "it does not say why";

/// One reason, and whom it hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause<'a> {
    /// The innermost error, in a line.
    pub text: &'a str,
    /// Those that failed by it, in their order; at least one.
    pub failed: Vec<&'a Failed>,
}

impl<S> BootDocument<S> {
    /// Why plugins and modules have failed: who hit most comes first. Those that the config permits stand apart, and behind the others.
    pub fn causes(&self) -> Vec<Cause<'_>> {
        let mut causes: Vec<(String, Cause<'_>)> = vec![];
        for failed in &self.failures {
            let text = failed.causes.first().map_or(NO_REASON, String::as_str);
            // A database or a file has the plugin's name, as a rule.
            let key = match failed.plugin.as_deref() {
                Some(plugin) if !plugin.is_empty() => text.replace(plugin, ""),
                _ => text.to_owned(),
            };
            let is_it = |(known, cause): &&mut (String, Cause<'_>)| {
                *known == key && cause.is_permitted() == failed.permitted
            };
            match causes.iter_mut().find(is_it) {
                Some((_, cause)) => cause.failed.push(failed),
                None => causes.push((key, Cause { text, failed: vec![failed] })),
            }
        }
        let mut causes: Vec<_> = causes.into_iter().map(|(_, cause)| cause).collect();
        causes.sort_by_key(|cause| (cause.is_permitted(), std::cmp::Reverse(cause.failed.len())));
        causes
    }

    /// Why it has failed, for a sentence: `connect ECONNREFUSED 127.0.0.1:5432 (7 plugins: 'app', 'auth', 'catalog', 'events', 'proxy'
    /// and 2 more)`. Nothing of one that has not.
    pub fn why_failed(&self) -> Option<String> {
        if !self.has_failed() {
            return None;
        }
        let causes: Vec<_> = self.causes().into_iter().filter(|cause| !cause.is_permitted()).collect();
        let Some(first) = causes.first() else {
            return Some(self.failure.clone().unwrap_or_else(|| NO_REASON.to_owned()));
        };
        let whom = match &*first.failed {
            [_] => first.whom(),
            all => format!("{} plugins: {}", all.len(), first.names()),
        };
        Some(format!("{} ({whom}){}", first.text, Cause::others(causes.len())))
    }
}

impl<'a> Cause<'a> {
    /// Whether the config lets the start go on without them.
    pub fn is_permitted(&self) -> bool {
        self.failed.first().is_some_and(|failed| failed.permitted)
    }

    /// All that the first of them said around the innermost error, from the inside out.
    pub fn outer(&self) -> &'a [String] {
        self.failed.first().and_then(|failed| failed.causes.get(1..)).unwrap_or_default()
    }

    /// Since when the first of them has failed, where that is known.
    pub fn since(&self) -> Option<Timestamp> {
        self.failed.iter().find_map(|failed| failed.since)
    }

    /// `plugin 'catalog'`, `module 'github' of plugin 'catalog'`, `7 plugins ('app', 'auth', 'catalog', 'events', 'proxy' and 2 more)`.
    pub fn whom(&self) -> String {
        match &*self.failed {
            [one] => one.who(),
            all => format!("{} plugins ({})", all.len(), self.names()),
        }
    }

    /// What stands behind the first of so many: `; one other cause`.
    pub fn others(count: usize) -> String {
        match count.saturating_sub(1) {
            0 => String::new(),
            1 => "; one other cause".to_owned(),
            more => format!("; {more} other causes"),
        }
    }

    fn names(&self) -> String {
        let named = self.failed.iter().take(MOST_NAMES);
        let named: Vec<_> =
            named.map(|failed| format!("'{}'", failed.plugin.as_deref().unwrap_or_default())).collect();
        match self.failed.len().saturating_sub(MOST_NAMES) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

impl Failed {
    /// `plugin 'catalog'`, `module 'github' of plugin 'catalog'`, `the backend`.
    pub fn who(&self) -> String {
        match (&self.plugin, &self.module) {
            (Some(plugin), None) => format!("plugin '{plugin}'"),
            (Some(plugin), Some(module)) => format!("module '{module}' of plugin '{plugin}'"),
            (None, _) => self.owner.clone().unwrap_or_else(|| "the backend".to_owned()),
        }
    }
}

/// What an error of Node's says, as causes: the innermost first, and all of it, if that is more.
pub(crate) fn of_text(said: &str) -> Vec<String> {
    let said = said.trim();
    let inner = innermost(said);
    match inner {
        None => vec![],
        Some(inner) if inner == said => vec![inner.to_owned()],
        Some(inner) => vec![inner.to_owned(), said.to_owned()],
    }
}

/// What the error says that all others wrap, without the name of a plain `Error`.
fn innermost(said: &str) -> Option<&str> {
    let line = said.lines().next().map(str::trim).filter(|line| !line.is_empty())?;
    let starts =
        BETWEEN.iter().flat_map(|between| line.match_indices(between).map(|(at, found)| at + found.len()));
    // An error without a message, such as an `AggregateError`, says less than what wraps it.
    let inner = starts.filter(|at| named(&line[*at..]).is_some()).max().map_or(line, |at| &line[at..]);
    Some(match named(inner) {
        Some(("Error", message)) => message,
        _ => inner,
    })
}

/// `TypeError: it is none`: the name of an error, and its message.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, message) = text.split_once(": ")?;
    let is_name = name.ends_with("Error") && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && !message.trim().is_empty()).then_some((name, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn the_innermost_error_is_the_last_that_has_a_name_and_a_message() {
        let database = "Failed to instantiate service 'core.database' for 'catalog' because the factory function threw an error, \
                        Error: Failed to connect to the database to make sure that 'backstage_plugin_catalog' exists, ";
        for (said, expected) in [
            ("no index", Some("no index")),
            ("", None),
            (
                &*format!("{database}Error: connect ECONNREFUSED 127.0.0.1:5432"),
                Some("connect ECONNREFUSED 127.0.0.1:5432"),
            ),
            (
                &*format!("{database}AggregateError"),
                Some(
                    "Failed to connect to the database to make sure that 'backstage_plugin_catalog' exists, AggregateError",
                ),
            ),
            (
                "Plugin startup failed; caused by TypeError: x is no function",
                Some("TypeError: x is no function"),
            ),
            ("cannot read a, b: it is none\n    at x.js:1", Some("cannot read a, b: it is none")),
            ("Error: one, Error: ", Some("one, Error:")),
        ] {
            assert_eq!(innermost(said.trim()), expected);
        }
    }

    #[test]
    fn each_cause_is_told_once_with_all_that_it_hit_and_what_is_permitted_comes_last() {
        let failed = |plugin: &str, cause: &str, permitted| Failed {
            plugin: Some(plugin.to_owned()),
            causes: of_text(cause),
            permitted,
            ..Failed::default()
        };
        let document = BootDocument::<()> {
            outcome: Some(Outcome::Failure),
            failures: vec![
                failed("app", "no bundle", true),
                failed("kubernetes", "", false),
                failed("catalog", "no database 'portal_catalog'", false),
                failed("search", "no database 'portal_search'", false),
            ],
            ..BootDocument::default()
        };
        let told: Vec<_> =
            document.causes().iter().map(|cause| (cause.text.to_owned(), cause.whom())).collect();
        let told: Vec<_> = told.iter().map(|(text, whom)| (text.as_str(), whom.as_str())).collect();
        assert_eq!(
            told,
            [
                ("no database 'portal_catalog'", "2 plugins ('catalog', 'search')"),
                ("it does not say why", "plugin 'kubernetes'"),
                ("no bundle", "plugin 'app'"),
            ]
        );
        assert_eq!(
            document.why_failed().as_deref(),
            Some("no database 'portal_catalog' (2 plugins: 'catalog', 'search'); one other cause")
        );
    }
}
