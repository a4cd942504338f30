//! The start itself, from root services to root hooks.

use std::{collections::HashMap, sync::Arc};

use greenroom_context::{Context, spawn};
use greenroom_errors::{Error, Result};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Boot, BootEvent, BootReport, Collector, Outcome, Recorder, StepKind};
use crate::{
    env::ModuleContext,
    feature::Middleware,
    graph::{ModuleNode, OfferedPoint, PluginNode, one_error},
    hooks::{Hooks, run_hooks},
    inject::{Dependency, Resolved},
    instances::Instances,
    lifecycle::{Lifecycle, Phase, RootLifecycle, State},
    owner::{Orphan, Owner},
    panics,
    scope::ScopeKind,
    start_error::StartError,
};

/// What a checked graph and a boot policy leave to do.
pub(crate) struct Plan {
    pub(crate) instances: Arc<Instances>,
    pub(crate) points: HashMap<&'static str, OfferedPoint>,
    pub(crate) middleware: Vec<Middleware>,
    pub(crate) plugins: Vec<PluginNode>,
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) lifecycles: Vec<(Arc<str>, Lifecycle)>,
    pub(crate) root: RootLifecycle,
    pub(crate) boot: Boot,
    pub(crate) recorder: Recorder,
}

/// What every plugin's start shares.
struct Shared {
    instances: Arc<Instances>,
    points: HashMap<&'static str, OfferedPoint>,
    middleware: Vec<Middleware>,
    collector: Arc<Collector>,
    boot: Boot,
    recorder: Recorder,
}

/// Runs the plan. The report tells of failed plugins; an error tells why nothing of them ran, or that some may not fail.
pub(crate) async fn start(plan: Plan) -> Result<BootReport, StartError> {
    let Plan { instances, points, middleware, plugins, orphans, lifecycles, root, boot, recorder } = plan;
    for (id, at) in instances.eager(ScopeKind::Root) {
        instances.get(at, None).await.map_err(|error| StartError::Service { id, error })?;
    }
    let collector = Arc::new(Collector::start(boot.policy.clone(), boot.observer.clone(), &plugins));
    let shared = Arc::new(Shared { instances, points, middleware, collector, boot, recorder });
    // Failed registrations come first (contract: plugin-93).
    let (failed, checked): (Vec<_>, Vec<_>) =
        plugins.into_iter().partition(|plugin| !plugin.faults.is_empty());
    let running = failed.into_iter().chain(checked).map(|plugin| {
        let (_, lifecycle) = lifecycles.iter().find(|(id, _)| *id == plugin.id)?;
        let (shared, lifecycle) = (shared.clone(), lifecycle.clone());
        if let Some(error) = one_error(&plugin.faults) {
            lifecycle.set(State::Failed);
            shared.collector.plugin_ended(&plugin.id, Some(error));
            return None;
        }
        let context = Context::current().with_plugin(plugin.id.clone());
        // A start that is given up takes its inits with it.
        let init = context.sync_scope(|| spawn("start", start_plugin(shared, plugin, lifecycle)));
        Some(AbortOnDropHandle::new(init))
    });
    let running: Vec<_> = running.collect();
    shared.collector.watch(futures_util::future::join_all(running.into_iter().flatten())).await;

    let plugins = shared.collector.close();
    let failed = plugins.iter().any(|plugin| {
        let modules = plugin.modules.iter().filter_map(|module| module.failure.as_ref());
        plugin.failure.iter().chain(modules).any(|failure| !failure.allowed)
    });
    if !failed {
        let hooks =
            Hooks { boot: &shared.boot, recorder: Some(&shared.recorder), plugin: None, pending: None };
        run_hooks(&hooks, Phase::Startup, root.take(Phase::Startup)).await;
        root.set(State::Started);
    }
    let report = BootReport {
        began_at: shared.recorder.began_at(),
        took: shared.recorder.elapsed(),
        outcome: if failed { Outcome::Failure } else { Outcome::Success },
        plugins,
        orphans,
        steps: shared.recorder.steps(),
    };
    if failed {
        return Err(StartError::Plugins(Box::new(report)));
    }
    shared.boot.observer.on(&BootEvent::Ready(report.took));
    Ok(report)
}

async fn start_plugin(shared: Arc<Shared>, mut plugin: PluginNode, lifecycle: Lifecycle) {
    let id = plugin.id.clone();
    let result = init_plugin(&shared, &mut plugin).await;
    let failed = result.is_err();
    shared.collector.plugin_ended(&id, result.err());
    if failed {
        lifecycle.set(State::Failed);
    } else {
        lifecycle.set(State::Started);
        let hooks =
            Hooks { boot: &shared.boot, recorder: Some(&shared.recorder), plugin: Some(&id), pending: None };
        run_hooks(&hooks, Phase::Startup, lifecycle.take(Phase::Startup)).await;
    }
}

async fn init_plugin(shared: &Arc<Shared>, plugin: &mut PluginNode) -> Result<(), Error> {
    for (_, at) in shared.instances.eager(ScopeKind::Plugin) {
        shared.instances.get(at, Some(&plugin.id)).await?;
    }
    start_modules(shared, &plugin.id, std::mem::take(&mut plugin.modules)).await;
    let Some(init) = plugin.init.take() else { return Ok(()) };
    let owner = Owner { plugin: plugin.id.clone(), module: None };
    let work = async {
        let from = resolve(shared, &plugin.id, None, &plugin.dependencies).await?;
        shared.collector.begins(owner.clone());
        panics::catch_async(async { init(from).await }).await
    };
    shared.recorder.time(StepKind::Plugin, Some(owner.clone()), &plugin.id, work).await
}

/// Runs all modules; each begins once those it waits for have ended, well or not.
async fn start_modules(shared: &Arc<Shared>, plugin: &Arc<str>, modules: Vec<ModuleNode>) {
    let ended: Vec<_> = modules.iter().map(|_| CancellationToken::new()).collect();
    let running = modules.into_iter().enumerate().map(|(at, module)| {
        let before: Vec<_> = module.after.iter().map(|before| ended[*before].clone()).collect();
        let (shared, plugin, ended) = (shared.clone(), plugin.clone(), ended[at].clone());
        let context = Context::current().with_module(module.id.clone());
        let init = context.sync_scope(|| {
            spawn("start module", async move {
                let _end = ended.drop_guard();
                for token in before {
                    token.cancelled().await;
                }
                start_module(&shared, &plugin, module).await;
            })
        });
        AbortOnDropHandle::new(init)
    });
    futures_util::future::join_all(running).await;
}

async fn start_module(shared: &Shared, plugin: &Arc<str>, module: ModuleNode) {
    let owner = Owner { plugin: plugin.clone(), module: Some(module.id.clone()) };
    let result = match (one_error(&module.faults), module.init) {
        (Some(error), _) => Err(error),
        (None, None) => Ok(()),
        (None, Some(init)) => {
            let work = async {
                let from = resolve(shared, plugin, Some(&module.id), &module.dependencies).await?;
                shared.collector.begins(owner.clone());
                panics::catch_async(async { init(from).await }).await
            };
            shared.recorder.time(StepKind::Module, Some(owner.clone()), &module.id, work).await
        }
    };
    shared.collector.module_ended(plugin, &module.id, result.err());
}

async fn resolve(
    shared: &Shared,
    plugin: &Arc<str>,
    module: Option<&Arc<str>>,
    dependencies: &[Dependency],
) -> Result<Resolved, Error> {
    let mut resolved = shared.instances.resolve(dependencies, Some(plugin)).await?;
    let Some(module) = module else { return Ok(resolved) };
    for dependency in dependencies.iter().filter(|d| d.is_extension()) {
        let Some(offered) = shared.points.get(dependency.id) else { continue };
        let context = ModuleContext::new(shared.collector.clone(), plugin.clone(), module.clone());
        let mut instance = panics::catch(|| (offered.point.make)(context))?;
        for middleware in shared.middleware.iter().filter(|middleware| middleware.id == dependency.id) {
            instance = panics::catch_async((middleware.wrap)(instance)).await?;
        }
        resolved.insert(dependency, vec![instance]);
    }
    Ok(resolved)
}
