//! How a plugin registers its checks.

use std::{future::Future, sync::Arc, time::Duration};

use greenroom_core::{PluginMetadata, Service, ServiceFactory, scope, service};
use greenroom_logging::{Logger, RootLogger, error, fields};
use tokio::sync::mpsc;

use crate::{
    Check, CheckHandle, Dependency, HealthRegistry, Kind, Severity,
    entry::{Entry, Options},
    own::OWNER,
    runner,
    settings::{CheckSettings, INTERVALS, TIMEOUTS},
};

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(1);

/// Registers a plugin's checks.
#[derive(Clone)]
pub struct HealthChecks {
    registry: HealthRegistry,
    plugin: Arc<str>,
    logger: Logger,
}

impl Service for HealthChecks {
    const ID: &'static str = "greenroom.healthChecks";
    type Scope = scope::Plugin;
}

impl HealthChecks {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |registry: HealthRegistry, logger: Logger, me: PluginMetadata| {
            Ok(Self { registry, logger, plugin: me.id().into() })
        })
    }

    /// The backend's own, `greenroom.<name>`: operators see them, and no probe lists them unless the config has readiness depend on
    /// them.
    pub fn own(registry: HealthRegistry, logger: &RootLogger) -> Self {
        Self { registry, logger: logger.child(fields! { plugin: OWNER }), plugin: OWNER.into() }
    }

    /// Runs `check` now and every 10 s, as long as the backend runs; one that takes longer than 1 s, or panics, fails. It is
    /// [information](Kind::Information) for operators, and no probe fails with it: [`declare`](Self::declare) is for all else.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    ///
    /// use greenroom_core::plugin;
    /// use greenroom_health::{Check, HealthChecks};
    ///
    /// plugin("catalog", |env| {
    ///     let waiting = Arc::new(AtomicUsize::new(0));
    ///     env.register_init(async move |health: HealthChecks| {
    ///         let check = async move || match waiting.load(Ordering::Relaxed) {
    ///             0..1000 => Check::pass(),
    ///             count => Check::fail(format!("{count} jobs wait")),
    ///         };
    ///         health.check("queue", check); // shown as `catalog.queue`
    ///         Ok(())
    ///     });
    /// });
    /// ```
    ///
    /// A change between passing, warning and failing is logged once, with the reason. The name is unique within the plugin:
    /// a second check of it is refused, which is logged as an error, and never run.
    pub fn check<F, Fut>(&self, name: &str, check: F) -> CheckHandle
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Into<Check>> + Send + 'static,
    {
        self.declare(name).run(check)
    }

    /// A check with options. It begins at [`run`](DeclaredCheck::run), which comes last.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use greenroom_core::plugin;
    /// use greenroom_health::{Check, Dependency, HealthChecks, Severity};
    /// use tokio::net::TcpStream;
    ///
    /// const SERVER: &str = "mail.example.com:25";
    ///
    /// plugin("mail", |env| {
    ///     env.register_init(async |health: HealthChecks| {
    ///         health
    ///             .declare("server")
    ///             .readiness()                                 // probes fail with it
    ///             .timeout(Duration::from_secs(2))
    ///             .interval(Duration::from_secs(30))
    ///             .dependency(Dependency::new("smtp", SERVER)) // one cause with others who name it
    ///             .affects(["/api/mail"])
    ///             .run(async || match TcpStream::connect(SERVER).await {
    ///                 Ok(_) => Check::pass(),
    ///                 Err(error) => Check::fail(format!("{SERVER} takes no connections: {error}")),
    ///             });
    ///         health
    ///             .declare("outbox")
    ///             .severity(Severity::Degrade)
    ///             .run(async || std::fs::metadata("/var/spool/portal").map(drop)); // a Result
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub fn declare(&self, name: &str) -> DeclaredCheck<'_> {
        DeclaredCheck {
            by: self,
            name: self.full(name),
            kind: Kind::default(),
            severity: Severity::default(),
            timeout: TIMEOUT,
            interval: INTERVAL,
            dependency: None,
            affects: vec![],
            required_when: None,
            tells_of_readiness: false,
            is_quiet: false,
        }
    }

    /// Says that a check of this name may be registered after the start, so that a config may name it.
    pub fn expect(&self, name: &str) {
        self.registry.expect(self.full(name));
    }

    fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.plugin)
    }
}

/// A check with its options, which does not run yet.
#[must_use = "a declared check is registered and runs from `.run(…)` on"]
pub struct DeclaredCheck<'a> {
    by: &'a HealthChecks,
    name: String,
    kind: Kind,
    severity: Severity,
    timeout: Duration,
    interval: Duration,
    dependency: Option<Dependency>,
    affects: Vec<String>,
    required_when: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    tells_of_readiness: bool,
    is_quiet: bool,
}

impl DeclaredCheck<'_> {
    /// What it is for; [`Kind::Information`] unless said. Of several, [`readiness`](Self::readiness) included, the last one counts.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Readiness fails while this check fails: 503 `{"message":"Check '<plugin>.<name>' failed","status":"error"}`. Short for
    /// [`kind`](Self::kind) of [`Kind::Readiness`].
    pub fn readiness(self) -> Self {
        self.kind(Kind::Readiness)
    }

    /// Readiness fails with it while `is_required` says so, which is asked at each probe: for a check that is registered before it is
    /// known whether anybody depends on it.
    pub fn readiness_when(mut self, is_required: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.required_when = Some(Arc::new(is_required));
        self
    }

    /// A [`RootHealth`](crate::RootHealth) of one's own fails readiness for what this check looks at. Probes do not ask the check;
    /// operators see that readiness fails with it.
    pub fn tells_of_readiness(mut self) -> Self {
        self.tells_of_readiness = true;
        self
    }

    /// What a failure means; [`Severity::Fail`] unless said.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// How long a run may take, from 10 ms to 5 min; 1 s unless said. A time outside becomes the nearest of the two.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        let [least, most] = TIMEOUTS;
        self.timeout = timeout.clamp(least, most);
        self
    }

    /// The time from one run to the next, from 1 s to a day; 10 s unless said. A time outside becomes the nearest of the two.
    pub fn interval(mut self, interval: Duration) -> Self {
        let [least, most] = INTERVALS;
        self.interval = interval.clamp(least, most);
        self
    }

    /// What it depends on outside this process. Checks that name the same are told as one cause.
    pub fn dependency(mut self, dependency: Dependency) -> Self {
        self.dependency = Some(dependency);
        self
    }

    /// The endpoints that do not work while it fails, such as `/api/catalog`.
    pub fn affects<P: Into<String>>(mut self, endpoints: impl IntoIterator<Item = P>) -> Self {
        self.affects = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// No line tells of it, because others do, and a restart knows nothing of it.
    pub fn quiet(mut self) -> Self {
        self.is_quiet = true;
        self
    }

    /// Registers it, and runs it now and again and again, as long as the backend runs. What `greenroom.health` says of it goes before
    /// what was declared.
    pub fn run<F, Fut>(self, check: F) -> CheckHandle
    where
        F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Into<Check>> + Send + 'static,
    {
        let Self {
            by,
            name,
            kind,
            severity,
            timeout,
            interval,
            dependency,
            affects,
            required_when,
            tells_of_readiness,
            is_quiet,
        } = self;
        let asked = by.registry.settings().of(&name);
        let readiness: Arc<dyn Fn() -> bool + Send + Sync> = match (asked.readiness, required_when) {
            (Some(said), _) => Arc::new(move || said),
            (None, Some(when)) => Arc::new(move || kind == Kind::Readiness || when()),
            (None, None) => Arc::new(move || kind == Kind::Readiness),
        };
        let options = Options {
            kind,
            severity: match asked {
                CheckSettings { severity: Some(said), .. } => said,
                // Who has readiness depend on it wants it to fail.
                CheckSettings { readiness: Some(true), .. } => Severity::Fail,
                _ => severity,
            },
            timeout: asked.timeout.unwrap_or(timeout),
            interval: asked.interval.unwrap_or(interval),
            dependency,
            affects,
            readiness,
            tells_of_readiness,
            is_own: *by.plugin == *OWNER,
            is_quiet,
        };
        let made = |kept| Entry::new(name.clone(), options, by.logger.clone(), kept);
        let Some(entry) = by.registry.add(&name, made) else {
            let text = "Health check refused: the plugin has one of this name already; give it another name";
            error!(by.logger, check = &*name, "{text}");
            return CheckHandle::refused();
        };
        let (ask, asked) = mpsc::channel(1);
        runner::start(entry, check, asked);
        CheckHandle::new(ask)
    }
}
