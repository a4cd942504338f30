//! Which lines are wanted, and the search for them.

use std::{ops::Range, sync::Arc, time::SystemTime};

use greenroom_logging::Level;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    line::{Line, rfc_3339},
    mask::Mask,
    record::Record,
    ring::Segment,
    shapes::Shapes,
};

/// No answer has more lines.
pub const MOST_LINES: usize = 1_000;

/// An answer is over when it has looked into so many lines, or so many bytes of them: it goes on with the next.
const MOST_LOOKED_AT: usize = 20_000;
const MOST_BYTES: usize = 4 << 20;

/// Which lines are wanted: all that is set has to hold.
///
/// ```
/// use greenroom_log_store::LineQuery;
/// use greenroom_logging::Level;
///
/// let warnings = LineQuery { min_level: Some(Level::Warn), limit: 20, ..LineQuery::default() };
/// # assert_eq!(warnings.before, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineQuery {
    /// Of this request.
    pub request_id: Option<String>,
    /// Of this trace, by its 32 hex digits.
    pub trace_id: Option<String>,
    /// Of this browser session.
    pub session_id: Option<String>,
    /// Of this plugin.
    pub plugin: Option<String>,
    /// As grave as this, or graver.
    pub min_level: Option<Level>,
    /// Those that show this text, in any case. What is masked is not found.
    pub text: Option<String>,
    /// Those before this one.
    pub before: Option<u64>,
    /// Those after this one: the first of them, where all else is answered by the last ones.
    pub after: Option<u64>,
    /// At most so many, and never more than [`MOST_LINES`].
    pub limit: usize,
}

impl Default for LineQuery {
    /// The last hundred.
    fn default() -> Self {
        Self {
            request_id: None,
            trace_id: None,
            session_id: None,
            plugin: None,
            min_level: None,
            text: None,
            before: None,
            after: None,
            limit: 100,
        }
    }
}

/// Lines that were found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Lines {
    /// In the order in which they were logged.
    pub lines: Vec<Line>,
    /// Where to go on if there may be more: `after` of the next query where this one had an `after`, else `before`. A page of
    /// a search by text may have fewer lines than were asked for, and a next one.
    pub next: Option<u64>,
    /// When the oldest line was logged that is kept, whether it was wanted or not.
    pub oldest: Option<SystemTime>,
    /// How many lines since the start are kept no more.
    pub overwritten: u64,
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut lines = to.serialize_map(None)?;
        lines.serialize_entry("lines", &self.lines)?;
        lines.serialize_entry("next", &self.next)?;
        lines.serialize_entry("oldest", &self.oldest.map(rfc_3339))?;
        lines.serialize_entry("overwritten", &self.overwritten)?;
        lines.end()
    }
}

impl LineQuery {
    /// The sequences that are wanted.
    pub(crate) fn range(&self) -> Range<u64> {
        self.after.map_or(0, |after| after.saturating_add(1))..self.before.unwrap_or(u64::MAX)
    }

    /// Whether what stands in front of a record fits.
    fn fits(&self, record: &Record<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &[u8]| {
            wanted.as_ref().is_none_or(|wanted| wanted.as_bytes() == found)
        };
        self.range().contains(&record.sequence)
            && self.min_level.is_none_or(|least| record.level <= least)
            && is(&self.request_id, record.request)
            && is(&self.trace_id, record.trace)
            && is(&self.session_id, record.session)
            && is(&self.plugin, record.plugin)
    }
}

/// Finds lines, and where to go on.
pub(crate) fn search(
    segments: &[Arc<Segment>],
    query: &LineQuery,
    shapes: &Shapes,
    mask: &Mask<'_>,
) -> (Vec<Line>, Option<u64>) {
    let goes_on = query.after.is_some();
    let needle = query.text.as_ref().map(|text| text.to_lowercase());
    let limit = query.limit.clamp(1, MOST_LINES);
    let (mut lines, mut next) = (Vec::new(), None);
    let (mut looked_at, mut bytes, mut last) = (0, 0, 0);
    let mut order: Vec<&Segment> = segments.iter().map(|segment| &**segment).collect();
    if !goes_on {
        order.reverse();
    }
    'all: for segment in order {
        let mut found: Vec<Record<'_>> = segment.records().filter(|record| query.fits(record)).collect();
        if !goes_on {
            found.reverse();
        }
        for record in &found {
            if lines.len() == limit || looked_at == MOST_LOOKED_AT || bytes > MOST_BYTES {
                next = Some(last);
                break 'all;
            }
            (looked_at, last) = (looked_at + 1, record.sequence);
            let line = Line::read(record, shapes, mask);
            if let Some(line) = line.filter(|line| needle.as_ref().is_none_or(|needle| shows(line, needle))) {
                bytes += record.bytes;
                lines.push(line);
            }
        }
    }
    if !goes_on {
        lines.reverse();
    }
    (lines, next)
}

/// Whether a line shows the text, which is in lower case.
fn shows(line: &Line, needle: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(needle);
    holds(&line.message)
        || line.plugin.as_deref().is_some_and(holds)
        || line
            .fields
            .iter()
            .any(|(key, value)| holds(key) || value.as_str().map_or_else(|| holds(&value.to_string()), holds))
}
