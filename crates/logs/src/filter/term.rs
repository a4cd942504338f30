//! What a filter is made of, and how it is written.

use std::fmt;

/// One demand on a record, or on what it must not be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) negated: bool,
    pub(crate) demand: Demand,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Demand {
    /// The message or the stack has this text, in whatever case.
    Text(String),
    Field(String, Value),
}

/// What a field's value must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Any,
    Exactly(String),
    /// Texts, at least two, with anything between them.
    Glob(Vec<String>),
    Number(Comparison, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    pub(crate) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// Whether a text can be the name of a field in a filter.
pub(crate) fn is_field(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || "_@$".contains(c))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-@$/".contains(c))
}

/// Whether a character ends what has no quotes, or means something in it.
pub(crate) fn is_special(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\\' | '*')
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        match &self.demand {
            Demand::Text(text) => {
                let is_word = !text.is_empty()
                    && !text.starts_with('-')
                    && !text.contains(|c: char| is_special(c) || matches!(c, ':' | '='));
                if is_word { f.write_str(text) } else { quoted(f, text) }
            }
            Demand::Field(field, value) => write!(f, "{field}:{value}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exactly(text) if text.is_empty() || text.starts_with(['<', '>']) => quoted(f, text),
            Self::Exactly(text) if text.contains(is_special) => quoted(f, text),
            Self::Exactly(text) => f.write_str(text),
            Self::Glob(parts) => {
                for (nth, part) in parts.iter().enumerate() {
                    if nth > 0 {
                        f.write_str("*")?;
                    }
                    for (at, c) in part.chars().enumerate() {
                        let is_comparison = nth == 0 && at == 0 && matches!(c, '<' | '>');
                        if is_special(c) || is_comparison {
                            f.write_str("\\")?;
                        }
                        write!(f, "{c}")?;
                    }
                }
                Ok(())
            }
            Self::Number(comparison, number) => write!(f, "{}{number}", comparison.as_str()),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}
