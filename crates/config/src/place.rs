//! Where a value was written: the file, the line, the column, and the line's own text.
//!
//! Must not know what a value means, nor which values are secret: whoever shows a line says what to hide in it, beside what
//! its text tells.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use greenroom_redact as redact;

use crate::{spots::Spots, unset::is_of_name};

/// A position that a person can open: `app-config.yaml:3:11`.
///
/// A value that comes from no file has no line: a variable's name stands in `file`, and `line` and `column` are 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file, relative to the working directory when it lies below it; else absolute. Or a variable's name.
    pub file: Arc<str>,
    /// The line, from 1; 0 when there is none.
    pub line: u32,
    /// The column in characters, from 1; 0 when there is none.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// How many bytes a line may have that is shown. What generators write in one line nobody finds a place in, and all that has to
/// be hidden on it takes time.
const LONGEST_SHOWN: usize = 1000;

/// One text that values were read from, shared by all of them.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: Arc<str>,
    pub(crate) body: String,
    /// Where each line starts, in bytes and in characters; known once it is asked for.
    starts: OnceLock<Vec<(usize, usize)>>,
}

impl Text {
    pub(crate) fn new(name: impl Into<Arc<str>>, body: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), body: body.into(), starts: OnceLock::new() })
    }

    /// All from the line with this number (from 1) on, by YAML's idea of a line break.
    pub(crate) fn starting_at(&self, number: u32) -> Option<&str> {
        self.start(number).map(|(byte, _)| &self.body[byte..])
    }

    fn start(&self, number: u32) -> Option<(usize, usize)> {
        let starts = self.starts.get_or_init(|| {
            let (mut starts, mut characters) = (vec![(0, 0)], 0);
            let mut before = '\0';
            for (byte, c) in self.body.char_indices() {
                match (before, c) {
                    // Of one line break.
                    ('\r', '\n') => {}
                    ('\n' | '\r', _) => starts.push((byte, characters)),
                    _ => {}
                }
                (before, characters) = (c, characters + 1);
            }
            if matches!(before, '\n' | '\r') {
                starts.push((self.body.len(), characters));
            }
            starts
        });
        starts.get(number.saturating_sub(1) as usize).copied()
    }

    /// The line with this number, and how many characters stand before it.
    fn line(&self, number: u32) -> Option<(usize, &str)> {
        let (byte, before) = self.start(number)?;
        let end = self.start(number + 1).map_or(self.body.len(), |(next, _)| next);
        Some((before, self.body[byte..end].trim_end_matches(['\n', '\r'])))
    }
}

/// A span inside a [`Text`]; `line` 0 stands for "the text as a whole".
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) text: Arc<Text>,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Length in characters; may reach beyond the line.
    pub(crate) chars: u32,
}

impl At {
    pub(crate) fn whole(text: &Arc<Text>) -> Self {
        Self { text: text.clone(), line: 0, column: 0, chars: 0 }
    }

    pub(crate) fn place(&self) -> Place {
        Place { file: self.text.name.clone(), line: self.line, column: self.column }
    }

    /// The characters of the text that the span covers.
    pub(crate) fn range(&self) -> Option<Range<usize>> {
        let start = self.text.start(self.line)?.1 + self.column.saturating_sub(1) as usize;
        Some(start..start + self.chars as usize)
    }

    /// The line as it may be shown: whatever of `hide` stands on it is replaced by `***`, and credentials in URLs are.
    pub(crate) fn shown(&self, hide: &Spots) -> Option<Line> {
        self.masked(hide, |_| None)
    }

    /// The line of a text that could not be read as values, as it may be shown: from what is named like a secret on, nobody
    /// knows where it ends, and so on the lines that are indented below such a name.
    pub(crate) fn shown_unread(&self) -> Option<Line> {
        let is_below = self.lines_above().any(|line| behind_secret_name(line).is_some());
        self.masked(&Spots::default(), |line| {
            if is_below { Some(indentation(line)) } else { behind_secret_name(line) }
        })
    }

    /// The lines that this one is indented below, the nearest first.
    fn lines_above(&self) -> impl Iterator<Item = &str> {
        let line = |number| self.text.line(number).map_or("", |(_, line)| line);
        let mut depth = indentation(line(self.line));
        (1..self.line).rev().map(line).filter(move |line| {
            let is_above = indentation(line) < depth && !line.trim().is_empty();
            if is_above {
                depth = indentation(line);
            }
            is_above
        })
    }

    /// `behind` tells from which byte on the line is hidden.
    fn masked(&self, hide: &Spots, behind: impl Fn(&str) -> Option<usize>) -> Option<Line> {
        if self.line == 0 {
            return None;
        }
        let (before, line) = self.text.line(self.line)?;
        if line.len() > LONGEST_SHOWN {
            return None;
        }
        let spots = hide.within(&self.text, &(before..before + line.len()));
        let in_defaults = misspelt_defaults(line);
        let (in_urls, behind) = (redact::credentials_in(line), behind(line).unwrap_or(line.len()));
        let hidden = |chars: usize, byte: usize| {
            spots.iter().any(|spot| spot.contains(&(before + chars)))
                || in_urls.iter().chain(&in_defaults).any(|range| range.contains(&byte))
                || byte >= behind
        };
        let length = line.chars().count();
        let start = (self.column.saturating_sub(1) as usize).min(length);
        let end = start.saturating_add((self.chars as usize).max(1)).min(length);
        let (mut text, mut from, mut to, mut was_hidden) = (String::new(), None, None, false);
        for (i, (byte, c)) in line.char_indices().enumerate() {
            if i == start {
                from = Some(text.len());
            }
            let is_hidden = hidden(i, byte);
            match (is_hidden, was_hidden) {
                (false, _) => text.push(c),
                (true, false) => text.push_str(redact::MASK),
                (true, true) => {}
            }
            was_hidden = is_hidden;
            if i + 1 == end {
                to = Some(text.len());
            }
        }
        let from = from.unwrap_or(text.len());
        let to = to.unwrap_or(text.len()).max(from);
        Some(Line { place: self.place(), text, label: (from, to - from) })
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

/// What stands in `${…}` behind a variable's name, unless it is a default: nothing is known of it, so that it is hidden.
fn misspelt_defaults(line: &str) -> Vec<Range<usize>> {
    let mut found = vec![];
    for (open, _) in line.match_indices("${") {
        let inside = line[open + 2..].split('}').next().unwrap_or_default();
        let rest = inside.trim_start().trim_start_matches(is_of_name);
        if !rest.starts_with(":-") && !rest.trim().is_empty() {
            let end = open + 2 + inside.len();
            found.push(end - rest.len()..end);
        }
    }
    found
}

/// Where the value of the first key on the line begins that is named like a secret, or like many of them.
fn behind_secret_name(line: &str) -> Option<usize> {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut rest = line;
    while let Some(start) = rest.find(is_of_name) {
        let length = rest[start..].find(|c| !is_of_name(c)).unwrap_or(rest.len() - start);
        let (name, behind) = rest[start..].split_at(length);
        if redact::names_secrets(name) {
            let value =
                behind.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '=' | '"' | '\''));
            return Some(line.len() - value.len());
        }
        rest = behind;
    }
    None
}

/// One line of a text, fit to be shown: secrets are replaced already.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) text: String,
    /// Offset and length in bytes of what to point at.
    pub(crate) label: (usize, usize),
}

impl miette::SourceCode for Line {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        // Neighbouring lines are never shown, whatever is asked for: they may hold secrets.
        let line = self.place.line.saturating_sub(1) as usize;
        // The header shows the column in the file; hiding secrets may have moved it in the text.
        let column = if before == 0 && after == 0 && span.offset() == self.label.0 {
            self.place.column.saturating_sub(1) as usize
        } else {
            0
        };
        let whole = miette::SourceSpan::from((0, self.text.len()));
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.place.file.to_string(),
            self.text.as_bytes(),
            whole,
            line,
            column,
            1,
        )))
    }
}
