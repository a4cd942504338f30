//! One task, as callers read it.

use std::sync::Arc;

use greenroom::errors::{Error, Stacks, to_json};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What became of a run: a result, or an error's JSON form.
pub(crate) type Outcome = std::result::Result<Value, Value>;

/// What is kept of a task from when it is queued until it is forgotten.
pub(crate) struct Task {
    kind: Arc<str>,
    queued_at: Timestamp,
    started_at: Option<Timestamp>,
    /// When it finished, in order of all that did, and how.
    finished: Option<(u64, Timestamp, Outcome)>,
}

impl Task {
    pub(crate) fn queued(kind: Arc<str>) -> Self {
        Self { kind, queued_at: Timestamp::now(), started_at: None, finished: None }
    }

    pub(crate) fn start(&mut self) {
        self.started_at = Some(Timestamp::now());
    }

    pub(crate) fn finish(&mut self, number: u64, outcome: Outcome) {
        self.finished = Some((number, Timestamp::now(), outcome));
    }

    /// Its number among the finished ones.
    pub(crate) fn finished_as(&self) -> Option<u64> {
        self.finished.as_ref().map(|(number, ..)| *number)
    }

    pub(crate) fn state(&self) -> &'static str {
        match (&self.finished, self.started_at) {
            (Some((_, _, Ok(_))), _) => "succeeded",
            (Some((_, _, Err(_))), _) => "failed",
            (None, Some(_)) => "running",
            (None, None) => "queued",
        }
    }

    pub(crate) fn to_json(&self, id: &str) -> Value {
        let mut seen = Map::new();
        let mut set = |key: &str, value: Value| drop(seen.insert(key.to_owned(), value));
        let time = |time: Timestamp| Value::from(format!("{time:.3}"));
        set("task", id.into());
        set("kind", (*self.kind).into());
        set("state", self.state().into());
        set("queuedAt", time(self.queued_at));
        if let Some(at) = self.started_at {
            set("startedAt", time(at));
        }
        if let Some((_, at, outcome)) = &self.finished {
            set("finishedAt", time(*at));
            match outcome {
                Ok(result) => set("result", result.clone()),
                Err(error) => set("error", error.clone()),
            }
        }
        Value::Object(seen)
    }
}

/// An error as callers may see it: as error bodies show it, those of databases excepted, which only the log tells.
pub(crate) fn shown(error: &Error) -> Value {
    match error.name() {
        "DatabaseError" => to_json(&Error::new("An internal error occurred"), Stacks::Hide),
        _ => to_json(error, Stacks::Hide),
    }
}
