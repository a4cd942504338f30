//! What other plugins have on the page “Now”: what the whole backend depends on, and no page of its own would be opened for.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom::core::{Service, ServiceFactory, scope, service};
use maud::Markup;
use parking_lot::Mutex;

use crate::{LiveParts, parts::Figure};

/// One part, as it is at one moment.
#[derive(Clone, Debug)]
pub struct NowPart {
    /// Why the backend is not ready, if this is why: the page begins with it.
    pub problem: Option<Problem>,
    /// What has to be said first: [`Call`](crate::parts::Call)s, or nothing.
    pub calls: Markup,
    /// The [`Part`](crate::parts::Part) itself.
    pub body: Markup,
    /// What it adds to the figures of “Lately”. Their live names are in `live`, too.
    pub figures: Vec<Figure>,
    /// What changes in the body. Names are unique on the page: they begin with that of the plugin.
    pub live: LiveParts,
    /// The server that has most of the portal, if the part is of one: then the page tells of this backend's own plugins, memory
    /// and start as Greenroom's own.
    pub behind: Option<Behind>,
}

impl NowPart {
    /// Whether its problem is told also while the backend is ready.
    pub(crate) fn is_told_although_ready(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.instead.is_some())
    }
}

/// A server behind this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Since when it has been ready, as far as is known: this backend is no longer ready than that one.
    pub ready_since: Option<SystemTime>,
    /// Whether its lines are kept beside this backend's own: it is a child of ours, and somebody reads what it prints.
    pub has_lines: bool,
    /// How long its event loop had stood still when it became ready, where that is why it was not.
    pub after_stall: Option<Duration>,
}

/// Why the backend is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Since when.
    pub since: SystemTime,
    /// What stands behind “Not ready for 11 min: ”, without a full stop.
    pub what: String,
    /// What stands in place of “Not ready”, such as “The disk has been full”: then the page begins with it also while the backend is
    /// ready.
    pub instead: Option<&'static str>,
    /// The health check that says the same: it is not said twice.
    pub check: Option<&'static str>,
}

impl Problem {
    /// Since when, and what stands behind “Not ready for 11 min: ”, without a full stop.
    pub fn new(since: SystemTime, what: impl Into<String>) -> Self {
        Self { since, what: what.into(), instead: None, check: None }
    }

    /// What stands in place of “Not ready”.
    #[must_use]
    pub fn instead(mut self, instead: &'static str) -> Self {
        self.instead = Some(instead);
        self
    }

    /// The health check that says the same.
    #[must_use]
    pub fn check(mut self, name: &'static str) -> Self {
        self.check = Some(name);
        self
    }
}

type Look = Arc<dyn Fn(SystemTime) -> NowPart + Send + Sync>;

/// The parts of “Now” that other plugins have: `greenroom.observatory.nowParts`.
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_plugin_observatory_node::{LiveParts, NowPart, NowParts, parts::{Part, panel}};
/// use maud::{Render, html};
///
/// plugin("queue", |env| {
///     env.register_init(async |now: NowParts| {
///         now.add(|_| {
///             let mut live = LiveParts::default();
///             let waiting = live.part("queue waiting", 3);
///             let body = Part::new("queue", "Queue").body(panel(html! { p { (waiting) " jobs wait." } })).render();
///             NowPart { problem: None, calls: html! {}, body, figures: vec![], live, behind: None }
///         });
///         Ok(())
///     });
/// });
/// ```
#[derive(Clone, Default)]
pub struct NowParts(Arc<Mutex<Vec<Look>>>);

impl Service for NowParts {
    const ID: &'static str = "greenroom.observatory.nowParts";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || Ok(Self::default())))
    }
}

impl NowParts {
    /// Adds one. It is looked at for each page, and every two seconds while one is open; it must not wait.
    pub fn add(&self, look: impl Fn(SystemTime) -> NowPart + Send + Sync + 'static) {
        self.0.lock().push(Arc::new(look));
    }

    /// All of them as they are now, in the order in which they were added.
    pub fn look(&self, now: SystemTime) -> Vec<NowPart> {
        // Not under the lock: it is somebody else's code.
        let all = self.0.lock().clone();
        all.iter().map(|look| look(now)).collect()
    }
}

impl fmt::Debug for NowParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NowParts")
    }
}
