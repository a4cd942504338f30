//! How the backend of each recording was set up, and in which order its requests were made.
//!
//! A scenario is one backend process. Stage-one scenarios must be green; the later ones say what they wait for. A recording
//! that cannot apply to a Rust backend, or that Greenroom deviates from on purpose, is named in [`NOT_APPLICABLE`] or
//! [`DEVIATIONS`] with the reason. `tests/it/scenarios.rs` holds that every recording has exactly one place.

mod table;

pub use table::SCENARIOS;

/// The readiness endpoint.
pub const READINESS: &str = "/.backstage/health/v1/readiness";

/// One configured backend and what is done with it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Snake case: also the name of its test.
    pub name: &'static str,
    /// When it has to be green.
    pub stage: Stage,
    /// The plugins of the backend (`FEATURES`).
    pub features: &'static str,
    /// YAML on top of the configuration that all share; empty if none.
    pub config: &'static str,
    /// Environment variables; `NODE_ENV` and the log variables are unset otherwise.
    pub env: &'static [(&'static str, &'static str)],
    /// What happens, in order.
    pub steps: &'static [Step],
}

/// When a scenario has to be green.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Now.
    One,
    /// Later: what it waits for.
    Later(&'static str),
}

/// Something done to a backend or awaited of it.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Send these recorded requests and compare the answers.
    Replay(&'static [&'static str]),
    /// Wait for a status of a path.
    AwaitStatus(&'static str, u16),
    /// Wait for a text in a line of the output.
    AwaitLine(&'static str),
    /// Wait until new connections are refused.
    AwaitRefused,
    /// Begin a GET and leave it in flight.
    Hold(&'static str),
    /// The request in flight is answered with this status.
    HeldAnswers(u16),
    /// Send this recorded request and leave it in flight once its answer has begun.
    HoldReplay(&'static str),
    /// The request in flight, which is this recorded one, is answered as it was then.
    HeldReplays(&'static str),
    /// Send SIGTERM.
    Terminate,
    /// It ends with this exit code.
    Exit(i32),
}

impl Scenario {
    /// The scenario of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|scenario| scenario.name == name)
    }

    /// The recordings it replays.
    pub fn transcripts(&self) -> impl Iterator<Item = &'static str> {
        self.steps
            .iter()
            .flat_map(|step| match step {
                Step::Replay(names) => *names,
                Step::HeldReplays(name) => std::slice::from_ref(name),
                _ => &[],
            })
            .copied()
    }
}

/// Recordings that no Rust backend can be asked to repeat, each with the reason.
pub const NOT_APPLICABLE: &[(&str, &str)] = &[
    ("error-prod-nul", "`throw null` exists in JavaScript only"),
    ("error-unset-nul", "`throw null` exists in JavaScript only"),
    ("error-dev-nul", "`throw null` exists in JavaScript only"),
    (
        "ws-early-data",
        "the recording lacks the bytes that came behind the request, and Node's handler counts them",
    ),
];

/// Headers (lower case) in which the answer to a recording may differ, each with the reason.
pub const DEVIATIONS: &[(&str, &[&str], &str)] = &[
    ("error-dev-notmodified", &["etag"], "the hash of a body that is not sent and holds a stack"),
    ("raw-bad-request", &["content-length", "date"], "hyper frames its own 400 answers"),
    ("raw-bad-utf8-path", &["content-length", "date"], "hyper frames its own 400 answers"),
    ("raw-huge-header", &["content-length", "date"], "hyper frames its own 431 answers"),
    ("raw-te-cl", &["content-length", "date"], "hyper frames its own 400 answers"),
];

/// The headers that are not compared for a recording.
pub fn ignored_headers(transcript: &str) -> &'static [&'static str] {
    DEVIATIONS.iter().find(|(name, ..)| *name == transcript).map_or(&[], |(_, headers, _)| headers)
}
