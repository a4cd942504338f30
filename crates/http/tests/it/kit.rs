//! A backend in this process, and a client that sends and reads exact bytes.

mod client;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use greenroom_auth::{Auth, ExternalTokens, HttpAuth};
use greenroom_config::RootConfig;
use greenroom_core::{
    Backend, Feature, Running, ServiceFactory, StartError,
    boot::{Boot, BootPolicy, OnFailure},
    service,
};
use greenroom_data_dir::DataDirEnvironment;
use greenroom_health::{HealthChecks, HealthRegistry, RootHealth};
use greenroom_http::{HttpRouter, HttpSettings, Overload, RootHttpRouter};
use greenroom_logging::{CaptureSink, Format, Level, RootLogger};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout};

pub(crate) use self::client::{Answer, Client, Connection};

/// Longer than anything here takes, and shorter than a drain that is held.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A token that [`Kit`]'s config lists.
pub(crate) const TOKEN: &str = "kit-token-1234";

/// A backend to be.
pub(crate) struct Kit {
    config: Value,
    loaded: Option<RootConfig>,
    node_env: Option<String>,
    features: Vec<Feature>,
    policy: BootPolicy,
    format: Format,
}

impl Kit {
    pub(crate) fn new() -> Self {
        let config = json!({"backend": {
            "listen": {"host": "127.0.0.1", "port": 0},
            "auth": {"externalAccess": [
                {"type": "static", "options": {"token": TOKEN, "subject": "tester"}},
                {
                    "type": "static",
                    "options": {"token": "elsewhere-1234", "subject": "restricted"},
                    "accessRestrictions": [{"plugin": "elsewhere"}],
                },
            ]},
        }});
        let production = Some("production".to_owned());
        let policy = BootPolicy::default();
        let format = Format::NodeJson;
        Self { config, loaded: None, node_env: production, features: vec![], policy, format }
    }

    /// Sets a value in the config, as `backend.health.headers`.
    pub(crate) fn config(mut self, key: &str, value: Value) -> Self {
        let mut at = &mut self.config;
        for part in key.split('.') {
            at = &mut at[part];
        }
        *at = value;
        self
    }

    /// Takes this config in place of its own.
    pub(crate) fn loaded(mut self, config: RootConfig) -> Self {
        self.loaded = Some(config);
        self
    }

    /// Captures lines with what we add to Node's.
    pub(crate) fn with_additions(mut self) -> Self {
        self.format = Format::Backstage;
        self
    }

    pub(crate) fn development(mut self) -> Self {
        self.node_env = Some("development".to_owned());
        self
    }

    pub(crate) fn permit_failures(mut self) -> Self {
        self.policy.plugin_default = OnFailure::Continue;
        self
    }

    pub(crate) fn add(mut self, feature: impl Into<Feature>) -> Self {
        self.features.push(feature.into());
        self
    }

    /// A plugin `x` whose routes are open to all.
    pub(crate) fn open(self, router: axum::Router) -> Self {
        self.add(greenroom_core::plugin("x", move |env| {
            env.register_init(async move |http: HttpRouter| {
                http.mount(router);
                http.add_auth_policy("/", greenroom_http::AuthPolicy::Unauthenticated)
            });
        }))
    }

    /// Begins to start it, and waits until it listens.
    pub(crate) async fn launch(self) -> Rising {
        let lines = CaptureSink::in_format(self.format);
        let (tell, mut address) = tokio::sync::watch::channel(None);
        let listening = greenroom_core::plugin("kit", move |env| {
            env.register_init(async move |root: RootHttpRouter| {
                // Who listens on a Unix socket is found by its path.
                tell.send_replace(Some(root.local_addr().tcp().unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())));
                Ok(())
            });
        });
        let policy = self.policy.clone();
        let mut backend = Backend::new(factories(self.config, self.loaded, self.node_env, lines.clone()))
            .boot(async move || Ok(Boot { policy: policy.clone(), ..Boot::default() }))
            .add(listening);
        for feature in self.features {
            backend = backend.add(feature);
        }
        #[expect(clippy::disallowed_methods, reason = "the backend under test belongs to no other")]
        let started = tokio::spawn(backend.start());
        let known = timeout(PATIENCE, address.wait_for(Option::is_some)).await.unwrap();
        let address = match known {
            Ok(address) => address.unwrap(),
            Err(_) => panic!("not started: {}", started.await.unwrap().err().unwrap()),
        };
        Rising { client: Client(address), lines, started }
    }

    pub(crate) async fn start(self) -> Up {
        self.launch().await.up().await
    }

    /// The error of a start that must fail.
    pub(crate) async fn refused(self) -> StartError {
        let mut backend =
            Backend::new(factories(self.config, self.loaded, self.node_env, CaptureSink::new()));
        for feature in self.features {
            backend = backend.add(feature);
        }
        match backend.start().await {
            Ok(_) => panic!("it started"),
            Err(error) => error,
        }
    }
}

fn factories(
    config: Value,
    loaded: Option<RootConfig>,
    node_env: Option<String>,
    lines: CaptureSink,
) -> Vec<ServiceFactory> {
    vec![
        service(async move || Ok(loaded.map_or_else(|| RootConfig::from_json(config), Ok)?)),
        service(async move || {
            Ok(RootLogger::builder()
                .format(greenroom_logging::Format::Node155Json)
                .level(Level::Debug)
                .sink(lines)
                .build())
        }),
        greenroom_logging::logger(),
        ExternalTokens::factory(),
        Auth::factory(),
        HttpAuth::factory(),
        HealthRegistry::factory(),
        HealthChecks::factory(),
        RootHealth::factory(),
        Overload::factory(),
        HttpSettings::factory(node_env, DataDirEnvironment::default()),
        RootHttpRouter::factory(),
        HttpRouter::factory(),
    ]
}

/// A backend that listens.
pub(crate) struct Rising {
    pub(crate) client: Client,
    pub(crate) lines: CaptureSink,
    started: tokio::task::JoinHandle<Result<Running, StartError>>,
}

impl Rising {
    /// Waits until it has started.
    pub(crate) async fn up(self) -> Up {
        let running = timeout(PATIENCE, self.started).await.unwrap().unwrap();
        let running = running.unwrap_or_else(|error| panic!("{error}"));
        Up { client: self.client, lines: self.lines, running }
    }
}

/// A backend that runs.
pub(crate) struct Up {
    pub(crate) client: Client,
    pub(crate) lines: CaptureSink,
    pub(crate) running: Running,
}

impl Up {
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.client.get(target).await
    }

    /// The lines of this `type`, once there are at least so many.
    pub(crate) async fn lines_of(&self, kind: &str, at_least: usize) -> Vec<Value> {
        lines_of(&self.lines, kind, at_least).await
    }

    /// Begins to stop it.
    pub(crate) fn stop(self) -> tokio::task::JoinHandle<()> {
        #[expect(clippy::disallowed_methods, reason = "the backend under test belongs to no other")]
        tokio::spawn(self.running.stop())
    }
}

/// The lines of this `type`, once there are at least so many.
pub(crate) async fn lines_of(lines: &CaptureSink, kind: &str, at_least: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found: Vec<_> = lines.json().into_iter().filter(|line| line["type"] == kind).collect();
        if found.len() >= at_least {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:#?}", lines.lines());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for a line with this message.
pub(crate) async fn told(lines: &CaptureSink, message: &str) -> Value {
    let mut found = None;
    until(async || {
        found = lines.json().into_iter().find(|line| line["message"] == message);
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// Waits until `holds`, at most as long as a test may.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes to hold");
}

/// Long enough that whatever has arrived is looked at meanwhile, and what that wakes goes on, where the backend runs on the
/// test's own thread.
pub(crate) async fn pause() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A route that takes 300 ms, and what tells that it has begun.
pub(crate) fn slow() -> (axum::routing::MethodRouter, Arc<Notify>) {
    let begun = Arc::new(Notify::new());
    let tell = begun.clone();
    let handler = async move || {
        tell.notify_one();
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slept"
    };
    (axum::routing::get(handler), begun)
}
