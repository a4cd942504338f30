//! The start itself, from root services to root hooks.

use std::{collections::HashMap, sync::Arc};

use greenroom_context::{Context, spawn};
use greenroom_errors::{Error, Result};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Boot, BootEvent, BootReport, BootResult, Collector, Outcome, StepId, StepKind};
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
    pub(crate) boot: Arc<Boot>,
    pub(crate) report: BootReport,
}

/// What every plugin's start shares.
struct Shared {
    instances: Arc<Instances>,
    points: HashMap<&'static str, OfferedPoint>,
    middleware: Vec<Middleware>,
    collector: Arc<Collector>,
    boot: Arc<Boot>,
    report: BootReport,
}

/// Runs the plan. The result tells of failed plugins; an error tells why nothing of them ran, or that some may not fail.
pub(crate) async fn start(plan: Plan) -> Result<Arc<BootResult>, StartError> {
    let Plan { instances, points, middleware, plugins, orphans, lifecycles, root, boot, report } = plan;
    for (id, at) in instances.eager(ScopeKind::Root) {
        let made = instances.get(at, None, Some(BootReport::START)).await;
        made.map_err(|error| StartError::Service { id, error })?;
    }
    let collector = Arc::new(Collector::start(boot.policy.clone(), boot.observer.clone(), &plugins));
    let shared = Arc::new(Shared { instances, points, middleware, collector, boot, report });
    // Failed registrations come first (contract: plugin-93).
    let (failed, checked): (Vec<_>, Vec<_>) =
        plugins.into_iter().partition(|plugin| !plugin.faults.is_empty());
    // All steps begin before any can end, since none waits for another.
    let steps = failed.into_iter().chain(checked).map(|plugin| {
        let owner = Owner { plugin: plugin.id.clone(), module: None };
        let id = plugin.id.clone();
        (shared.report.begin(Some(BootReport::START), StepKind::Plugin, Some(owner), id), plugin)
    });
    let running = steps.collect::<Vec<_>>().into_iter().map(|(step, plugin)| {
        let (_, lifecycle) = lifecycles.iter().find(|(id, _)| *id == plugin.id)?;
        let (shared, lifecycle) = (shared.clone(), lifecycle.clone());
        if let Some(error) = one_error(&plugin.faults) {
            lifecycle.set(State::Failed);
            shared.report.done(step, false);
            shared.collector.plugin_ended(&plugin.id, None, Some(error));
            return None;
        }
        let context = Context::current().with_plugin(plugin.id.clone());
        // A start that is given up takes its inits with it.
        let init = context.sync_scope(|| spawn("start", start_plugin(shared, plugin, lifecycle, step)));
        Some(AbortOnDropHandle::new(init))
    });
    let running: Vec<_> = running.collect();
    shared.collector.watch(futures_util::future::join_all(running.into_iter().flatten())).await;

    let plugins = shared.collector.close();
    let failed = plugins.iter().any(|plugin| {
        let modules = plugin.modules.iter().filter_map(|module| module.failure.as_ref());
        plugin.failure.iter().chain(modules).any(|failure| !failure.allowed)
    });
    let faults = if failed { vec![] } else { root.faults(&plugins) };
    let failed = failed || !faults.is_empty();
    if !failed {
        let hooks =
            Hooks { boot: &shared.boot, report: Some((&shared.report, None)), plugin: None, pending: None };
        run_hooks(&hooks, Phase::Startup, root.take(Phase::Startup)).await;
        root.set(State::Started);
    }
    let report = &shared.report;
    report.done(BootReport::START, !failed);
    let result = report.set_result(BootResult {
        began_at: report.began_at(),
        took: report.elapsed(),
        outcome: if failed { Outcome::Failure } else { Outcome::Success },
        plugins,
        orphans,
    });
    if !faults.is_empty() {
        return Err(StartError::Declared(faults));
    }
    if failed {
        return Err(StartError::Plugins(result));
    }
    shared.boot.observer.on(&BootEvent::Ready { result: &result, report });
    Ok(result)
}

async fn start_plugin(shared: Arc<Shared>, mut plugin: PluginNode, lifecycle: Lifecycle, step: StepId) {
    let id = plugin.id.clone();
    let result = init_plugin(&shared, &mut plugin, step).await;
    let failed = result.is_err();
    shared.report.done(step, !failed);
    shared.collector.plugin_ended(&id, shared.report.called_at(step), result.err());
    if failed {
        lifecycle.set(State::Failed);
    } else {
        lifecycle.set(State::Started);
        let hooks = Hooks {
            boot: &shared.boot,
            report: Some((&shared.report, Some(step))),
            plugin: Some(&id),
            pending: None,
        };
        run_hooks(&hooks, Phase::Startup, lifecycle.take(Phase::Startup)).await;
    }
}

async fn init_plugin(shared: &Arc<Shared>, plugin: &mut PluginNode, step: StepId) -> Result<(), Error> {
    for (_, at) in shared.instances.eager(ScopeKind::Plugin) {
        shared.instances.get(at, Some(&plugin.id), Some(step)).await?;
    }
    start_modules(shared, &plugin.id, std::mem::take(&mut plugin.modules), step).await;
    let Some(init) = plugin.init.take() else { return Ok(()) };
    let from = shared.instances.resolve(&plugin.dependencies, Some(&plugin.id), Some(step)).await?;
    shared.report.called(step);
    panics::catch_async(async { init(from).await }).await
}

/// Runs all modules; each begins once those it waits for have ended, well or not.
async fn start_modules(shared: &Arc<Shared>, plugin: &Arc<str>, modules: Vec<ModuleNode>, asker: StepId) {
    let waiting = modules.iter().map(|module| {
        let owner = Owner { plugin: plugin.clone(), module: Some(module.id.clone()) };
        let step = shared.report.begin(Some(asker), StepKind::Module, Some(owner), module.id.clone());
        (step, CancellationToken::new())
    });
    let waiting: Vec<_> = waiting.collect();
    let running = modules.into_iter().enumerate().map(|(at, module)| {
        let before: Vec<_> = module.after.iter().map(|before| waiting[*before].clone()).collect();
        let (step, ended) = waiting[at].clone();
        let (shared, plugin) = (shared.clone(), plugin.clone());
        let context = Context::current().with_module(module.id.clone());
        let init = context.sync_scope(|| {
            spawn("start module", async move {
                let _end = ended.drop_guard();
                for (other, ended) in before {
                    shared.report.waits(step, other);
                    ended.cancelled().await;
                }
                start_module(&shared, &plugin, module, step).await;
            })
        });
        AbortOnDropHandle::new(init)
    });
    futures_util::future::join_all(running).await;
}

async fn start_module(shared: &Shared, plugin: &Arc<str>, module: ModuleNode, step: StepId) {
    let id = module.id.clone();
    let result = init_module(shared, plugin, module, step).await;
    shared.report.done(step, result.is_ok());
    shared.collector.module_ended(plugin, &id, shared.report.called_at(step), result.err());
}

async fn init_module(
    shared: &Shared,
    plugin: &Arc<str>,
    module: ModuleNode,
    step: StepId,
) -> Result<(), Error> {
    if let Some(error) = one_error(&module.faults) {
        return Err(error);
    }
    let Some(init) = module.init else { return Ok(()) };
    let mut from = shared.instances.resolve(&module.dependencies, Some(plugin), Some(step)).await?;
    add_extension_points(shared, plugin, &module.id, &module.dependencies, &mut from).await?;
    shared.report.called(step);
    panics::catch_async(async { init(from).await }).await
}

/// Makes the module's objects of the extension points that it asks for.
async fn add_extension_points(
    shared: &Shared,
    plugin: &Arc<str>,
    module: &Arc<str>,
    dependencies: &[Dependency],
    resolved: &mut Resolved,
) -> Result<(), Error> {
    for dependency in dependencies.iter().filter(|d| d.is_extension()) {
        let Some(offered) = shared.points.get(dependency.id) else { continue };
        let context = ModuleContext::new(shared.collector.clone(), plugin.clone(), module.clone());
        let mut instance = panics::catch(|| (offered.point.make)(context))?;
        for middleware in shared.middleware.iter().filter(|middleware| middleware.id == dependency.id) {
            instance = panics::catch_async((middleware.wrap)(instance)).await?;
        }
        resolved.insert(dependency, vec![instance]);
    }
    Ok(())
}
