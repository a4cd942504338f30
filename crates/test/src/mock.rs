//! Mock services: factories to [add](crate::TestBackend::add), and working fakes for tests without a backend.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom::health::HealthResponse;
//! use greenroom_test::{TestBackend, mock};
//!
//! let backend = TestBackend::new()
//!     .add(mock::root_health(HealthResponse::unavailable("on holiday")))
//!     .start()
//!     .await
//!     .unwrap();
//! assert_eq!(backend.get("/.backstage/health/v1/readiness").await.json()["message"], "on holiday");
//! # }
//! ```
//!
//! A spy of one's own is as short: `service(async || Ok(RootHealth::new(MyHealth)))`.

use bytes::Bytes;
use greenroom::{
    auth::{Auth, BoxFuture, Credentials, HttpAuth, UserIdentity, UserInfo, UserInfoService, UserTokens},
    core::{PluginMetadata, ServiceFactory, service},
    health::{HealthResponse, Probe, RootHealth, RootHealthService},
    http_client::{Call, CallError, HttpClient, HttpClientService},
    log_store::LogStore,
    logging::{Format, LogEnvironment, Logger, LoggerOptions, RootLogger},
    metrics::LogRecords,
    prelude::RootConfig,
};
use http::Response;

use crate::{
    Captured, IntoConfig,
    mock_auth::{MockAuth, MockHttpAuth},
    mock_credentials,
};

#[cfg(feature = "database")]
pub use crate::mock_database::{database, database_of};

/// The token of operators in a [`TestBackend`](crate::TestBackend): who sends it as a bearer token reaches `/.greenroom/`.
pub const OPS_TOKEN: &str = "mock-ops-token-of-tests";

/// `core.rootConfig`: JSON or YAML.
pub fn root_config(config: impl IntoConfig) -> ServiceFactory {
    let config = config.into_config().map_err(greenroom::errors::Error::from);
    service(async move || Ok(config?))
}

/// `core.rootLogger`, and what it logs. As in a [`TestBackend`](crate::TestBackend), it obeys `backend.logger` and
/// prints nothing.
pub fn root_logger() -> (ServiceFactory, Captured) {
    let lines = Captured::new();
    (root_logger_into(lines.clone()), lines)
}

pub(crate) fn root_logger_into(lines: Captured) -> ServiceFactory {
    service(async move |config: RootConfig, store: Option<LogStore>, records: Option<LogRecords>| {
        let chosen = config.optional_string("greenroom.logger.format")?.is_some();
        let env = LogEnvironment { node_env: Some("production".to_owned()), ..LogEnvironment::default() };
        let mut options = LoggerOptions::from_config(&config, &env)?;
        if !chosen {
            // Without a time, whole lines can be compared.
            options.format = Format::Node155Json;
        }
        let logger = RootLogger::builder().options(options).sink(lines);
        let logger = match records {
            Some(records) => logger.tap(records),
            None => logger,
        };
        Ok(match store {
            Some(store) => logger.tap(store.sink()).build(),
            None => logger.build(),
        })
    })
}

/// A working `core.logger` of one plugin, and what it logs.
pub fn logger(plugin: &str) -> (Logger, Captured) {
    let lines = Captured::new();
    (RootLogger::builder().format(Format::Node155Json).sink(lines.clone()).build().plugin(plugin), lines)
}

/// `core.auth` that knows the tokens of [`mock_credentials`], and those of users whom the plugin `auth` has signed in.
pub fn auth() -> ServiceFactory {
    service(async |me: PluginMetadata, users: UserTokens| {
        Ok(Auth::new(MockAuth { plugin: me.id().to_owned(), users: Some(users) }))
    })
}

/// A working `core.auth` of one plugin that knows the tokens of [`mock_credentials`] and no others.
pub fn auth_of(plugin: &str) -> Auth {
    Auth::new(MockAuth { plugin: plugin.to_owned(), users: None })
}

/// `core.httpAuth`, by which a request without a token comes from [`mock_credentials::user`].
pub fn http_auth() -> ServiceFactory {
    http_auth_with(mock_credentials::user().credentials())
}

/// `core.httpAuth`, by which a request without a token comes from `default`.
pub fn http_auth_with(default: Credentials) -> ServiceFactory {
    service(async move |auth: Auth, config: RootConfig, users: UserTokens| {
        let real = HttpAuth::of_plugin(auth, config, users.clock().clone());
        Ok(HttpAuth::new(MockHttpAuth { real, default }))
    })
}

/// `core.userInfo`, by which a user owns what is their own and nothing else.
pub fn user_info() -> ServiceFactory {
    service(async |real: UserTokens| Ok(UserInfo::new(MockUserInfo(UserInfo::of(real)))))
}

/// Asks about users who have signed in; knows mock users by their names.
struct MockUserInfo(UserInfo);

impl UserInfoService for MockUserInfo {
    fn user_info<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, greenroom::errors::Result<UserIdentity>> {
        Box::pin(async move {
            match (credentials.token(), credentials.principal().as_user()) {
                (None, Some(user)) => Ok(UserIdentity {
                    user_entity_ref: user.to_owned(),
                    ownership_entity_refs: vec![user.to_owned()],
                }),
                _ => self.0.user_info(credentials).await,
            }
        })
    }
}

/// `core.rootHealth` that answers both probes with this.
pub fn root_health(answer: HealthResponse) -> ServiceFactory {
    service(async move || Ok(RootHealth::new(FixedHealth(answer))))
}

struct FixedHealth(HealthResponse);

type Answer<'a> = BoxFuture<'a, HealthResponse>;

impl RootHealthService for FixedHealth {
    fn readiness<'a>(&'a self, _: &'a Probe) -> Answer<'a> {
        self.liveness()
    }

    fn liveness(&self) -> Answer<'_> {
        Box::pin(async { self.0.clone() })
    }
}

/// `greenroom.httpClient` that calls nobody: the function answers.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom::{http_client::Call, prelude::*};
/// use greenroom_test::{TestBackend, mock};
/// use http::Response;
///
/// let weather = plugin("weather", |env| {
///     env.register_init(async |client: HttpClient, logger: Logger| {
///         let answer = client.send(Call::get("https://weather.example.com/today")?).await?;
///         info!(logger, today = String::from_utf8_lossy(answer.body()), "Asked");
///         Ok(())
///     });
/// });
///
/// let answer = |call: &Call| {
///     assert_eq!(call.request().uri().path(), "/today");
///     Ok(Response::new("rain".into()))
/// };
/// let backend = TestBackend::new().add(weather).add(mock::http_client(answer)).start().await.unwrap();
/// assert_eq!(backend.await_log(|line| line["message"] == "Asked").await["today"], "rain");
/// # }
/// ```
pub fn http_client<F>(answer: F) -> ServiceFactory
where
    F: Fn(&Call) -> Result<Response<Bytes>, CallError> + Send + Sync + 'static,
{
    let client = HttpClient::new(Answering(answer));
    service(async move || Ok(client))
}

struct Answering<F>(F);

impl<F> HttpClientService for Answering<F>
where
    F: Fn(&Call) -> Result<Response<Bytes>, CallError> + Send + Sync + 'static,
{
    fn send(&self, call: Call) -> greenroom::http_client::BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        Box::pin(async move { (self.0)(&call) })
    }
}
