//! Whether a record is what a filter asks for, and which lines need not be read to know that they are not.

use aho_corasick::AhoCorasick;
use greenroom_logging::Level;
use greenroom_node_log::{Limits, Record};
use memchr::memmem;

use crate::{
    field::{self, Fields},
    filter::{Demand, Filter, Term, Value, term::is_special},
};

/// A filter and a level, made ready.
#[derive(Debug)]
pub(crate) struct Matcher {
    level: Option<Level>,
    checks: Vec<(bool, Check)>,
    prefilter: Option<Prefilter>,
}

#[derive(Debug)]
enum Check {
    Text(Needle),
    Field(String, Value),
}

impl Matcher {
    /// `every_line`: lines are not passed over, for something is learned of each, such as the time.
    pub(crate) fn new(filter: &Filter, level: Option<Level>, every_line: bool) -> Self {
        let mut checks: Vec<_> = filter
            .terms
            .iter()
            .map(|Term { negated, demand }| match demand {
                Demand::Text(text) => (*negated, Check::Text(Needle::in_any_case(text))),
                Demand::Field(field, value) => (*negated, Check::Field(field.clone(), value.clone())),
            })
            .collect();
        // What is read of each line in any case comes first.
        checks.sort_by_key(|(_, check)| match check {
            Check::Field(field, _) => !field::is_placed(field),
            Check::Text(_) => true,
        });
        let needle = filter.terms.iter().filter_map(needle).max_by_key(Needle::len);
        let prefilter = Prefilter {
            level,
            needle,
            level_key: memmem::Finder::new(b"\"level\":\""),
            escape: memmem::Finder::new(b"\\u00"),
        };
        let is_of_use = !every_line && (prefilter.level.is_some() || prefilter.needle.is_some());
        Self { level, checks, prefilter: is_of_use.then_some(prefilter) }
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.level.is_none() && self.checks.is_empty()
    }

    /// Whether a line is an object of the logger that cannot match.
    #[inline]
    pub(crate) fn passes_over(&self, line: &[u8]) -> bool {
        self.prefilter.as_ref().is_some_and(|prefilter| prefilter.passes_over(line))
    }

    pub(crate) fn matches(&self, record: &Record<'_>, fields: &Fields<'_>) -> bool {
        self.level.is_none_or(|level| record.level <= level)
            && self.checks.iter().all(|(negated, check)| check.holds(record, fields) != *negated)
    }
}

impl Check {
    fn holds(&self, record: &Record<'_>, fields: &Fields<'_>) -> bool {
        match self {
            Self::Text(needle) => {
                needle.is_in(record.message.as_bytes())
                    || record.stack.as_ref().is_some_and(|stack| needle.is_in(stack.as_bytes()))
            }
            Self::Field(name, value) => {
                fields.get(name).is_some_and(|found| found.any(&mut |text| value.fits(text)))
            }
        }
    }
}

impl Value {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => text == wanted,
            Self::Glob(parts) => fits_glob(parts, text),
            Self::Number(comparison, number) => {
                text.parse().is_ok_and(|value: f64| comparison.holds(value, *number))
            }
        }
    }
}

/// Each part as early as it can be found: that leaves most for those behind it.
fn fits_glob(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(&**first) else { return false };
    for part in middle {
        let Some(at) = rest.find(&**part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(&**last)
}

/// A text that is looked for in bytes.
#[derive(Debug)]
enum Needle {
    Exactly(Box<memmem::Finder<'static>>),
    AnyCase(AhoCorasick, usize),
}

impl Needle {
    fn in_any_case(text: &str) -> Self {
        match AhoCorasick::builder().ascii_case_insensitive(true).build([text]) {
            Ok(searcher) => Self::AnyCase(searcher, text.len()),
            // Only of a text of gigabytes none can be made.
            Err(_) => Self::exactly(text),
        }
    }

    fn exactly(text: &str) -> Self {
        Self::Exactly(Box::new(memmem::Finder::new(text).into_owned()))
    }

    fn len(&self) -> usize {
        match self {
            Self::Exactly(finder) => finder.needle().len(),
            Self::AnyCase(_, len) => *len,
        }
    }

    #[inline]
    fn is_in(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Exactly(finder) => finder.find(bytes).is_some(),
            Self::AnyCase(searcher, _) => searcher.is_match(bytes),
        }
    }
}

/// What any object that the term holds of has in its JSON, as it stands.
fn needle(term: &Term) -> Option<Needle> {
    let longest = |text: &str| -> Option<String> {
        // Of other characters JSON has several forms.
        let is_plain = |c: char| c == ' ' || (c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '/'));
        let parts = text.split(|c| !is_plain(c)).max_by_key(|part| part.len());
        parts.filter(|part| part.len() > 1).map(str::to_owned)
    };
    match (term.negated, &term.demand) {
        (true, _) => None,
        (false, Demand::Text(text)) => longest(text).as_deref().map(Needle::in_any_case),
        // Levels have several names.
        (false, Demand::Field(field, _)) if field == "level" => None,
        (false, Demand::Field(_, Value::Exactly(text))) => longest(text).as_deref().map(Needle::exactly),
        (false, Demand::Field(_, Value::Glob(parts))) => {
            let longest = parts.iter().filter_map(|part| longest(part)).max_by_key(String::len);
            longest.as_deref().map(Needle::exactly)
        }
        (false, Demand::Field(field, _)) => {
            let name = field
                .rsplit('.')
                .next()
                .filter(|name| !field::is_placed(name) && !name.contains(is_special))?;
            longest(name).as_deref().map(Needle::exactly)
        }
    }
}

/// Tells of most lines by a look at their bytes that they do not match.
#[derive(Debug)]
struct Prefilter {
    level: Option<Level>,
    needle: Option<Needle>,
    level_key: memmem::Finder<'static>,
    escape: memmem::Finder<'static>,
}

impl Prefilter {
    #[inline]
    fn passes_over(&self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        // A reader cuts a longer line, and other lines may be more of a record.
        let may_be = line.first() == Some(&b'{') && line.last() == Some(&b'}');
        if !may_be || line.len() > Limits::default().line_bytes {
            return false;
        }
        let Some(at) = self.level_key.find(line) else { return false };
        let rest = &line[at + self.level_key.needle().len()..];
        let cannot_match =
            self.is_less_grave(rest) || self.needle.as_ref().is_some_and(|needle| !needle.is_in(line));
        // By escapes, a line may say something that its bytes do not show.
        cannot_match && self.escape.find(line).is_none()
    }

    /// `rest` is what follows `"level":"`. Objects in the line may have levels, too: then it must be read.
    #[inline]
    fn is_less_grave(&self, rest: &[u8]) -> bool {
        let Some(least) = self.level else { return false };
        let Some(end) = memchr::memchr(b'"', &rest[..rest.len().min(16)]) else { return false };
        let level: Option<Level> = std::str::from_utf8(&rest[..end]).ok().and_then(|name| name.parse().ok());
        level.is_some_and(|level| level > least) && memmem::find(&rest[end..], b"\"level\"").is_none()
    }
}
