//! What of a page is text, what is printed, and what is chosen.

use super::{
    Fault, Line, Part,
    expression::{Expression, Words},
    token::tokens,
};

/// How deep choices may nest.
const MOST_DEPTH: usize = 64;

/// A choice whose end has not come yet.
struct Open {
    line: usize,
    branches: Vec<(Line<Expression>, Vec<Part>)>,
    /// The condition of the branch that is being read; `None` for `else`.
    condition: Option<Line<Expression>>,
    parts: Vec<Part>,
}

impl Open {
    /// The branch that was being read ends.
    fn close_branch(&mut self) -> Option<Vec<Part>> {
        let parts = std::mem::take(&mut self.parts);
        match self.condition.take() {
            Some(condition) => {
                self.branches.push((condition, parts));
                None
            }
            None => Some(parts),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Part>, Fault> {
    let mut reader = Reader { open: vec![], parts: vec![] };
    let (mut rest, mut line) = (text, 1);
    while let Some((before, inner, after)) = delimited(rest) {
        reader.push(Part::Text(before.to_owned()));
        line += lines(before);
        let printed = inner.strip_prefix(['=', '-']).filter(|printed| !printed.is_empty());
        let read = match printed {
            Some(printed) => expression(printed, line).map(|value| reader.push(Part::Value(value))),
            None => reader.statement(inner, line),
        };
        read.map_err(|what| Fault::Unknown(line, what))?;
        line += lines(inner);
        rest = after;
    }
    match reader.open.pop() {
        Some(open) => Err(Fault::Unknown(open.line, "an 'if' without end".to_owned())),
        None => {
            reader.push(Part::Text(rest.to_owned()));
            Ok(reader.parts)
        }
    }
}

/// The text before the next `<% … %>`, what is in it, and what is behind it. There is at least one character within, as
/// in lodash.
fn delimited(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("<%")?;
    // The mark of what is printed is not the character that must be there.
    let mark = usize::from(rest.starts_with(['=', '-']));
    let first = rest[mark..].chars().next()?.len_utf8();
    let end = mark + first + rest[mark + first..].find("%>")?;
    Some((before, &rest[..end], &rest[end + 2..]))
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

fn expression(text: &str, line: usize) -> Result<Line<Expression>, String> {
    let tokens = tokens(text)?;
    Ok(Line { line, what: Words::new(&tokens).only_expression()? })
}

struct Reader {
    open: Vec<Open>,
    parts: Vec<Part>,
}

impl Reader {
    fn push(&mut self, part: Part) {
        if matches!(&part, Part::Text(text) if text.is_empty()) {
            return;
        }
        match self.open.last_mut() {
            Some(open) => open.parts.push(part),
            None => self.parts.push(part),
        }
    }

    /// `if (…) {`, `} else if (…) {`, `} else {`, `}`, or nothing.
    fn statement(&mut self, text: &str, line: usize) -> Result<(), String> {
        let unknown = || format!("the statement '{}'", shortened(text));
        let tokens = tokens(text).map_err(|_| unknown())?;
        let mut words = Words::new(&tokens);
        if words.takes_name("if") {
            let condition = Line { line, what: condition(&mut words)? };
            if self.open.len() >= MOST_DEPTH {
                return Err(format!("more than {MOST_DEPTH} nested choices"));
            }
            let (branches, parts) = Default::default();
            self.open.push(Open { line, branches, condition: Some(condition), parts });
        } else if words.takes("}") {
            let mut open = self.open.pop().ok_or("a '}' that ends nothing")?;
            let closed = open.close_branch();
            if words.takes_name("else") {
                if closed.is_some() {
                    return Err("an 'else' behind an 'else'".to_owned());
                }
                if words.takes_name("if") {
                    open.condition = Some(Line { line, what: condition(&mut words)? });
                } else {
                    words.expects("{")?;
                }
                self.open.push(open);
            } else {
                words.takes(";");
                let otherwise = closed.unwrap_or_default();
                self.push(Part::Choice { branches: open.branches, otherwise });
            }
        }
        if words.is_done() { Ok(()) } else { Err(unknown()) }
    }
}

fn condition(words: &mut Words<'_>) -> Result<Expression, String> {
    words.expects("(")?;
    let condition = words.expression()?;
    words.expects(")")?;
    words.expects("{")?;
    Ok(condition)
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
