//! Where a value was written: the file, the line, the column, and the line's own text.
//!
//! Must not know what a value means, nor which values are secret: whoever shows a line says what to hide in it.

use std::{fmt, sync::Arc};

use crate::unset::is_of_name;

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

/// One text that values were read from, shared by all of them.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: Arc<str>,
    pub(crate) body: String,
}

impl Text {
    pub(crate) fn new(name: impl Into<Arc<str>>, body: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), body: body.into() })
    }

    /// All from the line with this number (from 1) on, by YAML's idea of a line break.
    pub(crate) fn starting_at(&self, number: u32) -> Option<&str> {
        let mut rest = self.body.as_str();
        for _ in 1..number {
            let end = rest.find(['\n', '\r'])?;
            let skip = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
            rest = &rest[end + skip..];
        }
        Some(rest)
    }

    /// The line with this number, and how many characters stand before it.
    fn line(&self, number: u32) -> Option<(usize, &str)> {
        let rest = self.starting_at(number)?;
        let before = self.body[..self.body.len() - rest.len()].chars().count();
        Some((before, &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]))
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
    fn range(&self) -> Option<std::ops::Range<usize>> {
        let start = self.text.line(self.line)?.0 + self.column.saturating_sub(1) as usize;
        Some(start..start + self.chars as usize)
    }

    /// The line as it may be shown: whatever of `hide` stands on it is replaced by `***`.
    pub(crate) fn shown(&self, hide: &[At]) -> Option<Line> {
        if self.line == 0 {
            return None;
        }
        let (before, line) = self.text.line(self.line)?;
        let raw: Vec<char> = line.chars().collect();
        let mut hidden = vec![false; raw.len()];
        for span in hide.iter().filter(|span| span.line > 0 && Arc::ptr_eq(&span.text, &self.text)) {
            let range = span.range()?;
            hidden
                .iter_mut()
                .enumerate()
                .filter(|(i, _)| range.contains(&(before + i)))
                .for_each(|(_, c)| *c = true);
        }
        hide_misspelt_defaults(&raw, &mut hidden);
        let start = (self.column.saturating_sub(1) as usize).min(raw.len());
        let end = start.saturating_add((self.chars as usize).max(1)).min(raw.len());
        let (mut text, mut from, mut to) = (String::new(), None, None);
        for (i, c) in raw.iter().enumerate() {
            if i == start {
                from = Some(text.len());
            }
            match (hidden[i], i > 0 && hidden[i - 1]) {
                (false, _) => text.push(*c),
                (true, false) => text.push_str("***"),
                (true, true) => {}
            }
            if i + 1 == end {
                to = Some(text.len());
            }
        }
        let from = from.unwrap_or(text.len());
        let to = to.unwrap_or(text.len()).max(from);
        Some(Line { place: self.place(), text, label: (from, to - from) })
    }
}

/// Hides what stands in `${…}` behind a variable's name, unless it is a default: nothing is known of it.
fn hide_misspelt_defaults(line: &[char], hidden: &mut [bool]) {
    for (open, _) in line.windows(2).enumerate().filter(|(_, pair)| *pair == ['$', '{']) {
        let inside = &line[open + 2..];
        let inside = &inside[..inside.iter().position(|c| *c == '}').unwrap_or(inside.len())];
        let space = inside.iter().take_while(|c| c.is_whitespace()).count();
        let name = inside[space..].iter().take_while(|c| is_of_name(**c)).count();
        let rest = &inside[space + name..];
        if !rest.starts_with(&[':', '-']) && !rest.iter().all(|c| c.is_whitespace()) {
            hidden[open + 2 + space + name..][..rest.len()].fill(true);
        }
    }
}

/// One line of a text, fit to be shown: secrets are replaced already.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) text: String,
    /// Offset and length in bytes of what to point at.
    pub(crate) label: (usize, usize),
}

impl Line {
    /// Hides what follows a key that sounds like a secret's. For texts that could not be parsed, where nothing better
    /// is known.
    pub(crate) fn guess_secrets(mut self) -> Self {
        const SOUNDS: [&str; 8] =
            ["secret", "token", "password", "passwd", "credential", "connection", "apikey", "private"];
        let lower = self.text.to_ascii_lowercase();
        let sounds = SOUNDS.iter().filter_map(|word| lower.find(word)).min();
        if let Some(start) = sounds.and_then(|at| lower[at..].find([':', '=']).map(|colon| at + colon + 1))
            && start < self.text.len()
        {
            self.text.replace_range(start.., " ***");
            let offset = self.label.0.min(start);
            self.label = (offset, self.label.1.min(self.text.len() - offset));
        }
        self
    }
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
