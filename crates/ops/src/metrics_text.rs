//! The text of all metrics, once for all who ask within a moment: who reads it slowly holds no text of their own.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use greenroom_context::spawn_blocking;
use greenroom_metrics::MetricsRegistry;
use tokio::sync::Mutex;

/// Clones share it.
#[derive(Clone)]
pub(crate) struct MetricsText {
    registry: MetricsRegistry,
    made: Arc<Mutex<Option<Made>>>,
}

/// What the metrics said at one moment.
struct Made {
    since: Instant,
    plain: Bytes,
    packed: Option<Bytes>,
}

impl MetricsText {
    pub(crate) fn new(registry: MetricsRegistry) -> Self {
        Self { registry, made: Arc::default() }
    }

    /// What they say now, or have said at most so long ago; `None` where a function that was asked for it has panicked.
    pub(crate) async fn read(&self, is_packed: bool, oldest: Duration) -> Option<Bytes> {
        let asked = Instant::now();
        let mut made = self.made.clone().lock_owned().await;
        let registry = self.registry.clone();
        // On a thread for such work: functions of plugins are asked. It ends its work also for who has left, so that who comes and
        // goes makes no more of it.
        spawn_blocking("metrics", move || {
            let kept = made.take().filter(|made| made.since + oldest >= asked);
            made.insert(kept.unwrap_or_else(|| Made::of(&registry))).text(is_packed)
        })
        .await
        .ok()?
    }
}

impl Made {
    fn of(registry: &MetricsRegistry) -> Self {
        let since = Instant::now();
        // No longer than it is: a text that has grown may hold twice as much.
        Self { since, plain: registry.text().into_bytes().into_boxed_slice().into(), packed: None }
    }

    fn text(&mut self, is_packed: bool) -> Option<Bytes> {
        if !is_packed {
            return Some(self.plain.clone());
        }
        if self.packed.is_none() {
            self.packed = Some(pack(&self.plain).ok()?.into_boxed_slice().into());
        }
        self.packed.clone()
    }
}

fn pack(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use greenroom_logging::RootLogger;

    use super::*;

    #[tokio::test]
    async fn all_who_ask_within_a_moment_get_one_text_and_who_wants_no_older_one_gets_a_new_one() {
        let registry = MetricsRegistry::new(&RootLogger::builder().build().child(Default::default()));
        let asked = Arc::new(AtomicU64::new(0));
        let counts = asked.clone();
        registry
            .own()
            .observable_gauge("asked")
            .observe(move |now| now.observe(counts.fetch_add(1, Relaxed), &[]));
        let text = MetricsText::new(registry);
        let read = async |is_packed, oldest| text.read(is_packed, oldest).await.unwrap();

        const LONG: Duration = Duration::from_secs(3600);
        let (one, other) = tokio::join!(read(false, LONG), read(false, LONG));
        assert_eq!((one.as_ptr(), asked.load(Relaxed)), (other.as_ptr(), 1), "one text in one place");
        let (one, other) = tokio::join!(read(true, LONG), read(true, LONG));
        assert_eq!((one.as_ptr(), asked.load(Relaxed)), (other.as_ptr(), 1), "packed, of the same reading");
        read(false, Duration::ZERO).await;
        assert_eq!(asked.load(Relaxed), 2);
    }
}
