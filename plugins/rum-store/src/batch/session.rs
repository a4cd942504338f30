//! A session, as far as a batch tells of it.

use std::sync::Arc;

use greenroom_database_sql::{Bind, Insert, Table};

use super::{
    Arrival,
    shared::{About, Shared},
};
use crate::event::{Line, Text, tag};

/// What the scrubber has put in place of who somebody is.
const MASKED: &str = "***";
/// About how many bytes a session takes besides what is of it.
const OVERHEAD: i64 = 300;

#[derive(Clone, Debug)]
pub(crate) struct Session {
    id: Arc<str>,
    started_ms: i64,
    last_ms: i64,
    kind: Arc<str>,
    user: Option<Arc<str>>,
    anonymous: Option<Arc<str>>,
    has_replay: bool,
    service: Option<Arc<str>>,
    env: Option<Arc<str>>,
    version: Option<Arc<str>>,
    browser: Option<Arc<str>>,
    browser_version: Option<Arc<str>>,
    os: Option<Arc<str>>,
    device: Option<Arc<str>>,
    sdk_version: Option<Arc<str>>,
}

impl Session {
    pub(super) fn of(line: &Line<'_>, about: &About, arrival: &Arrival, shared: &mut Shared) -> Self {
        let mut user =
            |id: &Text<'_>| id.as_deref().filter(|id| !matches!(*id, "" | MASKED)).map(|id| shared.text(id));
        let (usr, anonymous) = (user(&line.user.id), user(&line.user.anonymous_id));
        let spent_ms = line.view.time_spent.0.unwrap_or_default().max(0) / 1_000_000;
        let last_ms = about.date_ms.saturating_add(spent_ms).min(arrival.received_ms);
        let sdk_version = arrival.sdk_version.as_deref();
        let tagged = [line.tags.as_deref(), arrival.tags.as_deref()];
        let sdk_version =
            sdk_version.or_else(|| tagged.into_iter().flatten().find_map(|tags| tag(tags, "sdk_version")));
        Self {
            id: about.session_id.clone(),
            started_ms: about.date_ms,
            last_ms,
            kind: shared.text(line.session.kind.as_deref().unwrap_or("user")),
            user: usr,
            anonymous,
            has_replay: line.session.has_replay.0,
            service: about.service.clone(),
            env: about.env.clone(),
            version: about.version.clone(),
            browser: about.browser.clone(),
            browser_version: arrival.device.version.map(|version| version.to_string().into()),
            os: Some(arrival.device.os).filter(|os| !os.is_empty()).map(Arc::from),
            device: about.device.clone(),
            sdk_version: sdk_version.map(|version| shared.text(version)),
        }
    }

    /// Of the same session.
    pub(super) fn join(&mut self, other: &Self) {
        self.started_ms = self.started_ms.min(other.started_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
        self.has_replay |= other.has_replay;
        for (own, new) in [
            (&mut self.user, &other.user),
            (&mut self.anonymous, &other.anonymous),
            (&mut self.service, &other.service),
            (&mut self.env, &other.env),
            (&mut self.version, &other.version),
        ] {
            if new.is_some() {
                own.clone_from(new);
            }
        }
    }
}

impl Insert for Session {
    /// Times reach further, and what is said later counts. How much it takes is counted once its rows are there.
    const TABLE: Table = Table {
        name: "rum_session",
        columns: &[
            "id",
            "started_ms",
            "last_ms",
            "type",
            "usr_id",
            "anonymous_id",
            "has_replay",
            "service",
            "env",
            "version",
            "browser",
            "browser_version",
            "os",
            "device",
            "sdk_version",
            "bytes",
        ],
        on_conflict: "on conflict (id) do update set \
            started_ms = case when excluded.started_ms < rum_session.started_ms then excluded.started_ms else rum_session.started_ms end, \
            last_ms = case when excluded.last_ms > rum_session.last_ms then excluded.last_ms else rum_session.last_ms end, \
            usr_id = coalesce(excluded.usr_id, rum_session.usr_id), \
            anonymous_id = coalesce(excluded.anonymous_id, rum_session.anonymous_id), \
            has_replay = case when excluded.has_replay = 1 then 1 else rum_session.has_replay end, \
            service = coalesce(excluded.service, rum_session.service), \
            env = coalesce(excluded.env, rum_session.env), \
            version = coalesce(excluded.version, rum_session.version), \
            browser = coalesce(excluded.browser, rum_session.browser), \
            browser_version = coalesce(excluded.browser_version, rum_session.browser_version), \
            os = coalesce(excluded.os, rum_session.os), \
            device = coalesce(excluded.device, rum_session.device), \
            sdk_version = coalesce(excluded.sdk_version, rum_session.sdk_version)",
    };

    fn binds(self) -> Vec<Bind> {
        vec![
            self.id.into(),
            self.started_ms.into(),
            self.last_ms.into(),
            self.kind.into(),
            self.user.into(),
            self.anonymous.into(),
            self.has_replay.into(),
            self.service.into(),
            self.env.into(),
            self.version.into(),
            self.browser.into(),
            self.browser_version.into(),
            self.os.into(),
            self.device.into(),
            self.sdk_version.into(),
            OVERHEAD.into(),
        ]
    }
}
