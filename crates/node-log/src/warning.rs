//! Warnings of the process, as Node prints them: `(node:42) [DEP0005] DeprecationWarning: Buffer() is deprecated …`.

use std::{borrow::Cow, collections::HashMap};

use greenroom_logging::Level;

use crate::{Kind, Record, record::owned, text};

/// What a warning of the process is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProcessWarning<'a> {
    /// The process.
    pub pid: u32,
    /// The code, if it has one: `DEP0005`.
    pub code: Option<Cow<'a, str>>,
    /// The name: `DeprecationWarning`.
    pub name: Cow<'a, str>,
}

impl ProcessWarning<'_> {
    pub(crate) fn into_owned(self) -> ProcessWarning<'static> {
        ProcessWarning { pid: self.pid, code: self.code.map(owned), name: owned(self.name) }
    }
}

/// Whether a line begins a warning.
pub(crate) fn begins(line: &[u8]) -> bool {
    // Its beginning is ASCII, whatever its text is.
    let head = &line[..line.len().min(256)];
    let end = head.iter().position(|byte| !byte.is_ascii()).unwrap_or(head.len());
    std::str::from_utf8(&head[..end]).ok().and_then(parse).is_some()
}

/// A warning and its text, which begins with the name.
fn parse(line: &str) -> Option<(ProcessWarning<'_>, &str)> {
    let (pid, rest) = line.strip_prefix("(node:")?.split_once(") ")?;
    let pid = pid.parse().ok()?;
    let (code, text) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once("] ").map(|(code, text)| (Some(Cow::Borrowed(code)), text))?,
        None => (None, rest),
    };
    let name = &text[..text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && text[name.len()..].starts_with(':');
    is_name.then_some((ProcessWarning { pid, code, name: Cow::Borrowed(name) }, text))
}

/// The record of a warning and the lines that belong to it.
pub(crate) fn record(text: &str) -> Option<Record<'_>> {
    let (warning, said) = parse(text)?;
    let frame = text::first_frame(said);
    let stack = frame.map(|_| Cow::Borrowed(said.trim_end()));
    let end = frame.or_else(|| said.find("\n(Use `node ")).unwrap_or(said.len());
    let message = said[..end].trim_end();
    Some(Record { stack, ..Record::new(Kind::ProcessWarning(warning), Level::Warn, message) })
}

/// Which warnings of a process there were, and how often: so that each is told once for each start.
///
/// ```
/// use greenroom_node_log::{ProcessWarning, Repeated, Warnings};
///
/// let warning = ProcessWarning { pid: 42, code: Some("DEP0005".into()), name: "DeprecationWarning".into() };
/// let mut warnings = Warnings::default();
/// assert_eq!(warnings.seen(&warning, "Buffer() is deprecated"), Repeated::First);
/// assert_eq!(warnings.seen(&warning, "Buffer() is deprecated"), Repeated::Again(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Warnings(HashMap<String, u64>);

/// Whether a warning was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// It is the first of its kind.
    First,
    /// It was there before: how often it is now.
    Again(u64),
}

impl Warnings {
    /// How many kinds are told apart; of others each is the first.
    const MOST: usize = 256;

    /// Counts a warning. Two are the same that have the same code, or else the same name and text.
    pub fn seen(&mut self, warning: &ProcessWarning<'_>, message: &str) -> Repeated {
        let key = match &warning.code {
            Some(code) => code.to_string(),
            None => format!("{}\n{}", warning.name, message.chars().take(200).collect::<String>()),
        };
        if let Some(count) = self.0.get_mut(&key) {
            *count = count.saturating_add(1);
            return Repeated::Again(*count);
        }
        if self.0.len() < Self::MOST {
            self.0.insert(key, 1);
        }
        Repeated::First
    }

    /// How many were repetitions.
    pub fn repetitions(&self) -> u64 {
        self.0.values().map(|count| count - 1).sum()
    }

    /// Forgets all: the process was started again.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
