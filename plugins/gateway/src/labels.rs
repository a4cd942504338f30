//! Who sent a request that passes, for its access line: found out by the keys of the Node backend, which judges by itself.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use greenroom::{
    auth::{Clock, ExternalTokens, Issuer, KeysFault, RemoteKeys, TokenLabels},
    http_client::{Call, HttpClient},
};
use greenroom_proxy::{Label, Labels};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;

/// How long the keys of a plugin may take.
const DEADLINE: Duration = Duration::from_secs(2);
const MOST: usize = 64 * 1024;

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

/// The public keys of the Node backend, wherever it is at the moment.
pub(crate) fn keys(client: HttpClient, address: Arc<Mutex<SocketAddr>>) -> RemoteKeys {
    let fetch = move |issuer: &Issuer| {
        let (client, url) = (client.clone(), format!("http://{}{}", *address.lock(), issuer.path()));
        let asked: greenroom::context::BoxFuture<'static, _> =
            Box::pin(async move { fetch(&client, &url).await });
        asked
    };
    RemoteKeys::new(fetch, Clock::default())
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
