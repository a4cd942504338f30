//! `greenroom.httpClient`: the handle that everyone holds, and what may stand behind it.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_context::BoxFuture;
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_logging::{Logger, RootLogger};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::TracerProvider;
use http::Response;

use crate::{
    builder::HttpClientBuilder, call::Call, environment::ClientEnvironment, error::CallError,
    settings::ClientSettings,
};

/// What a client does; implement it to replace or mock one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use bytes::Bytes;
/// use greenroom_http_client::{BoxFuture, Call, CallError, HttpClient, HttpClientService};
/// use http::Response;
///
/// struct AlwaysFine;
///
/// impl HttpClientService for AlwaysFine {
///     fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
///         let asked = call.request().uri().path().to_owned();
///         Box::pin(async move { Ok(Response::new(Bytes::from(asked))) })
///     }
/// }
///
/// let client = HttpClient::new(AlwaysFine);
/// let answer = client.send(Call::get("https://status.example.com/v1").unwrap()).await.unwrap();
/// assert_eq!(answer.body(), "/v1");
/// # }
/// ```
pub trait HttpClientService: Send + Sync + 'static {
    /// Sends the request and waits for the whole answer.
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>>;
}

/// Calls out over HTTP. `greenroom.httpClient`. See the [crate's example](crate).
#[derive(Clone)]
pub struct HttpClient(Arc<dyn HttpClientService>);

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl Service for HttpClient {
    const ID: &'static str = "greenroom.httpClient";
    type Scope = scope::Root;
}

impl HttpClient {
    /// A handle on an implementation of one's own.
    pub fn new(service: impl HttpClientService) -> Self {
        Self(Arc::new(service))
    }

    /// A client by itself, outside of any backend.
    pub fn builder(environment: ClientEnvironment) -> HttpClientBuilder {
        HttpClientBuilder::new(environment)
    }

    /// The default factory. The client is made when the first service or plugin asks for it.
    pub fn factory(environment: ClientEnvironment) -> ServiceFactory {
        let made = async move |config: RootConfig,
                               logger: RootLogger,
                               registry: Option<MetricsRegistry>,
                               traces: Option<TracerProvider>| {
            environment.warnings().iter().for_each(|warning| logger.warn(warning));
            let settings = ClientSettings::from_config(&config)?;
            let mut client = Self::builder(environment).settings(settings).logger(Logger::clone(&logger));
            if let Some(registry) = registry {
                client = client.metrics(&registry);
            }
            if let Some(traces) = traces {
                client = client.tracer(traces.own());
            }
            Ok(client.build())
        };
        service(made).lazy().reads(ClientSettings::from_config)
    }

    /// Sends the request and waits for the whole answer. A status is an answer, whichever it is: so is a redirection, which
    /// is not followed. Nothing is sent twice.
    ///
    /// # Errors
    /// When there is no whole answer within the call's bounds; see [`Fault`](crate::Fault).
    pub async fn send(&self, call: impl Into<Call>) -> Result<Response<Bytes>, CallError> {
        self.0.send(call.into()).await
    }
}
