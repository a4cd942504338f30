//! The public keys of a backend elsewhere, asked for when a token needs one.
//!
//! Whoever sends tokens names the key and, if it is a plugin's, the plugin. So nobody waits for an answer who need not, each
//! list is asked for once at a time and seldom, few plugins are asked, and what has been answered stays when no answer comes.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use greenroom_context::spawn;
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::jwks::{JwkSet, Listed};
use crate::{BoxFuture, Clock, PublicKey, is_plugin_id};

/// Of an issuer: it and its keys, of plugins that have been asked lately or that have answered.
const MOST_PLUGINS: usize = 64;
/// A list is asked for anew, at the next need, when it is older. Node does the same.
const LIFETIME: u64 = 600;
/// Between two questions to a plugin that has never answered.
const PAUSE_FOR_UNKNOWN: u64 = 60;
/// An answer that takes longer is none. Node does the same.
const DEADLINE: Duration = Duration::from_secs(5);

/// Who signs tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// The plugin `auth`: those of users.
    Users,
    /// The plugin of this id: those with which it calls others.
    Plugin(Arc<str>),
}

impl Issuer {
    /// The plugin that says of itself that it issued a token, if that can be a plugin's id.
    pub(super) fn plugin(id: &str) -> Option<Self> {
        is_plugin_id(id).then(|| Self::Plugin(id.into()))
    }

    /// Where its backend publishes its keys.
    ///
    /// ```
    /// use greenroom_auth::Issuer;
    ///
    /// assert_eq!(Issuer::Users.path(), "/api/auth/.well-known/jwks.json");
    /// assert_eq!(Issuer::Plugin("catalog".into()).path(), "/api/catalog/.backstage/auth/v1/jwks.json");
    /// ```
    pub fn path(&self) -> String {
        match self {
            Self::Users => "/api/auth/.well-known/jwks.json".to_owned(),
            Self::Plugin(id) => format!("/api/{id}/.backstage/auth/v1/jwks.json"),
        }
    }
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysFault {
    /// The backend has no such plugin: it answered 404.
    NoSuchPlugin,
    /// There is no answer, or a useless one: why, for the log.
    Unavailable(String),
}

type Fetch = dyn Fn(&Issuer) -> BoxFuture<'static, Result<Vec<u8>, KeysFault>> + Send + Sync;

/// The public keys of one backend elsewhere. Clones share them.
#[derive(Clone)]
pub struct RemoteKeys {
    table: Arc<Table>,
    questions: mpsc::Sender<Issuer>,
}

struct Table {
    issuers: Mutex<HashMap<Issuer, Known>>,
    clock: Clock,
    /// How many answers, and how many of them lacked a key that the one before had.
    answers: watch::Sender<(u64, u64)>,
}

/// What is known of an issuer. Times are seconds since 1970.
#[derive(Default)]
struct Known {
    keys: Option<JwkSet>,
    /// When the answer was asked for that they are from.
    keys_asked_at: u64,
    is_asking: bool,
    asked_at: u64,
    answered_at: Option<u64>,
    fault: Option<KeysFault>,
}

/// What is known of a key.
pub(super) enum Found {
    Key(PublicKey),
    /// It is listed, and verifies nothing here.
    Unusable,
    /// Its issuer does not list it, which is taken for true until then.
    Unknown(u64),
    /// The answer is under way, or the key may be younger than the last one.
    Pending,
    Unavailable(String),
}

impl RemoteKeys {
    /// Asks by `fetch`, which is to get what stands at [`Issuer::path`]: without redirections, and no more than 64 KiB.
    ///
    /// To be called on a runtime of tokio, where questions are asked.
    pub fn new(
        fetch: impl Fn(&Issuer) -> BoxFuture<'static, Result<Vec<u8>, KeysFault>> + Send + Sync + 'static,
        clock: Clock,
    ) -> Self {
        let table = Table { issuers: Mutex::default(), clock, answers: watch::Sender::default() };
        let table = Arc::new(table);
        // One for each issuer, of which each has one question at a time.
        let (questions, asked) = mpsc::channel(MOST_PLUGINS + 1);
        spawn("keys of tokens", ask(asked, table.clone(), Arc::new(fetch)));
        Self { table, questions }
    }

    /// Asks anew for all that is known: the backend was started again, perhaps with other keys.
    pub fn refresh(&self) {
        let mut issuers = self.table.issuers.lock();
        for (issuer, known) in
            issuers.iter_mut().filter(|(_, known)| known.keys.is_some() && !known.is_asking)
        {
            self.ask(issuer, known);
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.table.clock
    }

    /// How often keys have been taken back.
    pub(super) fn withdrawals(&self) -> u64 {
        self.table.answers.borrow().1
    }

    pub(super) fn answers(&self) -> watch::Receiver<(u64, u64)> {
        self.table.answers.subscribe()
    }

    /// A key of an issuer, for a token that says that it was issued at `iat`. Asks, at most every `pause` seconds, if it is
    /// not there.
    pub(super) fn find(&self, issuer: &Issuer, kid: &str, iat: Option<u64>, pause: u64) -> Found {
        let now = self.table.clock.seconds();
        let mut issuers = self.table.issuers.lock();
        if !issuers.contains_key(issuer) && !make_room(&mut issuers, issuer, now) {
            return Found::Unavailable("too many plugins are asked for their keys".to_owned());
        }
        let known = issuers.entry(issuer.clone()).or_default();
        let listed = known.keys.as_ref().map_or(Listed::Nothing, |keys| keys.find(kid));
        let pause = match issuer {
            Issuer::Plugin(_) if known.keys.is_none() => PAUSE_FOR_UNKNOWN,
            _ => pause,
        };
        let is_needed = matches!(listed, Listed::Nothing) || has_passed(known.keys_asked_at, LIFETIME, now);
        if is_needed && known.may_ask(pause, now) {
            self.ask(issuer, known);
        }
        match (listed, &known.fault) {
            (Listed::One(key), _) => Found::Key(key),
            (Listed::Unusable, _) => Found::Unusable,
            _ if known.is_asking => Found::Pending,
            (_, Some(KeysFault::Unavailable(why))) => Found::Unavailable(why.clone()),
            (_, Some(KeysFault::NoSuchPlugin)) => Found::Unknown(known.next_question(pause)),
            (_, None) if iat.is_none_or(|iat| iat < known.keys_asked_at) => {
                Found::Unknown(known.next_question(pause))
            }
            (_, None) => Found::Pending,
        }
    }

    fn ask(&self, issuer: &Issuer, known: &mut Known) {
        known.asked_at = self.table.clock.seconds();
        match self.questions.try_send(issuer.clone()) {
            Ok(()) => known.is_asking = true,
            // The backend stops.
            Err(_) => known.fault = Some(KeysFault::Unavailable("nobody asks for keys any more".to_owned())),
        }
    }
}

impl Known {
    fn may_ask(&self, pause: u64, now: u64) -> bool {
        !self.is_asking && self.answered_at.is_none_or(|answered| has_passed(answered, pause, now))
    }

    fn next_question(&self, pause: u64) -> u64 {
        self.answered_at.unwrap_or(0).saturating_add(pause)
    }
}

/// A clock that was set back has passed everything.
fn has_passed(start: u64, seconds: u64, now: u64) -> bool {
    now.checked_sub(start).is_none_or(|passed| passed >= seconds)
}

/// Whether one more issuer fits, as soon as a plugin that has not answered in its time has made room.
fn make_room(issuers: &mut HashMap<Issuer, Known>, issuer: &Issuer, now: u64) -> bool {
    let plugins = issuers.len() - usize::from(issuers.contains_key(&Issuer::Users));
    if *issuer == Issuer::Users || plugins < MOST_PLUGINS {
        return true;
    }
    let idle = |known: &Known| known.keys.is_none() && known.may_ask(PAUSE_FOR_UNKNOWN, now);
    let idle = issuers.iter().find(|(issuer, known)| **issuer != Issuer::Users && idle(known));
    let Some(idle) = idle.map(|(issuer, _)| issuer.clone()) else { return false };
    issuers.remove(&idle).is_some()
}

async fn ask(mut asked: mpsc::Receiver<Issuer>, table: Arc<Table>, fetch: Arc<Fetch>) {
    while let Some(issuer) = asked.recv().await {
        let (fetch, question) = (fetch.clone(), Question { table: table.clone(), issuer });
        spawn("keys of a token", async move {
            let answer = timeout(DEADLINE, fetch(&question.issuer)).await;
            let unavailable = |why: &str| KeysFault::Unavailable(why.to_owned());
            let answer = answer.unwrap_or_else(|_| Err(unavailable("no answer within 5 s")));
            question.answered(answer.and_then(|bytes| JwkSet::read(&bytes).map_err(unavailable)));
        });
    }
}

/// A question that is under way. However it ends, another may be asked.
struct Question {
    table: Arc<Table>,
    issuer: Issuer,
}

impl Question {
    fn answered(&self, answer: Result<JwkSet, KeysFault>) {
        let mut issuers = self.table.issuers.lock();
        let Some(known) = issuers.get_mut(&self.issuer).filter(|known| known.is_asking) else { return };
        known.is_asking = false;
        known.answered_at = Some(self.table.clock.seconds());
        let mut withdrawn = 0;
        match answer {
            Ok(keys) => {
                withdrawn = known.keys.as_ref().map_or(0, |before| u64::from(!keys.has_all_of(before)));
                known.keys = Some(keys);
                known.keys_asked_at = known.asked_at;
                known.fault = None;
            }
            Err(fault) => known.fault = Some(fault),
        }
        drop(issuers);
        self.table.answers.send_modify(|(answers, withdrawals)| {
            *answers += 1;
            *withdrawals += withdrawn;
        });
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        // It does nothing if there is an answer.
        self.answered(Err(KeysFault::Unavailable("the question was not answered".to_owned())));
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers = self.table.issuers.lock();
        let known: Vec<_> =
            issuers.iter().filter(|(_, known)| known.keys.is_some()).map(|(issuer, _)| issuer).collect();
        f.debug_struct("RemoteKeys").field("known", &known).finish_non_exhaustive()
    }
}
