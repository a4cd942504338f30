//! The backend under test, before it starts.

use std::collections::BTreeMap;

use greenroom::{
    core::{Env, Feature, Service, StartError, decorate, module, scope},
    data_dir::DataDirEnvironment,
    errors::Error,
    health::HealthRegistry,
    http::{HttpSettings, Listen, RootHttpRouter},
    http_client::ClientEnvironment,
    logging::LogEnvironment,
    ops::OpsEnvironment,
    prelude::RootConfig,
};
use greenroom_defaults::{ConfigFrom, Surroundings, create_backend_in};
use greenroom_otlp::OtelEnvironment;
use serde_json::json;

use crate::{
    Captured, IntoConfig, RunningTestBackend, TestClient, mock,
    mock_credentials::{self, MockCredentials},
};

type Offer = Box<dyn FnOnce(&mut Env<scope::ModuleInit>) + Send>;

/// A backend to be started by a test. See the [crate's example](crate).
///
/// Defaults: no config, `NODE_ENV=test`, requests without credentials come from [`mock_credentials::user`]. It listens
/// on a free port of 127.0.0.1 whatever the config says, and takes neither the process's environment nor its panics.
pub struct TestBackend {
    config: Result<RootConfig, Error>,
    features: Vec<Feature>,
    points: BTreeMap<String, Vec<Offer>>,
    caller: MockCredentials,
    node_env: String,
    telemetry: OtelEnvironment,
    lines: Captured,
}

impl Default for TestBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl TestBackend {
    /// A backend with nothing added.
    pub fn new() -> Self {
        Self {
            config: json!({}).into_config().map_err(Error::from),
            features: vec![],
            points: BTreeMap::new(),
            caller: mock_credentials::user(),
            node_env: "test".to_owned(),
            telemetry: OtelEnvironment::default(),
            lines: Captured::new(),
        }
    }

    /// Sets the config: `json!({…})`, YAML text, or a `RootConfig`. The last one counts; a bad one fails the start.
    #[must_use]
    pub fn config(mut self, config: impl IntoConfig) -> Self {
        self.config = config.into_config().map_err(Error::from);
        self
    }

    /// Adds a plugin, a module, a service factory, a decorator or a loader, as to a backend in production.
    ///
    /// A module whose plugin is not there gets an empty one, so that it runs.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`add` is Backstage's word, and nobody sums backends")]
    pub fn add(mut self, feature: impl Into<Feature>) -> Self {
        self.features.push(feature.into());
        self
    }

    /// Offers an extension point in the place of `plugin`, to see what modules do with it. It is registered by a
    /// module `test-extension-point-registration` of that plugin, which starts after all who use it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # use greenroom::prelude::*;
    /// # use greenroom_test::TestBackend;
    /// # use std::sync::{Arc, Mutex};
    /// #[derive(Clone, Default)]
    /// struct Providers(Arc<Mutex<Vec<&'static str>>>);
    /// impl Service for Providers {
    ///     const ID: &'static str = "catalog.providers";
    ///     type Scope = scope::Extension;
    /// }
    ///
    /// let github = module("catalog", "github", |env| {
    ///     env.register_init(async |providers: Providers| Ok(providers.0.lock().unwrap().push("github")));
    /// });
    /// let seen = Providers::default();
    /// TestBackend::new().add(github).extension_point("catalog", seen.clone()).start().await.unwrap();
    /// assert_eq!(*seen.0.lock().unwrap(), ["github"]);
    /// # }
    /// ```
    #[must_use]
    pub fn extension_point<T: Service<Scope = scope::Extension>>(mut self, plugin: &str, point: T) -> Self {
        let offer: Offer = Box::new(move |env| env.register_extension_point(point));
        self.points.entry(plugin.to_owned()).or_default().push(offer);
        self
    }

    /// Says who sends requests that carry no token.
    #[must_use]
    pub fn default_credentials(mut self, caller: &MockCredentials) -> Self {
        self.caller = caller.clone();
        self
    }

    /// Sets `NODE_ENV`: under `development`, error bodies carry stacks and JSON is indented.
    #[must_use]
    pub fn node_env(mut self, node_env: &str) -> Self {
        self.node_env = node_env.to_owned();
        self
    }

    /// Sets `OTEL_*` variables, which say where traces and metrics are sent: those of the process are not read.
    #[must_use]
    pub fn otel(mut self, variables: &[(&str, &str)]) -> Self {
        self.telemetry = OtelEnvironment::from_variables(variables.iter().copied());
        self
    }

    /// The lines that will be logged, for tests of a start that fails.
    pub fn captured(&self) -> Captured {
        self.lines.clone()
    }

    /// Starts it.
    ///
    /// # Errors
    /// Production's; what did start has been stopped again.
    pub async fn start(self) -> Result<RunningTestBackend, StartError> {
        let lines = self.lines;
        let log = LogEnvironment { node_env: Some(self.node_env), ..LogEnvironment::default() };
        let config = ConfigFrom::Loaded(self.config.map_err(StartError::Boot)?);
        let mut backend = create_backend_in(Surroundings {
            config,
            log,
            state: DataDirEnvironment::default(),
            calls: ClientEnvironment::default(),
            telemetry: self.telemetry,
            ops: OpsEnvironment::of(Some(mock::OPS_TOKEN.to_owned())),
            is_process: false,
            found: vec![],
        })
        .with_default(mock::root_logger_into(lines.clone()))
        .with_default(HealthRegistry::forgetful())
        .with_default(mock::auth())
        .with_default(mock::http_auth_with(self.caller.credentials()))
        .with_default(mock::user_info())
        .add(decorate(async |settings: HttpSettings| Ok(on_loopback(settings))))
        .adopt_orphans();
        for (plugin, offers) in self.points {
            backend = backend.add(module(plugin, "test-extension-point-registration", |env| {
                offers.into_iter().for_each(|offer| offer(env));
                env.register_init(async || Ok(()));
            }));
        }
        for feature in self.features {
            backend = backend.add(feature);
        }
        let running = backend.start().await?;
        let router = running.service::<RootHttpRouter>().await.map_err(StartError::Boot)?;
        let address = router.local_addr().tcp();
        let address = address.ok_or_else(|| StartError::Boot(Error::new("It listens on no port")))?;
        Ok(RunningTestBackend { client: TestClient::new(address), running, lines })
    }
}

fn on_loopback(settings: HttpSettings) -> HttpSettings {
    let listen = Listen::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
    HttpSettings { listen, https: None, ..settings }
}
