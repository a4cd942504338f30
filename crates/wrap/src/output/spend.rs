//! What the log costs, by who prints it.

use std::collections::HashMap;

use greenroom_logging::Level;
use greenroom_node_log::{Plugin, Record};
use parking_lot::Mutex;

/// So many plugins are told apart; who comes later is [`OTHER`].
const MOST_PLUGINS: usize = 100;

const OTHER: &str = "other";

/// How much was printed by one plugin at one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The plugin, named or guessed; `other` beyond a hundred; none for what tells of no plugin.
    pub plugin: Option<String>,
    /// The level.
    pub level: Level,
    /// How many records.
    pub records: u64,
    /// How many bytes, as they were printed.
    pub bytes: u64,
}

#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<Box<str>, ByLevel>>);

/// Records and bytes.
type ByLevel = [(u64, u64); Level::ALL.len()];

impl Counts {
    pub(super) fn count(&self, record: &Record<'_>) {
        let plugin = record.plugin.as_ref().map_or("", Plugin::id);
        let bytes = record.raw.len() as u64 + record.truncated_bytes;
        let mut counts = self.0.lock();
        let key = if counts.contains_key(plugin) || counts.len() < MOST_PLUGINS { plugin } else { OTHER };
        let counted = match counts.get_mut(key) {
            Some(counted) => counted,
            None => counts.entry(key.into()).or_default(),
        };
        let (records, all_bytes) = &mut counted[record.level as usize];
        *records += 1;
        *all_bytes += bytes;
    }

    /// All, those who print most first.
    pub(super) fn all(&self) -> Vec<Spent> {
        let counts = self.0.lock();
        let of_plugin = |(plugin, counted): (&str, &ByLevel)| {
            let plugin = (!plugin.is_empty()).then(|| plugin.to_owned());
            let by_level = Level::ALL.into_iter().zip(*counted).filter(|(_, (records, _))| *records > 0);
            let spent = by_level.map(move |(level, (records, bytes))| Spent {
                plugin: plugin.clone(),
                level,
                records,
                bytes,
            });
            spent.collect::<Vec<_>>()
        };
        let mut all: Vec<_> =
            counts.iter().map(|(plugin, counted)| (&**plugin, counted)).flat_map(of_plugin).collect();
        all.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (&a.plugin, a.level).cmp(&(&b.plugin, b.level)))
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use greenroom_node_log::{Reader, Stream};

    use super::*;

    #[test]
    fn plugins_beyond_the_hundredth_are_counted_as_one() {
        let counts = Counts::default();
        let mut reader = Reader::new(Stream::Stdout);
        for plugin in (0..150).chain([0]) {
            let line = format!("{{\"level\":\"info\",\"message\":\"m\",\"plugin\":\"p{plugin:03}\"}}\n");
            reader.push(line.as_bytes(), Instant::now(), &mut |record| counts.count(&record));
        }
        let all = counts.all();
        assert_eq!((all.len(), all[0].plugin.as_deref(), all[0].records), (101, Some(OTHER), 50));
        assert_eq!((all[1].plugin.as_deref(), all[1].records, all[1].bytes), (Some("p000"), 2, 94));
    }
}
