//! HTML documents that pass: who adds to them, and how that is done without breaking one.
//!
//! `candidate.rs` says which requests may get a document, and has it sent so that it can be read; `answer.rs` adds to it, behind
//! the tag that `head.rs` finds, or lets it pass; `held.rs` holds it meanwhile, and `encode.rs` encodes it in the other server's
//! place.

mod answer;
mod candidate;
mod encode;
mod head;
mod held;

use std::{fmt, sync::Arc};

use greenroom_context::contain_panic;
use greenroom_core::{Service, ServiceFactory, scope, service};
use parking_lot::RwLock;
use tokio::sync::Semaphore;

pub(crate) use self::candidate::Candidate;

/// A document that is about to leave, for who adds to it.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// As the other server made it.
    pub html: &'a str,
    /// Its `Content-Security-Policy`, as it goes out: all of them, joined by `, `.
    pub policy: Option<&'a str>,
}

/// What is added to one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addition {
    /// HTML for the beginning of its `<head>`.
    pub html: String,
    /// What its `Content-Security-Policy` becomes; `None` leaves it as it is, and one that has none gets none.
    pub policy: Option<String>,
}

impl From<String> for Addition {
    fn from(html: String) -> Self {
        Self { html, policy: None }
    }
}

/// Why a document goes out as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Untouched {
    /// It was encoded although it was asked for as it is.
    Encoded,
    /// It has more bytes than are held in memory.
    TooLarge,
    /// So many others are held at the moment that there is no room for it.
    Busy,
    /// It comes so slowly that the browser gets what there is.
    TooSlow,
    /// It is not UTF-8.
    NotUtf8,
    /// It has no place where a script could stand first.
    NoHead,
    /// Its policy would refuse what is added.
    Policy,
    /// It has already what would be added.
    AlreadyThere,
}

/// Says what is added to one document.
type Add = Arc<dyn Fn(&Document<'_>) -> Result<Option<Addition>, Untouched> + Send + Sync>;

/// Adds to the documents that the server behind answers: a root service, for plugins. Without anybody who adds, no request and
/// no answer is touched.
///
/// ```
/// # use greenroom_core::plugin;
/// use greenroom_proxy::{Documents, Untouched};
///
/// plugin("banner", |env| {
///     env.register_init(async |documents: Documents| {
///         documents.add(|document| match document.html.contains("id=\"banner\"") {
///             true => Err(Untouched::AlreadyThere),
///             false => Ok(Some("<script src=\"/api/banner/banner.js\"></script>".to_owned().into())),
///         });
///         Ok(())
///     });
/// });
/// ```
#[derive(Clone)]
pub struct Documents {
    adds: Arc<RwLock<Vec<Add>>>,
    /// For what is held in memory of all of them, until their clients have it.
    room: Arc<Semaphore>,
}

/// How many bytes of documents are held at a time, whatever the limit of each.
const ROOM: usize = 64 * 1024 * 1024;

/// In pieces of which that is counted.
const ROOM_UNIT: usize = 1024;

/// What is longer is changed and encoded on a thread of its own: that takes longer than others should wait.
const SHORT: usize = 32 * 1024;

impl Default for Documents {
    fn default() -> Self {
        Self { adds: Arc::default(), room: Arc::new(Semaphore::new(ROOM / ROOM_UNIT)) }
    }
}

impl Service for Documents {
    const ID: &'static str = "greenroom.forwardedDocuments";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || Ok(Self::default())))
    }
}

impl Documents {
    /// Puts HTML at the beginning of each document's `<head>`, made in the context of its request; `None` adds nothing to this
    /// one. It escapes what it prints, and should be quick.
    pub fn add(
        &self,
        addition: impl Fn(&Document<'_>) -> Result<Option<Addition>, Untouched> + Send + Sync + 'static,
    ) {
        self.adds.write().push(Arc::new(addition));
    }

    fn is_empty(&self) -> bool {
        self.adds.read().is_empty()
    }

    /// What all of them add, in the order in which they came. One that refuses keeps no other from adding; why it did is told
    /// where nobody adds.
    fn additions(&self, html: &str, policy: Option<&str>) -> Result<Option<Addition>, Untouched> {
        let adds = self.adds.read().clone();
        let (mut all, mut refused) = (None::<Addition>, None);
        for add in adds {
            let changed = all.as_ref().and_then(|all| all.policy.as_deref());
            let mut added = Ok(None);
            // Who panics has added nothing, which the panic's own line tells: the document goes out all the same.
            contain_panic(|| added = add(&Document { html, policy: changed.or(policy) }));
            match added {
                Ok(None) => {}
                Ok(Some(one)) => {
                    let all = all.get_or_insert_default();
                    all.html.push_str(&one.html);
                    all.policy = one.policy.or(all.policy.take());
                }
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        match (all, refused) {
            (None, Some(why)) => Err(why),
            (all, _) => Ok(all),
        }
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Documents")
    }
}

#[cfg(test)]
mod tests;
