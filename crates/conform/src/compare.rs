//! What two answers to one request differ in.

mod headers;
mod json;
#[cfg(test)]
mod laws;
mod text;

use std::collections::BTreeMap;

use greenroom_http_client::{CallError, Fault};

use crate::{
    html::Document,
    normalise::{Applied, Facts, Normaliser},
    probe::Sameness,
    reply::{Body, Reply},
    shown::{LONGEST, masked, short},
};

pub(crate) use json::shapes;

/// So many differences of one answer are told.
const MOST: usize = 50;

/// How many of the first ones of a content that is of another kind than the other side's.
const BRIEF: usize = 60;

/// What came of one request to one side.
pub(crate) type Outcome = Result<Reply, CallError>;

/// One thing in which the sides differ. What is shown is normalised, and masked where it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// `status`, `header etag`, `body $.error.name`…
    pub what: String,
    /// What `a` says; absent if nothing.
    pub a: Option<String>,
    /// What `b` says; absent if nothing.
    pub b: Option<String>,
}

/// What there is to say of two answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Compared {
    /// All in which they differ, but for what changes by nature.
    pub differences: Vec<Difference>,
    /// The names of the rules by which something was found to change by nature.
    pub applied: Applied,
    /// Why nothing can be said.
    pub not_comparable: Option<String>,
    /// The content changes, or differs: what describes it elsewhere tells nothing either.
    pub varies: bool,
}

impl Compared {
    fn cannot(why: impl Into<String>) -> Self {
        Self { not_comparable: Some(why.into()), varies: true, ..Self::default() }
    }
}

/// Compares two outcomes. `varies` says that the content of that path is known to change.
pub(crate) fn compare(
    normalisers: &[Normaliser; 2],
    a: &Outcome,
    b: &Outcome,
    sameness: Sameness,
    varies: bool,
) -> Compared {
    let (a, b) = match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) => return Compared::cannot(format!("neither answers; a: {a}; b: {b}")),
        (a, b) => {
            let said = |outcome: &Outcome| match outcome {
                Ok(reply) => format!("status {}", reply.status),
                Err(error) => failed(error),
            };
            let mut found = Finding::new(normalisers);
            found.add("exchange", Some(said(a)), Some(said(b)));
            return found.done();
        }
    };
    if (a.status == 429) != (b.status == 429) {
        let who = if a.status == 429 { "a" } else { "b" };
        return Compared::cannot(format!("{who} limits our rate (429): ask slower by --rate"));
    }
    if a.body == Body::TooLong || b.body == Body::TooLong {
        return Compared::cannot("the content is longer than what is looked at");
    }
    if let Some(why) = json::lazy_keys(&a.body, &b.body) {
        return Compared::cannot(why);
    }
    let mut found = Finding::new(normalisers);
    found.check("status", &a.status, &b.status);
    match sameness {
        Sameness::Whole => found.bodies(&a.body, &b.body),
        Sameness::NotContent => {
            found.compared.applied.insert("file-of-another-build");
            found.compared.varies = true;
        }
    }
    // One token is longer than the other one, and an ETag is made of it.
    found.compared.varies |= a.held_token || b.held_token;
    let compressed = |reply: &Reply| reply.header("content-encoding").is_some();
    let facts =
        Facts { varies: varies || found.compared.varies, is_compressed: compressed(a) && compressed(b) };
    headers::compare(&mut found, a, b, facts);
    found.done()
}

/// A failed call without the name of whom was called, which is another one for each.
fn failed(error: &CallError) -> String {
    match error.fault() {
        Fault::ClosedEarly => "no answer: the connection was closed".to_owned(),
        Fault::Deadline { .. } => "no answer in time".to_owned(),
        Fault::TooLarge { .. } => "an answer that is too large".to_owned(),
        Fault::Protocol(reason) => format!("no HTTP/1.1: {reason}"),
        _ => format!("no answer: {}", error.kind()),
    }
}

/// What is found while two answers are compared.
pub(crate) struct Finding<'n> {
    normalisers: &'n [Normaliser; 2],
    pub(crate) compared: Compared,
}

impl<'n> Finding<'n> {
    pub(crate) fn new(normalisers: &'n [Normaliser; 2]) -> Self {
        Self { normalisers, compared: Compared::default() }
    }

    fn add(&mut self, what: impl Into<String>, a: Option<String>, b: Option<String>) {
        if self.compared.differences.len() < MOST {
            let shown = |value: Option<String>| value.map(|value| short(&value, LONGEST));
            self.compared.differences.push(Difference { what: what.into(), a: shown(a), b: shown(b) });
        }
    }

    fn check<T: PartialEq + ToString>(&mut self, what: &str, a: &T, b: &T) {
        if a != b {
            self.add(what, Some(a.to_string()), Some(b.to_string()));
        }
    }

    /// Two texts, the normalisers of which are chosen by `normal`; whether they are the same then.
    fn same(
        &mut self,
        a: &str,
        b: &str,
        normal: impl Fn(&Normaliser, &str, &mut Applied) -> String,
    ) -> Result<(), [String; 2]> {
        if a == b {
            return Ok(());
        }
        let [of_a, of_b] = self.normalisers;
        let mut applied = Applied::new();
        let (a, b) = (normal(of_a, a, &mut applied), normal(of_b, b, &mut applied));
        self.compared.applied.extend(applied);
        if a == b { Ok(()) } else { Err([a, b]) }
    }

    fn bodies(&mut self, a: &Body, b: &Body) {
        if a == b {
            return;
        }
        // Whatever is found: the bytes are not the same.
        self.compared.varies = true;
        match (a, b) {
            (Body::Json(a), Body::Json(b)) => json::compare(self, a, b),
            (Body::Text(a), Body::Text(b)) => match (Document::of(a), Document::of(b)) {
                (Some(a), Some(b)) => {
                    match (&a.config, &b.config) {
                        (Some(a), Some(b)) => json::compare_named(self, "injected config", a, b),
                        (a, b) => self.check("injected config", &is_there(a), &is_there(b)),
                    }
                    text::compare(self, &a.rest, &b.rest);
                }
                _ => text::compare(self, a, b),
            },
            (Body::Bytes(a), Body::Bytes(b)) => {
                let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                let said =
                    |bytes: &[u8]| Some(format!("{} bytes, other ones from byte {at} on", bytes.len()));
                self.add("body", said(a), said(b));
            }
            (a, b) => self.add("body", Some(kind(a)), Some(kind(b))),
        }
    }

    pub(crate) fn done(mut self) -> Compared {
        // A line may stand in two places.
        let mut seen = BTreeMap::new();
        self.compared.differences.retain(|difference| seen.insert(difference.clone(), ()).is_none());
        self.compared
    }
}

fn is_there<T>(value: &Option<T>) -> &'static str {
    if value.is_some() { "there" } else { "not there" }
}

/// What two bodies are, which are not of one kind.
fn kind(body: &Body) -> String {
    match body {
        Body::Empty => "empty".to_owned(),
        Body::Json(value) => format!("JSON: {}", masked("", &json::brief(value))),
        Body::Text(text) => format!("text: {}", short(text.trim(), BRIEF)),
        Body::Bytes(bytes) => format!("{} bytes that are no text", bytes.len()),
        Body::TooLong => "too long".to_owned(),
    }
}
