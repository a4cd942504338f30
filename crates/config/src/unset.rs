//! Values that are not there because a variable has no value: what else would be told as "missing" names the variable.
//!
//! Must not know how strings are substituted, nor who misses the value.

use std::fmt;

use crate::{Place, place::At};

/// A value that is left out because a variable is not set, as Backstage does without a word.
#[derive(Clone, Debug)]
pub struct Unset {
    /// The key that is not there.
    pub key: String,
    /// The variable. Of a strange name, which may be a misspelt default, only the beginning and `…`.
    pub variable: String,
    /// Where the value is written.
    pub place: Place,
    pub(crate) at: At,
}

impl Unset {
    pub(crate) fn new(key: String, variable: &str, at: &At) -> Self {
        Self { key, variable: shown(variable), place: at.place(), at: at.clone() }
    }

    /// Whether a value at this key is missing because of it: at the key itself, below it, or an element of a list there.
    pub(crate) fn explains(&self, key: &str) -> bool {
        let within = |inner: &str, outer: &str, next: &[char]| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(next))
        };
        within(key, &self.key, &['.', '[']) || within(&self.key, key, &['['])
    }
}

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is left out, because {} is not set ({})", self.key, self.variable, self.place)?;
        misspelt_default(&self.variable).map_or(Ok(()), |meant| write!(f, "; {meant}"))
    }
}

/// Whether it can stand in the name of a variable that a shell knows.
pub(crate) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Stands for what is not shown of a name.
const CUT: char = '…';

/// The name up to the first character that is strange in one: the rest may be meant as a default, and be a secret.
pub(crate) fn shown(variable: &str) -> String {
    match variable.find(|c| !is_of_name(c)) {
        None => variable.to_owned(),
        Some(end) => format!("{}{CUT}", &variable[..end]),
    }
}

/// What to do about it. Takes the variable as [`shown`].
pub(crate) fn help(variable: &str) -> String {
    misspelt_default(variable).unwrap_or_else(|| {
        format!("set the environment variable {variable}, or give it a default: ${{{variable}:-value}}")
    })
}

/// `${A-b}` is a default to a shell, and a variable with a strange name to Backstage.
fn misspelt_default(shown: &str) -> Option<String> {
    let name = shown.strip_suffix(CUT).filter(|name| !name.is_empty())?;
    Some(format!("a default is written `:-`, as in ${{{name}:-value}}"))
}
