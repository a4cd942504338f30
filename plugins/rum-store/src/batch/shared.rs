//! What the events of a batch have in common: most are of one session, one view and one browser.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::Arrival;
use crate::{
    event::{Line, Text, tag},
    route::Routes,
    text::first_bytes,
};

/// How long an id may be.
const LONGEST_ID: usize = 64;
/// How long a text of a column is kept.
pub(crate) const LONGEST: usize = 512;

/// Texts that were there before are there once.
#[derive(Debug)]
pub(crate) struct Shared {
    texts: HashSet<Arc<str>>,
    /// Routes and paths by the names or URLs of views.
    places: HashMap<String, [Arc<str>; 2]>,
    browser: Option<Arc<str>>,
    device: Option<Arc<str>>,
    pub(super) routes: Arc<Routes>,
}

/// What is to know of any event.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) session_id: Arc<str>,
    pub(crate) view_id: Arc<str>,
    pub(crate) date_ms: i64,
    pub(crate) route: Arc<str>,
    pub(crate) path: Arc<str>,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) env: Option<Arc<str>>,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) browser: Option<Arc<str>>,
    pub(crate) device: Option<Arc<str>>,
}

impl Shared {
    pub(super) fn of(arrival: &Arrival) -> Self {
        let mut shared = Self {
            texts: HashSet::new(),
            places: HashMap::new(),
            browser: None,
            device: None,
            routes: arrival.routes.clone(),
        };
        let mut known = |text: &str| (!text.is_empty()).then(|| shared.text(text));
        let (browser, device) = (known(arrival.device.browser), known(arrival.device.class.as_str()));
        (shared.browser, shared.device) = (browser, device);
        shared
    }

    /// `None` if it is of no session and no view.
    pub(super) fn about(&mut self, line: &Line<'_>, arrival: &Arrival) -> Option<About> {
        let tags = [line.tags.as_deref(), arrival.tags.as_deref()];
        let tagged = |name| tags.into_iter().flatten().find_map(|tags| tag(tags, name));
        let service = line.service.as_deref().filter(|name| !is_uuid(name));
        let version = line.version.as_deref().or_else(|| tagged("version"));
        let [route, path] = self.place(line);
        Some(About {
            session_id: self.id(&line.session.id)?,
            view_id: self.id(&line.view.id)?,
            date_ms: arrival.clock().time(line.date),
            route,
            path,
            // Without a service an SDK sends the id of the application in its place.
            service: service.map(|text| self.text(text)),
            env: tagged("env").map(|text| self.text(text)),
            version: version.map(|text| self.text(text)),
            browser: self.browser.clone(),
            device: self.device.clone(),
        })
    }

    /// `None` for what is none.
    pub(super) fn id(&mut self, text: &Text<'_>) -> Option<Arc<str>> {
        let text = text.as_deref().filter(|text| !text.is_empty() && text.len() <= LONGEST_ID)?;
        Some(self.text(text))
    }

    /// As much of it as is kept, and as PostgreSQL has a place for it: a URL may bring a NUL, too.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        let text = first_bytes(text, LONGEST);
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        if text.contains('\0') {
            return text.replace('\0', "").into();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }

    /// What the page is called that an event was on, and its path.
    fn place(&mut self, line: &Line<'_>) -> [Arc<str>; 2] {
        let (name, url) = (line.view.name.as_deref(), line.view.url.as_deref().unwrap_or_default());
        let key = format!("{} {url}", name.unwrap_or_default());
        if let Some(known) = self.places.get(&key) {
            return known.clone();
        }
        let (route, path) = (self.routes.view(name, url), self.routes.view_path(url));
        let place = [self.text(&route), self.text(&path)];
        self.places.insert(key, place.clone());
        place
    }
}

fn is_uuid(text: &str) -> bool {
    let parts = text.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
