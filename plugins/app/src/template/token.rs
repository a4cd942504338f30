//! The words of JavaScript, as far as templates use it.

use greenroom_js::number;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Number(f64),
    /// An operator, a bracket, a dot.
    Sign(&'static str),
}

/// Longer ones first: what begins alike.
const SIGNS: [&str; 16] =
    ["===", "!==", "||", "&&", "??", "?", ":", "!", "+", "(", ")", "{", "}", ".", ",", ";"];

/// The words of a text; the error says what is none.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if let Some(comment) = rest.strip_prefix("/*") {
            (None, 2 + comment.find("*/").ok_or("a comment without end")? + 2)
        } else if matches!(first, '\'' | '"') {
            let (literal, length) = literal(rest, first)?;
            (Some(Token::Text(literal)), length)
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
            let digits = &rest[..end];
            // A 0 in front makes another number of it.
            let is_plain =
                !digits.starts_with('0') || digits.len() == 1 || !digits.as_bytes()[1].is_ascii_digit();
            let number = number::parse(digits).filter(|_| is_plain).ok_or_else(|| quoted(digits))?;
            (Some(Token::Number(number)), end)
        } else if is_of_name(first) {
            let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
            (Some(Token::Name(rest[..end].to_owned())), end)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).filter(|sign| is_whole(sign, rest));
            let sign = sign.ok_or_else(|| quoted(&rest.chars().take(12).collect::<String>()))?;
            (Some(Token::Sign(sign)), sign.len())
        };
        out.extend(token);
        rest = &rest[length..];
    }
    Ok(out)
}

/// Not the beginning of an operator that is not known here: `?.`, `++`, `!=`.
fn is_whole(sign: &str, text: &str) -> bool {
    let next = text[sign.len()..].chars().next();
    match sign {
        "?" => next != Some('.'),
        "+" => !matches!(next, Some('+' | '=')),
        "!" | "||" | "&&" | "??" => next != Some('='),
        _ => true,
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// A text in quotes, and how long it is with them.
fn literal(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' | '\r' => break,
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, c @ ('\\' | '\'' | '"' | '/' | '`'))) => out.push(c),
                other => {
                    return Err(format!(
                        "the escape \\{}",
                        other.map_or(String::new(), |(_, c)| c.to_string())
                    ));
                }
            },
            c if c == quote => return Ok((out, at + 1)),
            c => out.push(c),
        }
    }
    Err("a text without end".to_owned())
}

/// What is not understood, for people.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.trim())
}
