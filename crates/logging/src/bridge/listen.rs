//! What libraries say of their work through `tracing`, to who counts it: whatever the level rules say, and beside the log.

use std::{any::Any, cell::Cell, sync::Arc};

use tracing::{Event, Metadata, Span};

/// What a span carries for listeners.
pub type Carried = Arc<dyn Any + Send + Sync>;

/// Hears events of libraries.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// use greenroom_logging::{BridgeOptions, Carried, RootLogger, TracingListener, carrying};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// struct Counts;
///
/// impl TracingListener for Counts {
///     fn targets(&self) -> &'static [&'static str] {
///         &["library::work"]
///     }
///
///     fn hear(&self, _: &tracing::Event<'_>, within: &Carried) {
///         within.downcast_ref::<AtomicU64>().unwrap().fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// let bridge = RootLogger::builder().build().tracing_bridge(BridgeOptions::new().listener(Counts));
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(bridge), || {
///     let count = Arc::new(AtomicU64::new(0));
///     carrying(count.clone()).in_scope(|| tracing::trace!(target: "library::work", "done"));
///     assert_eq!(count.load(Ordering::Relaxed), 1);
/// });
/// ```
pub trait TracingListener: Send + Sync + 'static {
    /// The targets whose events it hears, at every level. What the log gets of them is what it would get anyway.
    fn targets(&self) -> &'static [&'static str];

    /// Takes one that happened within a span that [carries](carrying) something. It must not block, and must not log.
    fn hear(&self, event: &Event<'_>, within: &Carried);
}

/// The target of spans that carry something.
const CARRIER: &str = "greenroom::carrier";

thread_local! {
    /// What the span carries that is being made.
    static MAKING: Cell<Option<Carried>> = const { Cell::new(None) };
}

/// A span whose events bring this value to listeners: also on a thread to which a library has taken its span. Disabled, and dropped with
/// what it should carry, where nobody listens.
pub fn carrying(value: Carried) -> Span {
    MAKING.set(Some(value));
    let span = tracing::info_span!(target: CARRIER, "carrier");
    MAKING.take();
    span
}

/// Who listens.
#[derive(Clone, Default)]
pub(super) struct Listeners(Vec<Arc<dyn TracingListener>>);

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Listeners").field(&self.0.len()).finish()
    }
}

impl Listeners {
    pub(super) fn push(&mut self, listener: impl TracingListener) {
        self.0.push(Arc::new(listener));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who hears events of that target.
    pub(super) fn of<'l>(&'l self, target: &'l str) -> impl Iterator<Item = &'l dyn TracingListener> {
        self.0.iter().map(|listener| &**listener).filter(move |listener| listener.targets().contains(&target))
    }
}

/// Whether a span is one that carries something.
pub(super) fn is_carrier(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == CARRIER
}

/// What a span that is being made carries.
pub(super) struct InSpan(pub(super) Carried);

impl InSpan {
    pub(super) fn take() -> Option<Self> {
        MAKING.take().map(Self)
    }
}
