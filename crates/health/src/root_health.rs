//! The answers to probes.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
};

use greenroom_core::{RootLifecycle, Service, ServiceFactory, State, scope, service};
use serde_json::{Value, json};

use crate::HealthRegistry;

/// A status and a JSON payload.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthResponse {
    /// Such as 200 or 503.
    pub status: u16,
    /// The body; `None` for an empty one.
    pub payload: Option<Arc<Value>>,
}

/// Nearly every probe is answered by it.
static OK: LazyLock<Arc<Value>> = LazyLock::new(|| json!({"status": "ok"}).into());

impl HealthResponse {
    /// 200 `{"status":"ok"}`.
    pub fn ok() -> Self {
        Self { status: 200, payload: Some(OK.clone()) }
    }

    /// Whether it is [`ok`](Self::ok).
    pub fn is_ok(&self) -> bool {
        let is_ok = |payload: &Arc<Value>| Arc::ptr_eq(payload, &OK) || *payload == *OK;
        self.status == 200 && self.payload.as_ref().is_some_and(is_ok)
    }

    /// Whether a probe passes: from 200 to 399, as Kubernetes reads a status.
    pub fn passes(&self) -> bool {
        (200..400).contains(&self.status)
    }

    /// What it says of why, if it does.
    pub fn message(&self) -> Option<&str> {
        self.payload.as_ref()?["message"].as_str()
    }

    /// 503 `{"message":…,"status":"error"}`.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { status: 503, payload: Some(json!({"message": message.into(), "status": "error"}).into()) }
    }
}

/// What a probe asked besides the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Checks to pass over, as `<plugin>.<name>`: `?exclude=…`.
    pub exclude: Vec<String>,
    /// Whether the answer is wanted at once: a check that has not run yet fails, and is not awaited.
    pub at_once: bool,
}

type Answer<'a> = Pin<Box<dyn Future<Output = HealthResponse> + Send + 'a>>;

/// What stands behind [`RootHealth`].
pub trait RootHealthService: Send + Sync + 'static {
    /// Whether requests should be sent here.
    fn readiness<'a>(&'a self, probe: &'a Probe) -> Answer<'a>;

    /// Whether the process should be left alone: 200 as long as it answers, unless you know better.
    fn liveness(&self) -> Answer<'_> {
        Box::pin(async { HealthResponse::ok() })
    }
}

/// Answers probes. Backstage's `core.rootHealth`.
#[derive(Clone)]
pub struct RootHealth(Arc<dyn RootHealthService>);

impl Service for RootHealth {
    const ID: &'static str = "core.rootHealth";
    type Scope = scope::Root;
}

impl RootHealth {
    /// A handle on an implementation of one's own. It replaces the answers, not the registry of checks.
    pub fn new(service: impl RootHealthService) -> Self {
        Self(Arc::new(service))
    }

    /// The default factory: the backend's lifecycle, then the checks that opted in.
    pub fn factory() -> ServiceFactory {
        service(async |lifecycle: RootLifecycle, registry: HealthRegistry| {
            Ok(Self::new(Default { lifecycle, registry }))
        })
    }

    /// Whether requests should be sent here (contract: health-1 to health-3).
    pub async fn readiness(&self, probe: &Probe) -> HealthResponse {
        self.0.readiness(probe).await
    }

    /// Whether the process should be left alone.
    pub async fn liveness(&self) -> HealthResponse {
        self.0.liveness().await
    }
}

struct Default {
    lifecycle: RootLifecycle,
    registry: HealthRegistry,
}

impl RootHealthService for Default {
    fn readiness<'a>(&'a self, probe: &'a Probe) -> Answer<'a> {
        Box::pin(async {
            let state = *self.lifecycle.state().borrow();
            match state {
                State::Starting | State::Failed => HealthResponse::unavailable("Backend has not started yet"),
                State::Stopping => HealthResponse::unavailable("Backend is shutting down"),
                State::Started => {
                    let failing = match probe.at_once {
                        true => self.registry.failing_now(&probe.exclude),
                        false => self.registry.failing(&probe.exclude).await,
                    };
                    failing.map_or_else(HealthResponse::ok, |check| {
                        HealthResponse::unavailable(format!("Check '{check}' failed"))
                    })
                }
            }
        })
    }
}
