//! Reads a filter, and says where one is wrong and what is right.

use std::{error, fmt, iter::Peekable, str::CharIndices};

use crate::{
    escape::escaped,
    filter::term::{Comparison, Demand, Term, Value, is_field},
};

/// More terms are a mistake of whoever made the command line.
const MOST_TERMS: usize = 100;

/// Why a filter cannot be read, and at which place.
///
/// ```
/// use greenroom_logs::Filter;
///
/// let error = "plugin:catalog status:>many".parse::<Filter>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "a number belongs behind >, as in status:>500\n  plugin:catalog status:>many\n                         ^"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    text: String,
    at: usize,
    told: String,
}

impl FilterError {
    /// At which byte of the text.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, rest) = self.text.split_at_checked(self.at).unwrap_or((&self.text, ""));
        let mut shown = escaped(before).into_owned();
        let width = shown.chars().count();
        shown.push_str(&escaped(rest));
        write!(f, "{}\n  {shown}\n  {:width$}^", self.told, "")
    }
}

impl error::Error for FilterError {}

/// The terms of a text, or where it is wrong.
pub(crate) fn terms(text: &str) -> Result<Vec<Term>, FilterError> {
    let mut reader = Reader { text, chars: text.char_indices().peekable() };
    let mut terms = Vec::new();
    loop {
        while reader.chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        if reader.chars.peek().is_none() {
            return Ok(terms);
        }
        if terms.len() == MOST_TERMS {
            return reader.wrong(reader.text.len(), format!("a filter has at most {MOST_TERMS} terms"));
        }
        terms.push(reader.term()?);
    }
}

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl Reader<'_> {
    fn at(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn is_at_end(&mut self) -> bool {
        self.chars.peek().is_none_or(|(_, c)| c.is_whitespace())
    }

    fn wrong<T>(&self, at: usize, told: impl Into<String>) -> Result<T, FilterError> {
        Err(FilterError { text: self.text.to_owned(), at, told: told.into() })
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let negated = self.chars.next_if(|(_, c)| *c == '-').is_some();
        let at = self.at();
        if self.is_at_end() {
            return self.wrong(at, "what must not be there belongs behind -, as in -type:incomingRequest");
        }
        if self.chars.peek().is_some_and(|(_, c)| *c == '-') {
            return self.wrong(at, "one - is enough; a text that begins with one needs quotes, as in \"-x\"");
        }
        Ok(Term { negated, demand: self.demand(at)? })
    }

    fn demand(&mut self, at: usize) -> Result<Demand, FilterError> {
        if self.chars.peek().is_some_and(|(_, c)| *c == '"') {
            let text = self.quoted()?;
            return match text.is_empty() {
                true => self.wrong(at, "a text to look for belongs between the quotes"),
                false => Ok(Demand::Text(text)),
            };
        }
        let rest = &self.text[at..];
        let word = rest.split(char::is_whitespace).next().unwrap_or_default();
        if let Some(end) = word.find([':', '=']).filter(|end| is_field(&word[..*end]))
            && !word[end..].starts_with("://")
        {
            while self.chars.next_if(|(place, _)| *place <= at + end).is_some() {}
            let field = &word[..end];
            return Ok(Demand::Field(field.to_owned(), self.value(field)?));
        }
        if let Some(quote) = word.find('"') {
            return self.wrong(at + quote, "a text with a quote stands in quotes, as in \"say \\\"hi\\\"\"");
        }
        while self.chars.next_if(|(_, c)| !c.is_whitespace()).is_some() {}
        Ok(Demand::Text(word.to_owned()))
    }

    fn value(&mut self, field: &str) -> Result<Value, FilterError> {
        let at = self.at();
        if self.is_at_end() {
            return self.wrong(
                at,
                format!("a value belongs here, as in {field}:x; {field}:* asks for any, {field}:\"\" for an empty one"),
            );
        }
        match self.chars.peek() {
            Some((_, '"')) => return Ok(Value::Exactly(self.quoted()?)),
            Some((_, '<' | '>')) => return self.number(field),
            _ => {}
        }
        let mut parts = vec![String::new()];
        while let Some((at, c)) = self.chars.next_if(|(_, c)| !c.is_whitespace()) {
            let literal = match c {
                '*' => {
                    // Two in a row are one.
                    if parts.len() == 1 || parts.last().is_some_and(|part| !part.is_empty()) {
                        parts.push(String::new());
                    }
                    continue;
                }
                '"' => {
                    return self.wrong(at, format!("a quote within a value is written \\\", or all of it stands in quotes: {field}:\"…\""));
                }
                '\\' => match self.chars.next() {
                    Some((_, escaped)) => escaped,
                    None => return self.wrong(at, "a character belongs behind \\; the sign itself is \\\\"),
                },
                c => c,
            };
            if let Some(part) = parts.last_mut() {
                part.push(literal);
            }
        }
        Ok(match &mut *parts {
            [text] => Value::Exactly(std::mem::take(text)),
            [first, second] if first.is_empty() && second.is_empty() => Value::Any,
            _ => Value::Glob(parts),
        })
    }

    fn number(&mut self, field: &str) -> Result<Value, FilterError> {
        let is_less = self.chars.next().is_some_and(|(_, c)| c == '<');
        let or_equal = self.chars.next_if(|(_, c)| *c == '=').is_some();
        let comparison = match (is_less, or_equal) {
            (true, false) => Comparison::Less,
            (true, true) => Comparison::AtMost,
            (false, false) => Comparison::More,
            (false, true) => Comparison::AtLeast,
        };
        let at = self.at();
        let mut text = String::new();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| !c.is_whitespace()) {
            text.push(c);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Number(comparison, number)),
            _ => {
                let sign = comparison.as_str();
                self.wrong(at, format!("a number belongs behind {sign}, as in {field}:{sign}500"))
            }
        }
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let begin = self.at();
        self.chars.next();
        let mut text = String::new();
        loop {
            match self.chars.next() {
                Some((_, '"')) => break,
                Some((_, '\\')) => match self.chars.next() {
                    Some((_, c)) => text.push(c),
                    None => return self.wrong(begin, "this quote has no end"),
                },
                Some((_, c)) => text.push(c),
                None => return self.wrong(begin, "this quote has no end"),
            }
        }
        let at = self.at();
        if !self.is_at_end() {
            return self.wrong(at, "a space belongs behind the quote");
        }
        Ok(text)
    }
}
