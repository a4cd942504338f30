//! Who sent a request, found out beside its way.
//!
//! Who asks is answered at once for a token that has been looked at before, and does not wait for others: a thread looks at
//! them, one after the other. A label that would have to wait for keys is `unverified`.

use std::{
    fmt, io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use greenroom_context::{contain_panic, spawn_thread};
use http::HeaderMap;
use parking_lot::Mutex;

use super::{
    InvalidToken, RemoteKeys, TokenLabel,
    cache::{Cache, TokenHash},
    candidates::candidates,
    judge::Judge,
};
use crate::ExternalTokens;

/// Requests that wait for the thread. With tokens of 16 KiB, the longest, they take 16 MiB.
const MOST_WAITING: usize = 1_024;

/// Labels requests by the tokens that they carry.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_auth::{Clock, ExternalTokens, KeysFault, RemoteKeys, TokenLabels};
/// use http::HeaderMap;
///
/// let keys = RemoteKeys::new(
///     |issuer| {
///         let path = issuer.path();
///         Box::pin(async move { Err(KeysFault::Unavailable(format!("GET {path}: nobody listens"))) })
///     },
///     Clock::default(),
/// );
/// let labels = TokenLabels::new(keys, ExternalTokens::default().with_static("a-long-token", "ci")).unwrap();
///
/// let mut headers = HeaderMap::new();
/// headers.insert("authorization", "Bearer a-long-token".parse().unwrap());
/// let (told, label) = tokio::sync::oneshot::channel();
/// labels.look(&headers, move |label| told.send(label).unwrap());
/// assert_eq!(label.await.unwrap().principal_type(), "external");
/// # }
/// ```
pub struct TokenLabels {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
}

struct Shared {
    keys: RemoteKeys,
    cache: Mutex<Cache>,
}

/// Tokens to look at.
struct Job {
    tokens: Vec<Token>,
    tell: Box<dyn FnOnce(TokenLabel) + Send>,
}

struct Token {
    hash: TokenHash,
    text: String,
    is_protocol: bool,
}

impl TokenLabels {
    /// By these keys, and by the tokens that the config lists.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn new(keys: RemoteKeys, external: ExternalTokens) -> io::Result<Self> {
        let shared = Arc::new(Shared { keys: keys.clone(), cache: Mutex::default() });
        let (jobs, waiting) = sync_channel(MOST_WAITING);
        let judge = Judge::new(keys, external);
        let of_thread = shared.clone();
        // It ends when nobody can ask any more.
        spawn_thread("token labels", move || of_thread.work(&waiting, judge))?;
        Ok(Self { shared, jobs })
    }

    /// Calls `tell`, once, with the label of a request that has these headers: at once if it is known, else on the thread
    /// that finds it out. It does not wait, and neither may `tell`, for which others would wait.
    ///
    /// Where there are several tokens, as a WebSocket may have, the first that proves something counts.
    pub fn look(&self, headers: &HeaderMap, tell: impl FnOnce(TokenLabel) + Send + 'static) {
        let Some(candidates) = candidates(headers) else { return tell(TokenLabel::Unverified) };
        if candidates.is_empty() {
            return tell(TokenLabel::None);
        }
        let hashed: Vec<_> = candidates.iter().map(|one| (TokenHash::of(one.token), one)).collect();
        let known = self.shared.known(hashed.iter().map(|(hash, one)| (hash, one.is_protocol)));
        if let Some(known) = known {
            return tell(of_all(known));
        }
        let tokens = hashed.into_iter().map(|(hash, one)| Token {
            hash,
            text: String::from_utf8_lossy(one.token).into_owned(),
            is_protocol: one.is_protocol,
        });
        let job = Job { tokens: tokens.collect(), tell: Box::new(tell) };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = self.jobs.try_send(job) {
            (job.tell)(TokenLabel::Unverified);
        }
    }
}

impl Shared {
    /// The labels of these tokens, if all of them are known.
    fn known<'a>(
        &self,
        tokens: impl Iterator<Item = (&'a TokenHash, bool)>,
    ) -> Option<Vec<(TokenLabel, bool)>> {
        let (now, withdrawals) = (self.keys.clock().seconds(), self.keys.withdrawals());
        let mut cache = self.cache.lock();
        cache.withdrawn(withdrawals);
        tokens.map(|(hash, is_protocol)| Some((cache.get(hash, now)?, is_protocol))).collect()
    }

    fn work(&self, waiting: &Receiver<Job>, mut judge: Judge) {
        while let Ok(Job { tokens, tell }) = waiting.recv() {
            let mut label = TokenLabel::Unverified;
            contain_panic(|| {
                let labels = tokens.iter().map(|token| (self.judged(token, &mut judge), token.is_protocol));
                label = of_all(labels.collect());
            });
            contain_panic(|| tell(label));
        }
    }

    fn judged(&self, token: &Token, judge: &mut Judge) -> TokenLabel {
        if let Some(known) = self.known([(&token.hash, token.is_protocol)].into_iter()) {
            return known[0].0;
        }
        let withdrawals = self.keys.withdrawals();
        let (label, keep) = judge.judge(&token.text);
        self.cache.lock().insert(token.hash, label, keep, withdrawals);
        label
    }
}

/// The label of a request, by those of its tokens. What looks like no token is a protocol where it may be one.
fn of_all(labels: Vec<(TokenLabel, bool)>) -> TokenLabel {
    let is_token = |(label, is_protocol): &(TokenLabel, bool)| {
        !(*is_protocol && *label == TokenLabel::Invalid(InvalidToken::UnknownToken))
    };
    let labels = || labels.iter().filter(|one| is_token(one)).map(|(label, _)| *label);
    let proved = labels().find(|label| label.is_proved());
    let unverified = || labels().find(|label| *label == TokenLabel::Unverified);
    proved.or_else(unverified).or_else(|| labels().next()).unwrap_or(TokenLabel::None)
}

impl fmt::Debug for TokenLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenLabels").field("keys", &self.shared.keys).finish_non_exhaustive()
    }
}
