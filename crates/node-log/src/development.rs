//! The logger's line in development, coloured or plain: `<time> <origin> <level> <message> <key>=<json> …`.
//!
//! Node's always has colours, a pipe or not; a line without fields ends in a space there. Greenroom's pretty line has the same
//! form. A message of several lines is printed as it is, with the fields behind its last line; Greenroom's is on one line, with a stack
//! below it, of which each line is indented.

use std::{borrow::Cow, ops::Range};

use greenroom_logging::Level;
use serde::Deserialize as _;
use serde_json::value::RawValue;

use crate::{Field, Kind, Plugin, Record, Time, guess};

const DIM: &[u8] = b"\x1b[2m";
const BLUE: &[u8] = b"\x1b[34m";
const PLAIN: &[u8] = b"\x1b[39m";
const CYAN: &str = "\x1b[36m";

/// Services that the framework's own loggers have in the place of a plugin's id.
const SERVICES: [&str; 2] = ["backstage", "rootHttpRouter"];

/// A longer key, time or origin is none.
const LONGEST_KEY: usize = 256;

/// How many places are tried at which the fields may begin.
const MOST_ATTEMPTS: usize = 64;

/// What stands before the message.
#[derive(Debug)]
pub(crate) struct Prefix {
    time: Range<usize>,
    origin: Range<usize>,
    level: Level,
    coloured: bool,
    /// Where the message begins.
    end: usize,
}

impl Prefix {
    pub(crate) fn of(line: &[u8]) -> Option<Self> {
        if line.starts_with(DIM) { Self::coloured(line) } else { Self::plain(line) }
    }

    fn coloured(line: &[u8]) -> Option<Self> {
        let time = until(line, DIM.len(), b"\x1b[22m ")?;
        let from = time.end + b"\x1b[22m ".len();
        let origin = line.get(from..)?.starts_with(BLUE).then_some(from + BLUE.len())?;
        let origin = until(line, origin, b"\x1b[39m ")?;
        let from = origin.end + b"\x1b[39m ".len();
        let colour = line.get(from..)?.starts_with(b"\x1b[").then_some(from + 2)?;
        let colour = until(line, colour, b"m")?;
        let level = until(line, colour.end + 1, PLAIN)?;
        let end = level.end + PLAIN.len();
        let level = level_of(line.get(level)?)?;
        Some(Self { time, origin, level, coloured: true, end: (end + 1).min(line.len()) })
    }

    fn plain(line: &[u8]) -> Option<Self> {
        let time = until(line, 0, b" ")?;
        is_time(line.get(time.clone())?).then_some(())?;
        let origin = until(line, time.end + 1, b" ")?;
        let rest = line.get(origin.end + 1..)?;
        let level = rest.iter().take(8).position(|&byte| byte == b' ').unwrap_or(rest.len());
        let end = origin.end + 1 + level;
        let level = level_of(&rest[..level])?;
        Some(Self { time, origin, level, coloured: false, end: (end + 1).min(line.len()) })
    }
}

/// All up to a mark; what stands before a message is short.
fn until(line: &[u8], from: usize, mark: &[u8]) -> Option<Range<usize>> {
    let most = line.len().min(from.checked_add(LONGEST_KEY)?);
    let found = memchr::memmem::find(line.get(from..most)?, mark)?;
    Some(from..from + found)
}

fn level_of(name: &[u8]) -> Option<Level> {
    Level::ALL.into_iter().find(|level| level.as_str().as_bytes() == name)
}

/// Whether the text is a time as the logger prints it: `2026-11-28T19:38:17.958Z`.
fn is_time(text: &[u8]) -> bool {
    text.len() == 24
        && text.iter().zip(b"0000-00-00T00:00:00.000Z").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
}

/// Whether a coloured line's message goes on in the next line.
pub(crate) fn opens(line: &[u8]) -> bool {
    line.starts_with(DIM) && is_open(line)
}

/// Whether a message goes on behind this line of it: else it would end in fields, or in a space for none.
pub(crate) fn is_open(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    !line.ends_with(b" ") && memchr::memmem::find(line, CYAN.as_bytes()).is_none()
}

/// The record of a line and those that belong to it.
pub(crate) fn record(text: &str) -> Option<Record<'_>> {
    let (text, below) = line_and_stack(text);
    let (prefix, message, fields) = parts(text)?;
    let origin = text.get(prefix.origin)?;
    let (mut stack, mut record_type) = (below.map(Cow::Owned), None);
    for field in &fields {
        let place = match &*field.key {
            "stack" => &mut stack,
            "type" => &mut record_type,
            _ => continue,
        };
        *place = serde_json::from_str::<String>(&field.json).ok().map(Cow::Owned);
    }
    let is_service = SERVICES.contains(&origin);
    let guess = || guess::plugin(stack.as_deref()?).map(|id| Plugin::Guess(Cow::Owned(id.to_owned())));
    let named = (!is_service && origin != "undefined").then_some(Plugin::Named(Cow::Borrowed(origin)));
    Some(Record {
        time: Some(Time(Cow::Borrowed(text.get(prefix.time)?))),
        plugin: named.or_else(guess),
        service: is_service.then_some(Cow::Borrowed(origin)),
        record_type,
        stack,
        ..Record::new(Kind::Development, prefix.level, message)
    })
}

/// The fields of a line, without its stack.
pub(crate) fn fields(text: &str) -> Vec<Field<'_>> {
    let fields = parts(line_and_stack(text).0).map(|(_, _, fields)| fields).unwrap_or_default();
    fields.into_iter().filter(|field| field.key != "stack" || !field.json.starts_with('"')).collect()
}

/// A whole line, and the stack below it, if that is all that follows.
fn line_and_stack(text: &str) -> (&str, Option<String>) {
    const INDENT: &str = "    ";
    let Some((line, below)) = text.trim_end_matches('\n').split_once('\n') else { return (text, None) };
    let stack: Option<Vec<_>> = below.lines().map(|line| line.strip_prefix(INDENT)).collect();
    // A message that goes on below its first line has neither there.
    let is_whole = || line.ends_with(' ') || parts(line).is_some_and(|(_, _, fields)| !fields.is_empty());
    match stack.filter(|_| is_whole()) {
        Some(stack) => (line, Some(stack.join("\n"))),
        None => (text, None),
    }
}

fn parts(text: &str) -> Option<(Prefix, &str, Vec<Field<'_>>)> {
    let prefix = Prefix::of(text.as_bytes())?;
    let said = text.get(prefix.end..)?;
    let said = said.trim_end_matches('\n');
    // A space at the end says that there are no fields.
    if let Some(message) = said.strip_suffix(' ') {
        return Some((prefix, message, Vec::new()));
    }
    let (message, fields) = if prefix.coloured { split_coloured(said) } else { split_plain(said) };
    Some((prefix, message, fields))
}

/// The message, and the fields behind it.
fn split_coloured(said: &str) -> (&str, Vec<Field<'_>>) {
    const BEGIN: &str = " \x1b[36m";
    let mut from = 0;
    for _ in 0..MOST_ATTEMPTS {
        let Some(found) = said[from..].find(BEGIN) else { break };
        let begin = from + found;
        let mut fields = Vec::new();
        let mut at = begin;
        while let Some((field, rest)) = said[at..].strip_prefix(BEGIN).and_then(coloured_field) {
            fields.extend(field);
            at = said.len() - rest.len();
        }
        if at == said.len() {
            return (&said[..begin], fields);
        }
        from = at.max(begin + BEGIN.len());
    }
    (said, Vec::new())
}

/// A field without what stands before its key, and what is behind it; no field if its value is `undefined`.
fn coloured_field(text: &str) -> Option<(Option<Field<'_>>, &str)> {
    let (key, rest) = text.split_once("\x1b[39m=")?;
    if key.len() > LONGEST_KEY || key.contains('\x1b') {
        return None;
    }
    let (json, rest) = value(rest)?;
    Some((json.map(|json| Field { key: Cow::Borrowed(key), json }), rest))
}

fn split_plain(said: &str) -> (&str, Vec<Field<'_>>) {
    let mut from = 0;
    for _ in 0..MOST_ATTEMPTS {
        // The nearest equals sign tells where a key may begin.
        let Some(sign) = said[from..].find('=').map(|found| from + found) else { break };
        let begin = said[from..sign].rfind([' ', '\n']).map(|found| from + found);
        let Some(begin) = begin.filter(|&begin| said.as_bytes()[begin] == b' ') else {
            from = sign + 1;
            continue;
        };
        let mut fields = Vec::new();
        let mut at = begin;
        while let Some((field, rest)) = said[at..].strip_prefix(' ').and_then(plain_field) {
            fields.extend(field);
            at = said.len() - rest.len();
        }
        if at == said.len() {
            return (&said[..begin], fields);
        }
        from = at.max(sign + 1);
    }
    (said, Vec::new())
}

fn plain_field(text: &str) -> Option<(Option<Field<'_>>, &str)> {
    let (key, rest) = text.split_once('=')?;
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | ':' | '/' | '@');
    if key.is_empty() || key.len() > LONGEST_KEY || !key.chars().all(is_key) {
        return None;
    }
    let (json, rest) = value(rest)?;
    Some((json.map(|json| Field { key: Cow::Borrowed(key), json }), rest))
}

/// The JSON at the beginning, and what is behind it: the end, or a space and the next field.
fn value(text: &str) -> Option<(Option<Cow<'_, str>>, &str)> {
    const LOST: &str = "[field value not castable to string]";
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    if let Some(rest) = text.strip_prefix("undefined").filter(|rest| ends(rest)) {
        return Some((None, rest));
    }
    if let Some(rest) = text.strip_prefix(LOST) {
        return Some((Some(Cow::Owned(format!("\"{LOST}\""))), rest));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let json = <&RawValue>::deserialize(&mut reader).ok()?.get();
    let rest = text.strip_prefix(json).filter(|rest| ends(rest))?;
    Some((Some(Cow::Borrowed(json)), rest))
}
