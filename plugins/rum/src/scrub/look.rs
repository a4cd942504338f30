//! What is looked at: the same text comes again in each event of a batch, and most texts hold nothing at a glance.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::LazyLock,
};

use greenroom_redact::{MASK, name_is_secret};

use super::{
    sdk_names::SDK_NAMES,
    steps::seen,
    text::{Parameters, findings},
};

/// How many texts are remembered.
const MOST: usize = 512;
/// How long one may be: twice the length of a URL that a page has.
const LONGEST: usize = 4 << 10;

/// How much may be found in one.
const MANY: usize = 16;

/// Names that the SDK gives, of which none is a secret's.
static HARMLESS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| SDK_NAMES.iter().copied().filter(|name| !name_is_secret(name)).collect());

/// Looks at the texts of a batch.
pub(crate) struct Look<'k> {
    kept: &'k Parameters,
    known: HashMap<Box<str>, Box<[Range<usize>]>>,
    secret_names: HashMap<Box<str>, bool>,
}

impl<'k> Look<'k> {
    pub(crate) fn new(kept: &'k Parameters) -> Self {
        Self { kept, known: HashMap::new(), secret_names: HashMap::new() }
    }

    /// Whether a name is a secret's.
    pub(super) fn is_secret(&mut self, name: &str) -> bool {
        if self.is_known(name) {
            return false;
        }
        if let Some(is_secret) = self.secret_names.get(name) {
            return *is_secret;
        }
        let is_secret = name_is_secret(name);
        if self.secret_names.len() < MOST && name.len() <= LONGEST {
            self.secret_names.insert(name.into(), is_secret);
        }
        is_secret
    }

    /// Whether it is a name of the SDK's, which holds nothing.
    pub(super) fn is_known(&self, name: &str) -> bool {
        HARMLESS.contains(name)
    }

    /// Where a text holds what is personal or secret.
    pub(super) fn at(&mut self, text: &str) -> Vec<Range<usize>> {
        if is_plain(text) {
            return vec![];
        }
        if let Some(known) = self.known.get(text) {
            return known.to_vec();
        }
        let found = findings(text, self.kept);
        if self.known.len() < MOST && text.len() <= LONGEST && found.len() <= MANY {
            self.known.insert(text.into(), found.clone().into());
        }
        found
    }

    /// The text with `***` in place of that.
    pub(crate) fn masked(&mut self, text: &str) -> String {
        let (mut out, mut at) = (String::new(), 0);
        for range in self.at(text) {
            out.push_str(&text[at..range.start]);
            out.push_str(MASK);
            at = range.end;
        }
        out + &text[at..]
    }
}

/// Whether it is a word, a number or an id in which no rule finds anything: none of the marks that they go by, and no token's
/// beginning.
fn is_plain(text: &str) -> bool {
    let mut before = [0_u8; 2];
    text.bytes().map(seen).all(|byte| {
        let begins_token = match byte {
            b'j' | b'J' => before[1].eq_ignore_ascii_case(&b'y'),
            b'h' | b'i' | b'l' => before[1] == b'g',
            b'o' => before[1] == b'x',
            _ => false,
        };
        before = [before[1], byte];
        !begins_token && (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_sdk_are_known_but_for_those_of_secrets() {
        let kept = Parameters::with([]);
        let mut look = Look::new(&kept);
        assert!(look.is_known("largest_contentful_paint") && !look.is_known("authToken"));
        assert!(!look.is_secret("view") && look.is_secret("authToken") && look.is_secret("authToken"));
        assert!(SDK_NAMES.is_sorted(), "so that each is there once");
    }

    #[test]
    fn what_is_known_is_found_again() {
        let kept = Parameters::with([]);
        let mut look = Look::new(&kept);
        for _ in 0..2 {
            assert_eq!(look.at("/x?code=1&page=2"), std::slice::from_ref(&(8..9)));
        }
        assert_eq!(look.masked("/users/jane@example.com/x?code=1"), "/users/***/x?code=***");
        assert!(is_plain("6bcc475f-393b-458d-8ed1-9e00e2a6c7fe") && is_plain("long-animation-frame"));
    }

    proptest! {
        #[test]
        fn in_what_is_plain_nothing_is_found(
            text in "[A-Za-z0-9._-]{0,24}|(eyJ|ghp_|github_pat_|glpat-|xoxb-)[A-Za-z0-9]{16,20}|(eyJ|EYJ|eyj|gh|ghp_|github_pat_|glpat-|xoxb-|bearer|basic|hooks|[a-z0-9_.-]{1,20}){0,4}",
        ) {
            if is_plain(&text) {
                prop_assert!(findings(&text, &Parameters::with([])).is_empty());
            }
        }
    }
}
