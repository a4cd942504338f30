//! A resource, an error, an action, a long task or a vital, as a row.

use std::{fmt::Write, sync::Arc};

use greenroom_database_sql::{Bind, Insert, Table};

use super::{
    ErrorGroup,
    error::Trouble,
    shared::{About, Shared},
    shorten::shortened,
};
use crate::{
    detail,
    event::{Action, ErrorPart, Line, LongTask, Resource, Text, Vital, read, span_id, trace_id},
    size::{self, Besides},
    source_maps::{Resolved, Symbolicator},
    text::first_bytes,
};

/// How long a name is kept.
const LONGEST_NAME: usize = 512;
/// How much is kept of what a portal's own code says of an event.
const LARGEST_CONTEXT: usize = 16 << 10;
/// How much is kept of what the SDK says of it.
const LARGEST_OWN: usize = 16 << 10;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    id: Arc<str>,
    kind: &'static str,
    about: About,
    duration_ns: Option<i64>,
    name: Arc<str>,
    sub_type: Option<Arc<str>>,
    method: Option<Arc<str>>,
    status: Option<i64>,
    size: Option<i64>,
    trace_id: Option<Arc<str>>,
    span_id: Option<Arc<str>>,
    /// Of an error.
    pub(super) group: Option<Box<ErrorGroup>>,
    trouble: Option<Box<Trouble>>,
    action_ids: Option<Arc<str>>,
    detail: Vec<u8>,
}

impl Event {
    /// `None` for one of another type, or without an id.
    pub(super) fn of(line: &Line<'_>, about: &About, shared: &mut Shared) -> Option<Self> {
        let mut event = Self::common(line, about, shared)?;
        match event.kind {
            "resource" => event.resource(read(line.own)?, line, shared)?,
            "error" => event.error(read(line.own)?, shared)?,
            "action" => event.action(read(line.own)?, shared)?,
            "long_task" => event.long_task(read(line.own)?, shared)?,
            _ => event.vital(read(line.own)?, shared)?,
        }
        Some(event)
    }

    fn common(line: &Line<'_>, about: &About, shared: &mut Shared) -> Option<Self> {
        const KINDS: [&str; 5] = ["resource", "error", "action", "long_task", "vital"];
        let kind = KINDS.into_iter().find(|kind| *kind == line.kind)?;
        let actions =
            line.actions.0.iter().filter(|id| !id.contains(' ')).take(4).map(|id| first_bytes(id, 64));
        let actions = actions.collect::<Vec<_>>().join(" ");
        Some(Self {
            id: "".into(),
            kind,
            about: about.clone(),
            duration_ns: None,
            name: "".into(),
            sub_type: None,
            method: None,
            status: None,
            size: None,
            trace_id: None,
            span_id: None,
            group: None,
            trouble: None,
            action_ids: (!actions.is_empty()).then(|| shared.text(&actions)),
            detail: detail(kind, line),
        })
    }

    fn resource(&mut self, part: Resource<'_>, line: &Line<'_>, shared: &mut Shared) -> Option<()> {
        self.id = id(&part.id)?;
        let url = part.url.as_deref().unwrap_or_default();
        self.name = shared.routes.resource(url, line.view.url.as_deref().unwrap_or_default()).into();
        self.sub_type = part.kind.as_deref().map(|kind| shared.text(kind));
        self.method = part.method.as_deref().map(|method| shared.text(method));
        (self.status, self.duration_ns, self.size) = (part.status_code.0, part.duration.0, part.size.0);
        self.trace_id = line.internal.trace_id.as_deref().and_then(trace_id).map(|id| shared.text(&id));
        self.span_id = line.internal.span_id.as_deref().and_then(span_id).map(Arc::from);
        Some(())
    }

    fn error(&mut self, part: ErrorPart<'_>, shared: &mut Shared) -> Option<()> {
        self.id = id(&part.id)?;
        self.name = first_bytes(part.message.as_deref().unwrap_or_default(), LONGEST_NAME).into();
        self.sub_type = part.source.as_deref().map(|source| shared.text(source));
        let trouble = Trouble::of(part, self.about.service.clone());
        self.group = Some(Box::new(trouble.group(&self.about, trouble.culprit().as_ref())));
        self.trouble = Some(Box::new(trouble));
        Some(())
    }

    /// Puts an error into the group of the place in the sources where it was thrown, if that can be told.
    pub(super) async fn locate(&mut self, sources: &Symbolicator) {
        let Some(trouble) = self.trouble.as_ref().filter(|trouble| trouble.stack.is_some()) else { return };
        let stack = trouble.parsed();
        let frames = sources.locate(&stack).await;
        if frames.iter().any(|frame| frame.original.is_some()) {
            let group = trouble.group(&self.about, Resolved::culprit(&frames).as_ref());
            self.group = Some(Box::new(group));
        }
    }

    fn action(&mut self, part: Action<'_>, shared: &mut Shared) -> Option<()> {
        self.id = id(&part.id)?;
        self.name = shared.text(part.target.name.as_deref().unwrap_or_default());
        self.sub_type = part.kind.as_deref().map(|kind| shared.text(kind));
        self.duration_ns = part.loading_time.0;
        Some(())
    }

    fn long_task(&mut self, part: LongTask<'_>, shared: &mut Shared) -> Option<()> {
        self.id = id(&part.id)?;
        self.sub_type = part.entry_type.as_deref().map(|kind| shared.text(kind));
        let invoker = part.scripts.iter().find_map(|script| script.invoker.as_deref());
        self.name = shared.text(invoker.or(part.entry_type.as_deref()).unwrap_or("long-task"));
        self.duration_ns = part.duration.0;
        Some(())
    }

    fn vital(&mut self, part: Vital<'_>, shared: &mut Shared) -> Option<()> {
        self.id = id(&part.id)?;
        self.name = shared.text(part.name.as_deref().unwrap_or_default());
        self.sub_type = part.kind.as_deref().map(|kind| shared.text(kind));
        self.duration_ns = part.duration.0;
        Some(())
    }
}

/// Not shared: each event has its own.
fn id(text: &Text<'_>) -> Option<Arc<str>> {
    text.as_deref().filter(|id| !id.is_empty() && id.len() <= 64).map(Arc::from)
}

/// The members that pages show, as they were written.
fn detail(kind: &str, line: &Line<'_>) -> Vec<u8> {
    let own = shortened(line.own, LARGEST_OWN);
    let mut text = String::with_capacity(own.len() + 64);
    // Writing to a text does not fail.
    let _ = write!(text, "{{\"{kind}\":{own}");
    for (name, value) in [("context", line.context), ("feature_flags", line.feature_flags)] {
        if let Some(value) = value.filter(|value| value.len() <= LARGEST_CONTEXT) {
            let _ = write!(text, ",\"{name}\":{value}");
        }
    }
    text.push('}');
    detail::pack(&text)
}

impl Event {
    pub(crate) fn session(&self) -> &str {
        &self.about.session_id
    }

    /// The ids of its session and its own.
    pub(crate) fn key(&self) -> (String, String) {
        (self.about.session_id.to_string(), self.id.to_string())
    }

    /// About how many bytes it takes as a row.
    pub(crate) fn bytes(&self) -> i64 {
        let About { session_id, view_id, route, .. } = &self.about;
        size::of_row(&[&self.id, session_id, view_id, &self.name, route], &self.detail, Besides::Event)
    }
}

impl Insert for Event {
    /// What came before is the same.
    const TABLE: Table = Table {
        name: "rum_event",
        columns: &[
            "id",
            "session_id",
            "view_id",
            "type",
            "date_ms",
            "duration_ns",
            "name",
            "route",
            "sub_type",
            "method",
            "status",
            "size",
            "trace_id",
            "span_id",
            "fingerprint",
            "action_ids",
            "service",
            "env",
            "version",
            "browser",
            "device",
            "detail",
        ],
        on_conflict: "on conflict (session_id, id) do nothing",
    };

    fn binds(self) -> Vec<Bind> {
        let About { session_id, view_id, date_ms, route, service, env, version, browser, device, .. } =
            self.about;
        vec![
            self.id.into(),
            session_id.into(),
            view_id.into(),
            self.kind.into(),
            date_ms.into(),
            self.duration_ns.into(),
            self.name.into(),
            route.into(),
            self.sub_type.into(),
            self.method.into(),
            self.status.into(),
            self.size.into(),
            self.trace_id.into(),
            self.span_id.into(),
            self.group.map(|group| Arc::from(group.fingerprint)).into(),
            self.action_ids.into(),
            service.into(),
            env.into(),
            version.into(),
            browser.into(),
            device.into(),
            self.detail.into(),
        ]
    }
}
