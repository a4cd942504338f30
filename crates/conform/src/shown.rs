//! What a report may hold of what servers have said.

use greenroom_logging::visible;
use greenroom_redact as redact;

use crate::{
    compare::{Compared, Difference},
    report::Subject,
};

/// How many characters of a value or of a name are shown.
pub(crate) const LONGEST: usize = 200;

/// How many of a place, which is made of many names.
const LONGEST_PLACE: usize = 2000;

/// A value as it may be shown: that of a secret's name is not, and credentials within it are masked.
pub(crate) fn masked(name: &str, value: &str) -> String {
    match redact::name_is_secret(name) && name != "set-cookie" {
        true => redact::MASK.to_owned(),
        false => redact::text(value).into_owned(),
    }
}

/// The beginning of a text, if it is long. Of credentials that were cut, nobody could tell any more what they are: they are masked first.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = redact::text(text);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into_owned(),
    }
}

/// A text as a report takes it: without credentials, as far as their form shows them, on one line, and without orders for a terminal.
pub(crate) fn shown(text: &str) -> String {
    visible(&short(text, LONGEST_PLACE)).into_owned()
}

impl Subject {
    /// As a report takes it. Requests are as they are made: no server has a say in them but by the names of plain files.
    pub(crate) fn shown(self) -> Self {
        let line = |line: &str| visible(line).into_owned();
        Self {
            name: shown(&self.name),
            request: self.request.as_deref().map(line),
            curl: self.curl.map(|both| both.map(|one| line(&one))),
            ..self
        }
    }
}

impl Compared {
    /// As a report takes it.
    pub(crate) fn shown(self) -> Self {
        let text = |text: Option<String>| text.as_deref().map(shown);
        let difference =
            |Difference { what, a, b }| Difference { what: shown(&what), a: text(a), b: text(b) };
        Self {
            differences: self.differences.into_iter().map(difference).collect(),
            not_comparable: text(self.not_comparable),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_credentials_not_even_a_part_and_no_orders() {
        assert_eq!(
            shown("to https://me:pw@h\n\u{1b}[2J\u{9b}\u{202e}"),
            r"to https://***@h\n\u001b[2J\u009b\u202e"
        );
        let jwt = format!("eyJhbGciOi.eyJzdWIi{}.c2ln", "a".repeat(10_000));
        assert_eq!(short(&format!("{} {jwt}", "a".repeat(20)), 24), format!("{} ***", "a".repeat(20)));
        assert_eq!(short(&"é".repeat(3), 2), "éé…");
        assert_eq!(shown(&"a".repeat(5000)).chars().count(), LONGEST_PLACE + 1);
    }

    #[test]
    fn the_value_of_a_secret_name_is_not_shown() {
        assert_eq!(
            [masked("x-api-key", "abc"), masked("etag", "abc"), masked("set-cookie", "a=<value>")],
            ["***", "abc", "a=<value>"]
        );
    }
}
