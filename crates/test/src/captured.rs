//! Log lines kept for a test, and waiting for one.

use std::{fmt, sync::Arc, time::Duration};

use greenroom::logging::{Emitted, Sink};
use serde_json::Value;
use tokio::sync::watch;

/// How long a line may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lines that a logger wrote. Clones share them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (logger, lines) = greenroom_test::mock::logger("tasks");
/// logger.info("Queueing this task.");
/// assert_eq!(lines.wait_for(|line| line["plugin"] == "tasks").await["message"], "Queueing this task.");
/// # }
/// ```
///
/// Lines are JSON as Node prints it: no time, and none of the fields that Greenroom adds. A line in another format,
/// asked for by `greenroom.logger.format: pretty`, is a JSON string.
#[derive(Clone, Default)]
pub struct Captured(Arc<watch::Sender<Vec<Value>>>);

impl Captured {
    /// No lines yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines so far.
    pub fn all(&self) -> Vec<Value> {
        self.0.borrow().clone()
    }

    /// The messages so far.
    pub fn messages(&self) -> Vec<String> {
        let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
        self.0.borrow().iter().map(text).collect()
    }

    /// The first line that `wanted` accepts, of those so far and those to come.
    ///
    /// # Panics
    /// When none came within 10 s; the text holds all lines that did.
    pub async fn wait_for(&self, wanted: impl Fn(&Value) -> bool + Send + Sync) -> Value {
        let mut lines = self.0.subscribe();
        let found = async {
            let seen = lines.wait_for(|lines| lines.iter().any(&wanted)).await.ok()?;
            seen.iter().find(|line| wanted(line)).cloned()
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Some(line)) => line,
            _ => panic!("the awaited line was not logged; there is\n{self:?}"),
        }
    }
}

impl Sink for Captured {
    fn emit(&self, emitted: &Emitted<'_>) {
        let line = emitted.line();
        let parsed = serde_json::from_slice(line)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(line).trim_end().to_owned()));
        self.0.send_modify(|lines| lines.push(parsed));
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.borrow().iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
