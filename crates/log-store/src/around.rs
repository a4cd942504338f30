//! The lines around a moment: what happened when something changed.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_logging::Level;

use crate::{line::Line, mask::Mask, record::Record, ring::Segment, shapes::Shapes};

/// How long before the moment a line may be, and how long after it.
const BEFORE: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(10);

/// No more lines are compared with each other.
const MOST_LOOKED_AT: usize = 20_000;

/// Warnings and errors of anybody, and all lines of these plugins: those nearest to the moment, in the order in which they were logged.
pub(crate) fn around(
    segments: &[Arc<Segment>],
    at: SystemTime,
    plugins: &[String],
    limit: usize,
    (shapes, mask): (&Shapes, &Mask<'_>),
) -> Vec<Line> {
    let (from, until) = (at.checked_sub(BEFORE).unwrap_or(at), at.checked_add(AFTER).unwrap_or(at));
    let begins = |segment: &Arc<Segment>| segment.records().next().map(|record| record.time());
    let mut near: Vec<(Duration, Record<'_>)> = vec![];
    for (number, segment) in segments.iter().enumerate() {
        // Where the next one begins, this one ends.
        let ends = segments.get(number + 1).and_then(begins);
        if begins(segment).is_none_or(|begins| begins > until) || ends.is_some_and(|ends| ends < from) {
            continue;
        }
        let is_wanted = |record: &Record<'_>| {
            (from..=until).contains(&record.time())
                && (record.level <= Level::Warn
                    || plugins.iter().any(|plugin| plugin.as_bytes() == record.plugin))
        };
        let wanted = segment.records().filter(is_wanted).take(MOST_LOOKED_AT - near.len());
        near.extend(wanted.map(|record| (distance(record.time(), at), record)));
    }
    near.sort_by_key(|(distance, _)| *distance);
    near.truncate(limit);
    near.sort_by_key(|(_, record)| record.sequence);
    near.iter().filter_map(|(_, record)| Line::read(record, shapes, mask)).collect()
}

fn distance(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}
