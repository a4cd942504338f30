//! Values as JavaScript has them.

use greenroom_js::number;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl Value {
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(truth) => *truth,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
        }
    }

    pub(super) fn is_nullish(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// What a template prints of it.
    pub(super) fn printed(&self) -> String {
        if self.is_nullish() { String::new() } else { self.text() }
    }

    /// `a + b`
    pub(super) fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Text(_), _) | (_, Self::Text(_)) => Self::Text(self.text() + &other.text()),
            _ => Self::Number(self.number() + other.number()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool(truth) => truth.to_string(),
            Self::Number(n) => number::to_string(*n),
            Self::Text(text) => text.clone(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            // A text is never added as a number.
            Self::Undefined | Self::Text(_) => f64::NAN,
            Self::Null => 0.0,
            Self::Bool(truth) => f64::from(*truth),
            Self::Number(number) => *number,
        }
    }
}
