//! Requests of this backend that a browser has sent with a trace: what a page's resource has met here, on whatever replica.

use greenroom::errors::Error;
use greenroom_database_sql::{Bind, Insert, Table};

use crate::{Store, event::people, text::first_bytes};

/// How long a path is kept.
const LONGEST: usize = 512;

/// A request that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendRequest {
    /// What its lines are found by.
    pub request_id: String,
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Its own span.
    pub span_id: Option<String>,
    /// The browser's span, which the resource has too.
    pub parent_span_id: Option<String>,
    /// The browser's session, by its own word.
    pub session_id: Option<String>,
    /// The backend that has answered it.
    pub replica: String,
    /// The plugin that has.
    pub plugin: Option<String>,
    /// By which method it was asked.
    pub method: String,
    /// The route that has answered it.
    pub route: Option<String>,
    /// The path, without the query.
    pub path: String,
    /// What was answered; 0 if it was given up before that.
    pub status: u16,
    /// When it came, in milliseconds since 1970.
    pub start_ms: i64,
    /// How long it took.
    pub duration_ns: i64,
    /// How many bytes of the answer's body have left.
    pub bytes: i64,
    /// Whether not all of it has left.
    pub is_aborted: bool,
    /// What took how many nanoseconds of it.
    pub stages: Vec<(&'static str, i64)>,
}

impl Store {
    /// Keeps them, all or none.
    ///
    /// # Errors
    /// If none is kept.
    pub async fn keep_requests(&self, requests: Vec<BackendRequest>) -> Result<(), Error> {
        self.run(Box::pin(async {
            let mut transaction = self.pool().begin().await?;
            transaction.insert(requests).await?;
            transaction.commit().await
        }))
        .await
    }
}

impl Insert for BackendRequest {
    const TABLE: Table = Table {
        name: "rum_request",
        columns: &[
            "request_id",
            "trace_id",
            "span_id",
            "parent_span_id",
            "session_id",
            "replica",
            "plugin",
            "method",
            "route",
            "path",
            "status",
            "start_ms",
            "duration_ns",
            "bytes",
            "is_aborted",
            "stages",
        ],
        on_conflict: "",
    };

    fn binds(self) -> Vec<Bind> {
        let stages = self.stages.into_iter().map(|(stage, ns)| (stage.to_owned(), ns.into()));
        let stages = serde_json::Value::Object(stages.collect()).to_string();
        vec![
            self.request_id.into(),
            self.trace_id.into(),
            self.span_id.into(),
            self.parent_span_id.into(),
            self.session_id.into(),
            self.replica.into(),
            self.plugin.into(),
            self.method.into(),
            self.route.into(),
            first_bytes(&people::hidden(&self.path), LONGEST).into(),
            i64::from(self.status).into(),
            self.start_ms.into(),
            self.duration_ns.into(),
            self.bytes.into(),
            self.is_aborted.into(),
            stages.into(),
        ]
    }
}
