//! The span of a statement that has ended, where the work that asked for it is recorded. It holds nothing of the statement but its
//! first word: literals may be in the rest.

use std::{sync::Arc, time::SystemTime};

use greenroom_context::Context;
use greenroom_traces::{KeyValue, SpanData, SpanKind, Status, Tracer};

use super::{asked::Statement, operation::OPERATIONS};
use crate::{
    settings::PluginDatabase,
    target::{Postgres, Target},
};

/// The spans of one client's statements.
pub(super) struct Traces {
    tracer: Tracer,
    /// What each says.
    attributes: Vec<KeyValue>,
}

/// The work that a statement is part of, if it is recorded.
pub(super) struct Work(Context);

impl Traces {
    pub(super) fn new(
        tracer: Tracer,
        database: &PluginDatabase,
        common: &[KeyValue],
        namespace: Option<&str>,
    ) -> Self {
        let mut attributes = common.to_vec();
        attributes.extend(namespace.map(|name| KeyValue::new("db.namespace", name.to_owned())));
        if let Target::Postgres(postgres) = &database.target {
            let Postgres { host, port, .. } = &**postgres;
            attributes.push(KeyValue::new("server.address", host.clone()));
            attributes.push(KeyValue::new("server.port", i64::from(*port)));
        }
        Self { tracer, attributes }
    }

    /// What is at work now. A statement alone is no trace: of what is part of none there is no span.
    pub(super) fn work(&self) -> Option<Work> {
        if !self.tracer.is_open() {
            return None;
        }
        let context = Context::current();
        context.trace()?.is_sampled().then_some(Work(context))
    }

    /// A statement of that work has ended.
    pub(super) fn ended(
        &self,
        Work(context): &Work,
        statement: &Statement,
        namespace: Option<&str>,
        error: Option<&str>,
    ) {
        let Some(parent) = context.trace() else { return };
        let operation = OPERATIONS[statement.operation];
        let name =
            namespace.map_or_else(|| operation.to_owned(), |namespace| format!("{operation} {namespace}"));
        let mut span = SpanData::new(Arc::clone(self.tracer.scope()), name, parent.child());
        span.kind = SpanKind::Client;
        span.ended = statement.ended;
        span.began = span.ended.checked_sub(statement.took).unwrap_or(SystemTime::UNIX_EPOCH);
        let request = context.request().filter(|request| request.trace().trace_id() == parent.trace_id());
        span.trace_state = request.and_then(|request| request.trace_state()).map(Into::into);
        self.attributes.iter().cloned().for_each(|attribute| span.set(attribute));
        span.set(KeyValue::new("db.operation.name", operation));
        span.set(KeyValue::new(
            "db.response.returned_rows",
            i64::try_from(statement.rows).unwrap_or(i64::MAX),
        ));
        if let Some(error) = error {
            span.set(KeyValue::new("error.type", error.to_owned()));
            // What the code says already need not be said twice.
            span.status = Status::Error(String::new());
        }
        self.tracer.record(span);
    }
}
