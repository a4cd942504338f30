//! Why there is nothing to show, as whoever mounts the pages knows it.

use std::{future::Future, pin::Pin, sync::Arc};

/// What was looked at where no events arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// Why none arrive, as the end of a sentence: `the SDK is not laid out`. None where nothing is in the way.
    pub because: Option<String>,
    /// In the order in which events pass.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    #[expect(missing_docs, reason = "its name says it")]
    pub verdict: Verdict,
    /// A sentence without a full stop.
    pub title: String,
    /// What was seen: where, how much.
    pub evidence: Option<String>,
    /// What to do, and a command that does it.
    pub to_do: Option<(String, String)>,
}

/// How it is with what was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It is in the way.
    ToDo,
    /// Events arrive, and not as somebody wants them.
    Warning,
    /// It comes by itself.
    Waits,
}

type Examining = Pin<Box<dyn Future<Output = Diagnosis> + Send>>;

/// Whoever can tell.
#[derive(Clone)]
pub(crate) struct Doctor(Arc<dyn Fn() -> Examining + Send + Sync>);

impl Doctor {
    pub(crate) fn new<F: Future<Output = Diagnosis> + Send + 'static>(
        examine: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move || Box::pin(examine())))
    }

    pub(crate) async fn examine(&self) -> Diagnosis {
        (self.0)().await
    }
}

impl std::fmt::Debug for Doctor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Doctor")
    }
}
