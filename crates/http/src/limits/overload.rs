//! All limits of a backend, and whether it has too much to do.

use std::{collections::HashMap, sync::Arc};

use axum::response::Response;
use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_context::spawn;
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_health::{Check, HealthChecks, HealthRegistry, Severity};
use greenroom_logging::{Logger, RootLogger, fields};
use greenroom_metrics::{Counter, MetricsRegistry};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Hysteresis, Limit, LimitSettings, Limited, episode::follow};
use crate::exchange::Exchange;

/// The limits of a backend, as a service: which it has, and who tells of them. The check `greenroom.overload` says whether requests
/// have been refused for so long that it is overload.
#[derive(Clone)]
pub struct Overload(Arc<Shared>);

struct Shared {
    backend: Option<Limit>,
    plugins: HashMap<Arc<str>, Limit>,
    hysteresis: Hysteresis,
    /// Those that are followed.
    all: Mutex<Vec<Limit>>,
    counter: Option<Counter>,
    /// One is overloaded, or is no more.
    changed: Arc<Notify>,
    logger: Logger,
}

impl Service for Overload {
    const ID: &'static str = "greenroom.overload";
    type Scope = scope::Root;
}

impl Overload {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(
            async |config: RootConfig,
                   logger: RootLogger,
                   checks: HealthRegistry,
                   metrics: Option<MetricsRegistry>| {
                let settings = LimitSettings::from_config(&config)?;
                let own = logger.child(fields! { service: "rootHttpRouter" });
                let overload = Self::new(&settings, metrics.as_ref(), own);
                overload.tell_by(&HealthChecks::own(checks, &logger));
                Ok(overload)
            },
        )
        .reads(LimitSettings::from_config)
    }

    /// One whose lines go there, and that no check tells of.
    pub fn new(settings: &LimitSettings, metrics: Option<&MetricsRegistry>, logger: Logger) -> Self {
        let counter = metrics.map(|all| {
            let counter = all.own().counter("greenroom.overload.refused").unit("{request}");
            let what = "Requests that were answered 503 because as many were in flight as a limit allows.";
            counter.description(what).build()
        });
        let backend =
            settings.backend.map(|most| Limit::new(Limited::Backend, "greenroom.limits.inFlight", most));
        let plugins = settings.plugins.iter().map(|(id, most)| {
            let id: Arc<str> = (&**id).into();
            let key = format!("greenroom.limits.plugins.{id}.inFlight");
            (id.to_ascii_lowercase().into(), Limit::new(Limited::Plugin(id), key, *most))
        });
        let plugins: HashMap<Arc<str>, _> = plugins.collect();
        let overload = Self(Arc::new(Shared {
            backend,
            plugins,
            hysteresis: settings.hysteresis,
            all: Mutex::default(),
            counter,
            changed: Arc::default(),
            logger,
        }));
        let own = overload.0.backend.iter().chain(overload.0.plugins.values()).cloned();
        own.for_each(|limit| overload.follow(limit));
        overload
    }

    /// Tells of one more limit from now on, whose places somebody else gives.
    pub fn follow(&self, limit: Limit) {
        let shared = &*self.0;
        if let Some(counter) = &shared.counter {
            // It is followed once.
            let _ = limit.0.counter.set(counter.clone());
        }
        shared.all.lock().push(limit.clone());
        let (changed, logger) = (shared.changed.clone(), shared.logger.clone());
        let followed = follow(limit, shared.hysteresis, logger, move || changed.notify_one());
        drop(spawn("what is refused", followed));
    }

    /// That of all the backend answers.
    pub(crate) fn of_backend(&self) -> Option<&Limit> {
        self.0.backend.as_ref()
    }

    /// That of a plugin, whatever the case of its name: so a path names it.
    pub(crate) fn of_plugin(&self, id: &str) -> Option<&Limit> {
        self.0.plugins.get(&*id.to_ascii_lowercase())
    }

    /// Gives a request that is passed on its places: its path names the plugin. Without one, this is its answer.
    pub(crate) fn admit_passed(&self, exchange: &mut Exchange) -> Option<Response> {
        let request = exchange.request.clone();
        // By its name only one is counted that the config knows: clients can make up any number.
        let of_plugin = request.target_plugin().and_then(|id| self.of_plugin(id));
        let known = || of_plugin.and_then(Limit::plugin);
        let of_backend = self.of_backend().and_then(|limit| limit.admit(exchange, known));
        let refusal = of_backend.or_else(|| of_plugin.and_then(|limit| limit.admit(exchange, known)))?;
        if let Some(told) = exchange.told.as_ref().filter(|_| of_plugin.is_some()) {
            told.set_plugin_known();
        }
        Some(refusal)
    }

    /// Whether there is any for requests that are passed on.
    pub(crate) fn has_any(&self) -> bool {
        self.0.backend.is_some() || !self.0.plugins.is_empty()
    }

    fn tell_by(&self, checks: &HealthChecks) {
        let overload = self.clone();
        let check =
            checks.declare("overload").severity(Severity::Degrade).run(async move || overload.check());
        let changed = self.0.changed.clone();
        drop(spawn("whether there is overload", async move {
            loop {
                changed.notified().await;
                check.run_now().await;
            }
        }));
    }

    /// A plugin that has too much to do leaves all others to be served.
    fn check(&self) -> Check {
        let mut over: Vec<_> =
            self.0.all.lock().iter().filter(|limit| limit.is_overloaded()).cloned().collect();
        over.sort_by_key(|limit| !limit.0.of.is_all());
        let Some(first) = over.first() else { return Check::pass() };
        let each: Vec<_> = over.iter().map(told).collect();
        let told = each.join("; ");
        let is_of_all = over.iter().any(|limit| limit.plugin().is_none());
        let plugins = over.iter().filter_map(Limit::plugin).filter(|_| !is_of_all).map(str::to_owned);
        let check = if first.0.of.is_all() { Check::fail(told) } else { Check::warn(told) };
        let check = check.plugins(plugins);
        check.next_step(format!(
            "see which plugin is slow or asked most, add replicas, or raise {} if there is room for more",
            first.0.key
        ))
    }
}

fn told(limit: &Limit) -> String {
    format!(
        "{} refuses {}: {} of {} are in flight, {} were refused so far",
        limit.0.of.named(),
        limit.0.of.what(),
        limit.now(),
        limit.most(),
        limit.refused_of_episode()
    )
}

#[cfg(test)]
mod tests {
    use greenroom_health::Outcome;

    use super::*;

    #[tokio::test]
    async fn a_plugin_alone_is_a_warning_and_what_takes_all_with_it_a_failure() {
        let settings = LimitSettings {
            backend: Some(9),
            plugins: [("catalog".to_owned(), 2)].into(),
            ..LimitSettings::default()
        };
        let overload = Overload::new(&settings, None, Logger::noop());
        assert_eq!(overload.check(), Check::pass());
        let is_over = |limit: &Limit| limit.0.is_overloaded.store(true, std::sync::atomic::Ordering::Relaxed);
        is_over(overload.of_plugin("catalog").unwrap());
        let said = overload.check();
        assert_eq!((said.outcome, &*said.plugins), (Outcome::Warn, &["catalog".to_owned()][..]));
        assert!(
            said.message.unwrap().starts_with("The plugin 'catalog' refuses requests: 0 of 2 are in flight")
        );
        is_over(overload.of_backend().unwrap());
        let said = overload.check();
        assert_eq!((said.outcome, &*said.plugins), (Outcome::Fail, &[][..]), "it hits all");
        assert!(said.message.unwrap().starts_with("This backend refuses requests: "));
        assert!(said.next_step.unwrap().contains("greenroom.limits.inFlight"));
    }
}
