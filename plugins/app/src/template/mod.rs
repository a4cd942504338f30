//! `index.html.tmpl`: the part of lodash's templates, and of the JavaScript in them, that such pages use.
//!
//! `<%= … %>` and `<%- … %>` print an expression, `<% if (…) { %>`, `<% } else if (…) { %>`, `<% } else { %>` and `<% } %>`
//! choose. Expressions know `publicPath`, `config.has`, `config.get…` of strings, numbers and booleans, literals,
//! `|| && ?? ! ?: === !== +` and parentheses. What else there is in a page is a [`Fault`], with its line.
//!
//! Where Node prints a value as it is, it is escaped here for the place where it stands: a title cannot end an attribute, nor
//! a script.

mod expression;
mod parser;
mod place;
mod token;
mod value;

use greenroom::config::{ConfigError, RootConfig};

use self::{expression::Expression, place::Places};

/// A page before it is rendered.
#[derive(Debug)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Value(Line<Expression>),
    Choice { branches: Vec<(Line<Expression>, Vec<Part>)>, otherwise: Vec<Part> },
}

/// Something and the line that it stands in.
#[derive(Debug)]
struct Line<T> {
    line: usize,
    what: T,
}

/// What expressions can read.
pub(crate) struct Scope<'a> {
    pub(crate) config: &'a RootConfig,
    pub(crate) public_path: &'a str,
}

/// What is wrong with a page.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is more than is understood here: the line, and what it is.
    Unknown(usize, String),
    /// The config has no such value: the line, and what its reader says.
    Config(usize, Box<ConfigError>),
}

impl Template {
    /// Reads a page.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        parser::parse(text).map(Self)
    }

    /// The page with its values.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<String, Fault> {
        let mut page = Page::default();
        page.parts(&self.0, scope)?;
        Ok(page.text)
    }
}

#[derive(Default)]
struct Page {
    text: String,
    places: Places,
}

impl Page {
    fn parts(&mut self, parts: &[Part], scope: &Scope<'_>) -> Result<(), Fault> {
        for part in parts {
            match part {
                Part::Text(text) => self.text.push_str(text),
                Part::Value(expression) => {
                    let value = expression.evaluate(scope)?.printed();
                    let place = self.places.at_end_of(&self.text);
                    place.escape(&value, &mut self.text);
                }
                Part::Choice { branches, otherwise } => {
                    let mut chosen = otherwise;
                    for (condition, then) in branches {
                        if condition.evaluate(scope)?.is_truthy() {
                            chosen = then;
                            break;
                        }
                    }
                    self.parts(chosen, scope)?;
                }
            }
        }
        Ok(())
    }
}

impl Line<Expression> {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<value::Value, Fault> {
        self.what.evaluate(scope).map_err(|error| Fault::Config(self.line, Box::new(error)))
    }
}

#[cfg(test)]
mod tests;
