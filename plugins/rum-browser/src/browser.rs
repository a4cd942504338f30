//! What all pages and lists are made from.

use std::sync::Arc;

use greenroom::{log_store::LogStore, prelude::*};
use greenroom_plugin_observatory_node::{Frame, Section, Sections};
use greenroom_plugin_rum_store::{
    Store,
    queries::{Filter, GroupStory, Story},
    source_maps::Symbolicator,
};

use crate::{
    api,
    doctor::{Diagnosis, Doctor},
    pages,
};

/// The longest id that is looked for, in bytes.
const MOST_OF_AN_ID: usize = 200;

/// The pages and the JSON of a store.
#[must_use = "it is mounted by `mount`"]
#[derive(Clone)]
pub struct Browser {
    store: Arc<dyn Fn() -> Option<Store> + Send + Sync>,
    why_away: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    pub(crate) frame: Frame,
    pub(crate) ops: Ops,
    pub(crate) logs: Option<LogStore>,
    pub(crate) sources: Option<Symbolicator>,
    pub(crate) doctor: Option<Doctor>,
    pub(crate) kept_days: Option<u64>,
}

impl Browser {
    /// Of a store, which is none until it is open, in the frame of the observatory, below the surface of operators.
    pub fn new(store: impl Fn() -> Option<Store> + Send + Sync + 'static, frame: Frame, ops: Ops) -> Self {
        Self {
            store: Arc::new(store),
            why_away: Arc::new(|| None::<String>),
            frame,
            ops,
            logs: None,
            sources: None,
            doctor: None,
            kept_days: None,
        }
    }

    /// Who knows why the store is not open, in words in which nothing is secret.
    pub fn why_away(self, why: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self { why_away: Arc::new(why), ..self }
    }

    /// Where this replica has its log lines.
    pub fn logs(self, logs: LogStore) -> Self {
        Self { logs: Some(logs), ..self }
    }

    /// Who finds the sources of stacks.
    pub fn sources(self, sources: Symbolicator) -> Self {
        Self { sources: Some(sources), ..self }
    }

    /// Who knows why no events arrive.
    pub fn doctor<F: Future<Output = Diagnosis> + Send + 'static>(
        mut self,
        examine: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        self.doctor = Some(Doctor::new(examine));
        self
    }

    /// For how many days sessions are kept.
    pub fn kept_days(mut self, days: u64) -> Self {
        self.kept_days = Some(days);
        self
    }

    /// Puts both where operators find them.
    ///
    /// # Errors
    /// If something else is there already.
    pub fn mount(self, sections: &Sections) -> Result {
        let ops = self.ops.clone();
        ops.mount_api("rum", api::router(self.clone()))?;
        ops.mount_pages("browser", pages::router(self))?;
        sections.add(Section { id: "browser", title: "Browser", key: 'b', href: pages::VITALS });
        Ok(())
    }

    /// The store, once it is open.
    pub(crate) fn store(&self) -> Result<Store, Error> {
        (self.store)().ok_or_else(|| {
            const AWAY: &str = "The database of browser events is not there yet";
            Error::service_unavailable(match (self.why_away)() {
                Some(why) => format!("{AWAY}, and is tried again by itself: {why}"),
                None => format!("{AWAY}. The log says why; it is tried again by itself"),
            })
        })
    }

    /// A session by an id that may be anything.
    pub(crate) async fn story(&self, id: &str) -> Result<Option<Story>, Error> {
        if is_id(id) { self.store()?.story(id).await } else { Ok(None) }
    }

    /// A group of errors by a fingerprint that may be anything.
    pub(crate) async fn group_story(&self, filter: &Filter, id: &str) -> Result<Option<GroupStory>, Error> {
        if is_id(id) { self.store()?.group_story(filter, id).await } else { Ok(None) }
    }
}

/// PostgreSQL knows no NUL in texts.
pub(crate) fn is_id(id: &str) -> bool {
    id.len() <= MOST_OF_AN_ID && !id.contains('\0')
}
