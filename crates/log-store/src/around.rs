//! The lines around a moment: what happened when something changed.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_logging::Level;

use crate::{line::Line, mask::Mask, record::Record, ring::Segment, shapes::Shapes};

/// How long before the moment a line may be, and how long after it.
const BEFORE: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(10);

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
    // The nearest so far: in a flood there are many more, and what is far is forgotten at once.
    let mut near: BTreeMap<(Duration, u64), Record<'_>> = BTreeMap::new();
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
        for record in segment.records().filter(is_wanted) {
            near.insert((distance(record.time(), at), record.sequence), record);
            if near.len() > limit {
                near.pop_last();
            }
        }
    }
    let mut near: Vec<_> = near.into_values().collect();
    near.sort_by_key(|record| record.sequence);
    near.iter().filter_map(|record| Line::read(record, shapes, mask)).collect()
}

fn distance(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}
