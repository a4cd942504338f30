//! Who sent a request that passes, for its access line: found out by the keys of the Node backend, which judges by itself.

use std::{net::SocketAddr, time::Duration};

use greenroom::{
    auth::{Clock, ExternalTokens, Issuer, KeysFault, RemoteKeys, TokenLabels},
    http_client::{Call, HttpClient},
};
use greenroom_proxy::{Label, Labels, State};
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

/// How long the keys of a plugin may take.
const DEADLINE: Duration = Duration::from_secs(2);
const MOST: usize = 64 * 1024;

/// Why nobody is asked.
pub(crate) const AWAY: &str = "the Node backend takes no connections";

/// What labels requests.
pub(crate) struct OfTokens(TokenLabels);

impl OfTokens {
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn new(keys: RemoteKeys, external: ExternalTokens) -> std::io::Result<Self> {
        TokenLabels::new(keys, external).map(Self)
    }
}

impl Labels for OfTokens {
    fn look(&self, headers: &HeaderMap, told: Box<dyn FnOnce(Label) + Send>) {
        self.0.look(headers, move |label| {
            told(Label { principal_type: label.principal_type(), error: label.error() });
        });
    }
}

/// The public keys of the Node backend, wherever it is at the moment. While it is away nobody is asked: another program may listen
/// where it did.
pub(crate) fn keys(client: HttpClient, state: watch::Receiver<State>) -> RemoteKeys {
    let fetch = move |issuer: &Issuer| {
        let url = address(&state).map(|address| format!("http://{address}{}", issuer.path()));
        let client = client.clone();
        let asked: greenroom::context::BoxFuture<'static, _> = Box::pin(async move {
            match url {
                Some(url) => fetch(&client, &url).await,
                None => Err(KeysFault::Unavailable(AWAY.to_owned())),
            }
        });
        asked
    };
    RemoteKeys::new(fetch, Clock::default())
}

/// Where the Node backend takes connections, if it does.
pub(crate) fn address(state: &watch::Receiver<State>) -> Option<SocketAddr> {
    match *state.borrow() {
        State::Up { address, .. } => Some(address),
        State::Starting { .. } | State::Down { .. } | State::Failed { .. } => None,
    }
}

/// Asks for the keys that are known anew each time that the Node backend begins to take connections: it may have others.
pub(crate) async fn refresh(keys: RemoteKeys, mut state: watch::Receiver<State>) {
    while state.changed().await.is_ok() {
        let is_up = matches!(*state.borrow_and_update(), State::Up { .. });
        if is_up {
            keys.refresh();
        }
    }
}

async fn fetch(client: &HttpClient, url: &str) -> Result<Vec<u8>, KeysFault> {
    let unavailable = |why: String| KeysFault::Unavailable(why);
    let call = Call::get(url).map_err(|error| unavailable(error.to_string()))?;
    let answer = client.send(call.deadline(DEADLINE).at_most(MOST)).await;
    let answer = answer.map_err(|error| unavailable(error.to_string()))?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body().to_vec()),
        StatusCode::NOT_FOUND => Err(KeysFault::NoSuchPlugin),
        other => Err(unavailable(format!("it answers with {}", other.as_u16()))),
    }
}
