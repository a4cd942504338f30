//! Why plugins fail at a start: often all of them for one reason, which each wraps in words of its own.

use greenroom_node_log::facts::{BootStep, StepState};

/// Between what an error says and what it wraps: Backstage's `stringifyError` behind a comma, and its `CustomErrorBase`.
const BETWEEN: [&str; 2] = [", ", "; caused by "];

/// One reason, and whom it hit.
#[derive(Debug)]
pub(crate) struct Cause<'b> {
    /// The innermost error, in a line.
    pub(crate) text: String,
    /// All that the first of them said, if that is more.
    pub(crate) wrapped: Option<String>,
    /// Those that failed by it, in their order.
    pub(crate) steps: Vec<&'b BootStep>,
}

/// The reasons of these failures: who hit most comes first. Those that the config permits stand apart.
pub(crate) fn of<'b>(failed: impl IntoIterator<Item = &'b BootStep>) -> Vec<Cause<'b>> {
    let mut causes: Vec<(String, StepState, Cause<'b>)> = vec![];
    for step in failed {
        let said = step.error.as_ref().map_or("", |error| error.text.trim());
        let text = innermost(said);
        // A database or a file has the plugin's name, as a rule.
        let key = text.replace(&*step.plugin, "");
        match causes.iter_mut().find(|(known, state, _)| *known == key && *state == step.state) {
            Some((_, _, cause)) => cause.steps.push(step),
            None => {
                let wrapped = (said != text && !said.is_empty()).then(|| said.to_owned());
                causes.push((key, step.state, Cause { text, wrapped, steps: vec![step] }));
            }
        }
    }
    let mut causes: Vec<_> = causes.into_iter().map(|(.., cause)| cause).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.steps.len()));
    causes
}

/// What the error says that all others wrap, without the name of a plain `Error`.
fn innermost(said: &str) -> String {
    let line = said.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return "it says not why".to_owned();
    }
    let starts =
        BETWEEN.iter().flat_map(|between| line.match_indices(between).map(|(at, found)| at + found.len()));
    // An error without a message, such as an `AggregateError`, says less than what wraps it.
    let inner = starts.filter(|at| named(&line[*at..]).is_some()).max().map_or(line, |at| &line[at..]);
    match named(inner) {
        Some(("Error", message)) => message.to_owned(),
        _ => inner.to_owned(),
    }
}

/// `TypeError: it is none`: the name of an error, and its message.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, message) = text.split_once(": ")?;
    let is_name = name.ends_with("Error") && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && !message.trim().is_empty()).then_some((name, message))
}

/// `connect ECONNREFUSED 127.0.0.1:5432 (7 plugins: 'app', 'auth', 'catalog', 'events', 'proxy' and 2 more)`, for a sentence.
pub(crate) fn sentence(causes: &[Cause<'_>]) -> Option<String> {
    let [first, others @ ..] = causes else { return None };
    let whom = match &*first.steps {
        [one] => who(one),
        all => format!("{} plugins: {}", all.len(), super::names(all)),
    };
    let others = match others.len() {
        0 => String::new(),
        1 => "; one other cause".to_owned(),
        more => format!("; {more} other causes"),
    };
    Some(format!("{} ({whom}){others}", first.text))
}

/// `plugin 'catalog'`, `module 'github' of plugin 'catalog'`.
pub(crate) fn who(step: &BootStep) -> String {
    match &step.module {
        None => format!("plugin '{}'", step.plugin),
        Some(module) => format!("module '{module}' of plugin '{}'", step.plugin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_error_is_the_last_that_has_a_name_and_a_message() {
        let database = "Failed to instantiate service 'core.database' for 'catalog' because the factory function threw an error, \
                        Error: Failed to connect to the database to make sure that 'backstage_plugin_catalog' exists, ";
        for (said, expected) in [
            ("no index", "no index"),
            ("", "it says not why"),
            (
                &*format!("{database}Error: connect ECONNREFUSED 127.0.0.1:5432"),
                "connect ECONNREFUSED 127.0.0.1:5432",
            ),
            (
                &*format!("{database}AggregateError"),
                "Failed to connect to the database to make sure that 'backstage_plugin_catalog' exists, AggregateError",
            ),
            ("Plugin startup failed; caused by TypeError: x is no function", "TypeError: x is no function"),
            ("cannot read a, b: it is none\n    at x.js:1", "cannot read a, b: it is none"),
            ("Error: one, Error: ", "one, Error:"),
        ] {
            assert_eq!(innermost(said), expected);
        }
    }
}
