//! What the log costs, by who prints it: since the start, and in the last minutes.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use greenroom_logging::Level;
use greenroom_node_log::{Plugin, Record};
use parking_lot::Mutex;
use serde::{Serialize, Serializer};

/// So many plugins are told apart; who comes later is [`OTHER`].
const MOST_PLUGINS: usize = 100;

const OTHER: &str = "other";

/// No plugin has a longer id: who prints one means something else.
const LONGEST_ID: usize = 128;

/// So many minutes are the last ones, the current one among them.
const MINUTES: u64 = 5;

/// How much was printed by one plugin at one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spent {
    /// The plugin, named or guessed, as it was printed: nothing is redacted; `other` beyond a hundred, and beyond 128 bytes; none for what tells of no plugin.
    pub plugin: Option<String>,
    /// The level.
    #[serde(serialize_with = "level_name")]
    pub level: Level,
    /// How many records.
    pub records: u64,
    /// How many bytes, as they were printed.
    pub bytes: u64,
    /// How many of these records came in the last five minutes.
    pub recent_records: u64,
    /// How many of these bytes.
    pub recent_bytes: u64,
}

fn level_name<S: Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(level.as_str())
}

pub(super) struct Counts {
    began: Instant,
    by_plugin: Mutex<HashMap<Box<str>, Printed>>,
}

/// What one plugin has printed.
#[derive(Default)]
struct Printed {
    all: ByLevel,
    /// The last minutes, each at its number's rest by [`MINUTES`], with its number.
    minutes: [(u64, ByLevel); MINUTES as usize],
}

/// Records and bytes.
type ByLevel = [(u64, u64); Level::ALL.len()];

impl Default for Counts {
    fn default() -> Self {
        Self { began: Instant::now(), by_plugin: Mutex::default() }
    }
}

impl Counts {
    pub(super) fn count(&self, record: &Record<'_>) {
        let plugin = record.plugin.as_ref().map_or("", Plugin::id);
        let bytes = record.raw.len() as u64 + record.truncated_bytes;
        let minute = self.minute(record.arrived);
        let mut counts = self.by_plugin.lock();
        let is_told = plugin.len() <= LONGEST_ID && counts.len() < MOST_PLUGINS;
        let key = if is_told || counts.contains_key(plugin) { plugin } else { OTHER };
        let printed = match counts.get_mut(key) {
            Some(printed) => printed,
            None => counts.entry(key.into()).or_default(),
        };
        let (of, recent) = &mut printed.minutes[(minute % MINUTES) as usize];
        if *of < minute {
            (*of, *recent) = (minute, ByLevel::default());
        }
        // Of two streams one may be read later: what is too old is of the whole alone.
        let recent = (*of == minute).then_some(recent);
        for counted in [Some(&mut printed.all), recent].into_iter().flatten() {
            let (records, all_bytes) = &mut counted[record.level as usize];
            *records += 1;
            *all_bytes += bytes;
        }
    }

    /// All, those who print most first.
    pub(super) fn all(&self) -> Vec<Spent> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Vec<Spent> {
        let minute = self.minute(now);
        let counts = self.by_plugin.lock();
        let of_plugin = |(plugin, printed): (&str, &Printed)| {
            let plugin = (!plugin.is_empty()).then(|| plugin.to_owned());
            let is_recent = |(of, _): &&(u64, ByLevel)| of + MINUTES > minute;
            let recent =
                printed.minutes.iter().filter(is_recent).fold(ByLevel::default(), |mut sum, (_, counted)| {
                    for (sum, (records, bytes)) in sum.iter_mut().zip(counted) {
                        *sum = (sum.0 + records, sum.1 + bytes);
                    }
                    sum
                });
            let by_level = Level::ALL.into_iter().zip(printed.all.into_iter().zip(recent));
            let spent = by_level.filter(|(_, ((records, _), _))| *records > 0);
            let spent = spent.map(|(level, ((records, bytes), (recent_records, recent_bytes)))| Spent {
                plugin: plugin.clone(),
                level,
                records,
                bytes,
                recent_records,
                recent_bytes,
            });
            spent.collect::<Vec<_>>()
        };
        let mut all: Vec<_> =
            counts.iter().map(|(plugin, printed)| (&**plugin, printed)).flat_map(of_plugin).collect();
        all.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (&a.plugin, a.level).cmp(&(&b.plugin, b.level)))
        });
        all
    }

    /// From 1 on: 0 is none.
    fn minute(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_secs() / Duration::from_mins(1).as_secs() + 1
    }
}

#[cfg(test)]
mod tests {
    use greenroom_node_log::{Reader, Stream};

    use super::*;

    /// Counts a line of that plugin, which has come at that time.
    fn print(counts: &Counts, plugin: &str, level: &str, at: Instant) {
        let line = format!("{{\"level\":\"{level}\",\"message\":\"m\",\"plugin\":\"{plugin}\"}}\n");
        Reader::new(Stream::Stdout).push(line.as_bytes(), at, &mut |record| counts.count(&record));
    }

    #[test]
    fn a_name_that_no_plugin_has_is_not_kept() {
        let (counts, now) = (Counts::default(), Instant::now());
        for length in [128, 129, 900_000] {
            print(&counts, &"x".repeat(length), "info", now);
        }
        let kept: Vec<_> =
            counts.all().into_iter().map(|of| (of.plugin.unwrap().len(), of.records)).collect();
        assert_eq!(kept, [("other".len(), 2), (128, 1)]);
    }

    #[test]
    fn plugins_beyond_the_hundredth_are_counted_as_one() {
        let counts = Counts::default();
        for plugin in (0..10_000).chain([0]) {
            print(&counts, &format!("p{plugin:04}"), "info", Instant::now());
        }
        let all = counts.all();
        assert_eq!((all.len(), all[0].plugin.as_deref(), all[0].records), (101, Some(OTHER), 9900));
        assert_eq!((all[1].plugin.as_deref(), all[1].records, all[1].bytes), (Some("p0000"), 2, 96));
    }

    #[test]
    fn what_is_older_than_the_last_minutes_counts_for_the_whole_alone() {
        let counts = Counts::default();
        let at = |minutes: u64| counts.began + Duration::from_secs(60 * minutes + 1);
        for minute in [0, 1, 4, 5, 6, 6] {
            print(&counts, "catalog", "info", at(minute));
        }
        print(&counts, "catalog", "warn", at(0));
        let recent = |minute| {
            let all = counts.at(at(minute));
            all.iter().map(|spent| (spent.level, spent.records, spent.recent_records)).collect::<Vec<_>>()
        };
        assert_eq!(recent(6), [(Level::Info, 6, 4), (Level::Warn, 1, 0)]);
        assert_eq!(recent(9), [(Level::Info, 6, 3), (Level::Warn, 1, 0)]);
        assert_eq!(recent(11), [(Level::Info, 6, 0), (Level::Warn, 1, 0)]);
        let all = counts.at(at(6));
        assert_eq!(all[0].recent_bytes * 6, all[0].bytes * 4);
    }
}
