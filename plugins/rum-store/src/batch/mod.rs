//! What a browser has sent at once, as rows. It knows no database: what costs time here may be done on any thread.

mod arrival;
mod clock;
mod error;
mod error_group;
mod event;
mod session;
mod shared;
mod shorten;

use std::collections::{BTreeMap, btree_map::Entry};

pub use arrival::Arrival;

pub(crate) use clock::Clock;
pub(crate) use error_group::ErrorGroup;
pub(crate) use event::Event;
pub(crate) use session::Session;
pub(crate) use shared::{About, LONGEST};

use crate::{
    event::{Line, people},
    source_maps::Symbolicator,
    view::Pending,
};
use shared::Shared;

/// Of how many views a batch may tell: each may have 256 KiB that are read and written anew. An SDK sends fifty events at once, of a
/// view or two.
const VIEWS: usize = 32;

/// Events of one request, ready to be kept.
#[derive(Clone, Debug)]
pub struct Batch {
    /// In the order of their ids, so that two transactions that meet wait for one another in one order.
    pub(crate) sessions: BTreeMap<String, Session>,
    /// By the ids of their session and their own: a session says nothing of another's views.
    pub(crate) views: BTreeMap<(String, String), Pending>,
    pub(crate) events: Vec<Event>,
    unreadable: usize,
}

impl Batch {
    /// Reads lines, each an event that is scrubbed already. What cannot be read is counted, and the others go on.
    pub fn read(lines: &str, arrival: Arrival) -> Self {
        let mut batch = Self::empty();
        batch.add_all(lines, &arrival, || true);
        batch
    }

    /// The same, as long as somebody waits for it, which is asked before each line; else `None`.
    pub fn read_while(lines: &str, arrival: Arrival, is_wanted: impl Fn() -> bool) -> Option<Self> {
        let mut batch = Self::empty();
        batch.add_all(lines, &arrival, is_wanted).then_some(batch)
    }

    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        let (sessions, views, events, unreadable) = Default::default();
        Self { sessions, views, events, unreadable }
    }

    /// What another one tells, too, as if all had been sent at once.
    pub(crate) fn join(&mut self, other: Self) {
        for (id, session) in other.sessions {
            self.add_session(id, session);
        }
        for pending in other.views.into_values() {
            self.add_view(pending);
        }
        self.events.extend(other.events);
        self.unreadable += other.unreadable;
    }

    fn add_session(&mut self, id: String, session: Session) {
        let known = self.sessions.entry(id);
        known.and_modify(|known| known.join(&session)).or_insert(session);
    }

    fn add_view(&mut self, pending: Pending) {
        match self.views.entry(pending.key()) {
            Entry::Occupied(known) => known.into_mut().add(pending),
            Entry::Vacant(place) => {
                place.insert(pending);
            }
        }
    }

    /// Whether it came to the end.
    fn add_all(&mut self, lines: &str, arrival: &Arrival, is_wanted: impl Fn() -> bool) -> bool {
        let hidden = |text: &Option<String>| text.as_deref().map(|text| people::hidden(text).into_owned());
        let (tags, sdk_version) = (hidden(&arrival.tags), hidden(&arrival.sdk_version));
        let arrival = &Arrival { tags, sdk_version, ..arrival.clone() };
        let mut shared = Shared::of(arrival);
        for line in lines.lines().filter(|line| !line.trim_ascii().is_empty()) {
            if !is_wanted() {
                return false;
            }
            let line = people::hidden(line);
            if self.add(&line, arrival, &mut shared).is_none() {
                self.unreadable += 1;
            }
        }
        true
    }

    /// How many lines are no events that can be kept, or are of more views than a batch may tell of.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Whether nothing is to be kept.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty() && self.events.is_empty()
    }

    /// Of how many views it tells.
    pub(crate) fn views(&self) -> usize {
        self.views.len()
    }

    /// About how many rows it is.
    pub(crate) fn rows(&self) -> usize {
        self.views.len() + self.events.len()
    }

    /// Groups errors by where they were thrown in the sources, as far as the maps of the app's scripts tell it.
    pub async fn located(mut self, sources: &Symbolicator) -> Self {
        for event in &mut self.events {
            event.locate(sources).await;
        }
        self
    }

    /// The groups of its errors, in the order of their fingerprints.
    pub(crate) fn groups(&self) -> Vec<ErrorGroup> {
        let mut groups = BTreeMap::<&str, ErrorGroup>::new();
        for group in self.events.iter().filter_map(|event| event.group.as_deref()) {
            let known = groups.entry(&group.fingerprint);
            known.and_modify(|known| known.join(group)).or_insert_with(|| group.clone());
        }
        groups.into_values().collect()
    }

    fn add(&mut self, text: &str, arrival: &Arrival, shared: &mut Shared) -> Option<()> {
        let line = Line::read(text)?;
        // What an SDK tells of itself is nobody's session.
        if line.kind == "telemetry" {
            return Some(());
        }
        let about = shared.about(&line, arrival)?;
        match &*line.kind {
            "view" | "view_update" => {
                let view = Pending::of(text, &line, &about, arrival.clock())?;
                if self.views.len() >= VIEWS && !self.views.contains_key(&view.key()) {
                    return None;
                }
                self.add_view(view);
            }
            _ => self.events.push(Event::of(&line, &about, shared)?),
        }
        self.add_session(about.session_id.to_string(), Session::of(&line, &about, arrival, shared));
        Some(())
    }
}
