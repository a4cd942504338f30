//! Users who signed in at the Node backend, for the plugins of this one.

use std::time::Duration;

use greenroom::{
    auth::{ExternalTokens, PluginKeys, RemoteAuth, RemoteKeys},
    context::BoxFuture,
    core::{ServiceFactory, service},
    http_client::{Call, HttpClient},
    prelude::*,
};
use greenroom_proxy::State;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::watch;

use crate::labels::{AWAY, address};

/// How long the Node backend may take to tell of a user.
const DEADLINE: Duration = Duration::from_secs(5);
const MOST: usize = 256 * 1024;

/// The auth backend that the Node backend is.
pub(crate) fn auth_backend(
    keys: RemoteKeys,
    client: HttpClient,
    state: watch::Receiver<State>,
) -> RemoteAuth {
    RemoteAuth::new(keys, move |token| {
        let url = address(&state).map(|address| format!("http://{address}/api/auth/v1/userinfo"));
        let (client, bearer) = (client.clone(), format!("Bearer {token}"));
        let asked: BoxFuture<'static, _> = Box::pin(async move {
            match url {
                Some(url) => user_info(&client, &url, &bearer).await,
                None => Err(Error::new(format!("Nobody tells of the user: {AWAY}")).into()),
            }
        });
        asked
    })
}

async fn user_info(client: &HttpClient, url: &str, bearer: &str) -> Result<Option<Vec<u8>>> {
    let mut bearer = HeaderValue::try_from(bearer)?;
    bearer.set_sensitive(true);
    let call = Call::get(url)?.header(header::AUTHORIZATION, bearer);
    let answer = client.send(call.deadline(DEADLINE).at_most(MOST)).await?;
    match answer.status() {
        StatusCode::OK => Ok(Some(answer.into_body().to_vec())),
        StatusCode::NOT_FOUND => Ok(None),
        other => {
            Err(Error::new(format!("The Node backend tells nothing of the user: {}", other.as_u16())).into())
        }
    }
}

/// None: the keys that the config names are those of the Node backend's plugins, in files that may lie where it runs alone.
pub(crate) fn plugin_keys() -> ServiceFactory {
    service(async || Ok(PluginKeys::default()))
}

/// External tokens as far as they are understood here. Modules of the Node backend may know other kinds: they are its to
/// judge, and must not keep the gateway from its start.
pub(crate) fn external_tokens() -> ServiceFactory {
    service(async |config: RootConfig, logger: RootLogger| {
        Ok(ExternalTokens::from_config(&config).unwrap_or_else(|error| {
            let logger = logger.child(fields! { service: "gateway" });
            warn!(logger, reason = error.to_string(), "External tokens are left to the Node backend alone");
            ExternalTokens::default()
        }))
    })
}
