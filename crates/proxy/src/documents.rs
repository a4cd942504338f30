//! HTML documents that pass: who adds to them, and how that is done without breaking one.

use std::{fmt, sync::Arc};

use greenroom_core::{Service, ServiceFactory, scope, service};
use parking_lot::Mutex;

/// A document that is about to leave, for who adds to it.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// As the other server made it.
    pub html: &'a str,
    /// Its `Content-Security-Policy`, as it goes out: all of them, joined by `, `.
    pub policy: Option<&'a str>,
}

/// Why a document goes out as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Untouched {
    /// It was encoded although it was asked for as it is.
    Encoded,
    /// It has more bytes than are held in memory.
    TooLarge,
    /// It is not UTF-8.
    NotUtf8,
    /// It has no place where a script could stand first.
    NoHead,
    /// Its policy would refuse what is added.
    Policy,
    /// It has already what would be added.
    AlreadyThere,
}

/// What is added to one document.
pub type Add = Arc<dyn Fn(&Document<'_>) -> Result<Option<String>, Untouched> + Send + Sync>;

/// Adds to the documents that the server behind answers: a root service, for plugins. Without anybody who adds, no request and
/// no answer is touched.
#[derive(Clone, Default)]
pub struct Documents(Arc<Mutex<Vec<Add>>>);

impl Service for Documents {
    const ID: &'static str = "greenroom.forwardedDocuments";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || Ok(Self::default())))
    }
}

impl Documents {
    /// Puts HTML at the beginning of each document's `<head>`, made in the context of its request; `None` adds nothing to this
    /// one.
    pub fn add(&self, html: impl Fn(&Document<'_>) -> Result<Option<String>, Untouched> + Send + Sync + 'static) {
        self.0.lock().push(Arc::new(html));
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Documents")
    }
}
