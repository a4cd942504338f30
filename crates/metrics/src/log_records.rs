//! How many lines were logged: by level, and by whose they are.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use arc_swap::ArcSwap;
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_logging::{Emitted, FieldValue, Level, Sink, Wants};
use opentelemetry::KeyValue;

use crate::registry::MetricsRegistry;

/// So many plugins are told by their names: a line of another process can name any.
const MOST_PLUGINS: usize = 200;

/// No id of a plugin is longer.
const LONGEST_ID: usize = 64;

/// Counts the lines that pass the level rules. A root service, which the default root logger tells of each.
///
/// ```
/// use greenroom_logging::RootLogger;
/// use greenroom_metrics::LogRecords;
///
/// let records = LogRecords::default();
/// let root = RootLogger::builder().tap(records.clone()).build();
/// root.info("counted");
/// root.debug("left out by its level");
/// assert_eq!(records.count(), 1);
/// ```
#[derive(Clone, Default)]
pub struct LogRecords(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Of nobody, or of whoever has no name that a plugin can have.
    others: ByLevel,
    plugins: ArcSwap<Vec<Plugin>>,
}

type ByLevel = [AtomicU64; Level::ALL.len()];

#[derive(Clone)]
struct Plugin {
    id: Arc<str>,
    counts: Arc<ByLevel>,
}

impl Service for LogRecords {
    const ID: &'static str = "greenroom.logRecords";
    type Scope = scope::Root;
}

impl LogRecords {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async || Ok(Self::default()))
    }

    /// All lines so far.
    pub fn count(&self) -> u64 {
        let of = |counts: &ByLevel| counts.iter().map(|count| count.load(Relaxed)).sum::<u64>();
        of(&self.0.others) + self.0.plugins.load().iter().map(|plugin| of(&plugin.counts)).sum::<u64>()
    }

    /// Tells them as `greenroom.log.records`.
    pub fn told_by(&self, registry: &MetricsRegistry) {
        let inner = self.0.clone();
        let counter = registry.own().observable_counter("greenroom.log.records").unit("{record}");
        counter.description("Lines that were logged.").observe(move |now| {
            let tell = |counts: &ByLevel, plugin: Option<&str>| {
                for (level, count) in Level::ALL.iter().zip(counts) {
                    let count = count.load(Relaxed);
                    // What nobody has logged yet is no series.
                    if count > 0 {
                        let mut attributes = vec![KeyValue::new("level", level.as_str())];
                        let plugin = plugin.map(|id| KeyValue::new("backstage.plugin.id", id.to_owned()));
                        attributes.extend(plugin);
                        now.observe(count, &attributes);
                    }
                }
            };
            tell(&inner.others, None);
            inner.plugins.load().iter().for_each(|plugin| tell(&plugin.counts, Some(&plugin.id)));
        });
    }
}

impl Sink for LogRecords {
    fn wants(&self) -> Wants {
        Wants::Record
    }

    fn emit(&self, emitted: &Emitted<'_>) {
        let level = emitted.record().level() as usize;
        let count = |counts: &ByLevel| {
            counts[level].fetch_add(1, Relaxed);
        };
        match plugin(emitted) {
            None => count(&self.0.others),
            Some(id) => match self.0.plugins.load().iter().find(|known| *known.id == *id) {
                Some(known) => count(&known.counts),
                None => self.0.add(id, level),
            },
        }
    }
}

/// Whose line it is: of this process as its logger says, of another as the line does.
fn plugin<'e>(emitted: &'e Emitted<'_>) -> Option<&'e str> {
    let text = |value: FieldValue<'e>| match value {
        FieldValue::Str(text) if !text.is_empty() => Some(text),
        _ => None,
    };
    if emitted.is_foreign() {
        return emitted.record().field("plugin").and_then(text).filter(|id| can_be_an_id(id));
    }
    let own = emitted.fields().get("plugin").and_then(text);
    own.or_else(|| emitted.context().plugin())
}

/// Whether a plugin can have this name, which another process has chosen: any other would be a label for nobody.
fn can_be_an_id(name: &str) -> bool {
    name.len() <= LONGEST_ID && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl Inner {
    /// Counts what a plugin logs for the first time.
    #[cold]
    fn add(&self, id: &str, level: usize) {
        let new = Plugin { id: id.into(), counts: Arc::default() };
        let mut counts = None;
        self.plugins.rcu(|plugins| {
            // Somebody else may have been here first.
            counts = plugins.iter().find(|known| *known.id == *id).map(|known| known.counts.clone());
            let mut plugins = Vec::clone(plugins);
            if counts.is_none() && plugins.len() < MOST_PLUGINS {
                plugins.push(new.clone());
                counts = Some(new.counts.clone());
            }
            plugins
        });
        counts.as_deref().unwrap_or(&self.others)[level].fetch_add(1, Relaxed);
    }
}
