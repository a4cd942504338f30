//! What the boot report tells: steps, what they waited for, the critical path.

use std::{sync::Arc, time::Duration};

use greenroom_core::{
    Backend, Lifecycle, RootLifecycle,
    boot::{BootPolicy, BootReport, OnFailure, Outcome, Step, StepKind},
    feature_loader, module, plugin, service, service_with_root,
};
use greenroom_errors::Error;
use tokio::sync::Notify;

use crate::kit::{Cache, Clock, Db, Journal, Points, Wall, observed};

const SECOND: Duration = Duration::from_secs(1);

/// `kind name`, and for a plugin's service whose it is.
fn shown(step: &Step) -> String {
    let plugin = step.owner.as_ref().map(|owner| &*owner.plugin).filter(|plugin| **plugin != *step.name);
    let of = plugin.map(|plugin| format!(" of {plugin}")).unwrap_or_default();
    format!("{} {}{of}", step.kind.as_str(), step.name)
}

/// What a step waited for.
fn waited_for(report: &BootReport, name: &str) -> Vec<String> {
    let steps = report.steps();
    let step = steps.iter().find(|step| shown(step) == name);
    let step =
        step.unwrap_or_else(|| panic!("no {name} in {:?}", steps.iter().map(shown).collect::<Vec<_>>()));
    let of = |id: &_| shown(steps.iter().find(|step| step.id == *id).unwrap());
    step.waited_for.iter().map(of).collect()
}

/// The critical path, with the seconds by which each step held the start.
fn path(report: &BootReport) -> Vec<(String, u64)> {
    report.critical_path().iter().map(|link| (shown(&link.step), link.held.as_secs())).collect()
}

fn owned(path: &[(&str, u64)]) -> Vec<(String, u64)> {
    path.iter().map(|(name, held)| ((*name).to_owned(), *held)).collect()
}

#[tokio::test]
async fn plugin_94_every_part_of_a_start_is_timed() {
    let db = service(async || Ok(Db(String::new())));
    let p = plugin("p", |env| env.register_init(async |_db: Db| Ok(())));
    let m = module("p", "m", |env| env.register_init(async || Ok(())));
    let loader = feature_loader(async || Ok(vec![]));
    let running = Backend::new([db]).add(p).add(m).add(loader).start().await.unwrap();
    let (report, result) = (running.report(), running.result());
    let steps = report.steps();
    let kinds: Vec<_> = steps.iter().map(|step| step.kind).collect();
    assert_eq!(
        kinds,
        [
            StepKind::Start,
            StepKind::Loader,
            StepKind::Graph,
            StepKind::Policy,
            StepKind::Plugin,
            StepKind::Module,
            StepKind::Service,
        ]
    );
    for step in &steps {
        let (called, ended) = (step.called.unwrap(), step.ended.unwrap());
        assert!(step.began <= called && called <= ended && ended <= result.took, "{step:?}");
        assert!(!step.failed && step.worked().unwrap() <= step.took().unwrap(), "{step:?}");
    }
    assert_eq!(&*steps[6].owner.as_ref().unwrap().plugin, "p");
    let plugin = &result.plugins[0];
    for (begin_at, result_at) in
        [(plugin.begin_at, plugin.result_at), (plugin.modules[0].begin_at, plugin.modules[0].result_at)]
    {
        assert!(result.began_at <= begin_at.unwrap() && begin_at.unwrap() <= result_at);
    }
}

#[tokio::test]
async fn each_step_knows_what_it_waited_for() {
    let clock = service(async || Ok(Clock(String::new())));
    let wall = service(async |_: Clock| Ok(Wall(String::new())));
    let db = service_with_root(async |_: Wall| Ok(1), async |_: i32| Ok(Db(String::new())));
    let cache = service(async |_: Db| Ok(Cache(String::new()))).always();
    let p = plugin("p", |env| {
        env.register_extension_point(Points(String::new()));
        env.register_init(async |_: Db, own: Lifecycle, root: RootLifecycle| {
            own.add_startup_hook("own", async || Ok(()))?;
            root.add_startup_hook("last", async || Ok(()))
        });
    });
    let m = module("p", "m", |env| env.register_init(async |_: Points| Ok(())));
    // Asked for in this order: the wall asks for the clock.
    let running = Backend::new([wall, clock, db, cache]).add(p).add(m).start().await.unwrap();
    let report = running.report();
    assert_eq!(waited_for(report, "policy policy"), ["graph graph"]);
    assert_eq!(waited_for(report, "service root.wall"), ["policy policy", "service root.clock"]);
    assert_eq!(waited_for(report, "service root.clock"), ["policy policy"]);
    assert_eq!(
        waited_for(report, "service core.cache of p"),
        ["service root.wall", "service core.database of p"]
    );
    assert_eq!(
        waited_for(report, "service core.database of p"),
        ["service root.wall", "rootContext core.database"]
    );
    assert_eq!(waited_for(report, "module m of p"), ["service core.cache of p"]);
    assert_eq!(
        waited_for(report, "plugin p"),
        ["service root.wall", "service core.cache of p", "module m of p", "service core.database of p"]
    );
    assert_eq!(waited_for(report, "startupHook own of p"), ["plugin p"]);
    assert_eq!(waited_for(report, "startupHook last"), ["startupHook own of p"]);
}

#[tokio::test(start_paused = true)]
async fn the_critical_path_is_the_longest_chain_of_a_start() {
    let sleep = |seconds| tokio::time::sleep(SECOND * seconds);
    let clock = service(async move || {
        sleep(1).await;
        Ok(Clock(String::new()))
    });
    let db = service(async move || {
        sleep(3).await;
        Ok(Db(String::new()))
    });
    let quick = plugin("quick", move |env| {
        env.register_init(async move || {
            sleep(2).await;
            Ok(())
        });
    });
    let slow = plugin("slow", move |env| {
        env.register_init(async move |root: RootLifecycle, _: Db| {
            sleep(4).await;
            root.add_startup_hook("warm up", async move || {
                sleep(6).await;
                Ok(())
            })
        });
    });
    let module = module("slow", "m", move |env| {
        env.register_init(async move || {
            sleep(5).await;
            Ok(())
        });
    });
    let running = Backend::new([clock, db]).add(quick).add(slow).add(module).start().await.unwrap();
    let path = path(running.report());
    assert_eq!(
        path,
        owned(&[
            ("graph graph", 0),
            ("policy policy", 0),
            ("service root.clock", 1),
            ("module m of slow", 5),
            ("service core.database of slow", 3),
            ("plugin slow", 4),
            ("startupHook warm up", 6),
            ("start start", 0),
        ])
    );
    assert_eq!(running.result().took.as_secs(), path.iter().map(|(_, held)| held).sum::<u64>());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_what_another_one_has_asked_for_is_held_by_it() {
    let clock = service(async || {
        tokio::time::sleep(SECOND * 5).await;
        Ok(Clock(String::new()))
    });
    let user = |id| plugin(id, |env| env.register_init(async |_: Clock| Ok(())));
    let running = Backend::new([clock.lazy()]).add(user("a")).add(user("b")).start().await.unwrap();
    let report = running.report();
    for id in ["plugin a", "plugin b"] {
        assert_eq!(waited_for(report, id), ["policy policy", "service root.clock"]);
    }
    assert_eq!(path(report)[2], ("service root.clock".to_owned(), 5));
}

#[tokio::test]
async fn plugins_and_root_services_can_ask_for_the_report_and_see_where_a_start_hangs() {
    let (gate, seen) = (Arc::new(Notify::new()), Journal::default());
    let hung = {
        let gate = gate.clone();
        plugin("hung", move |env| {
            env.register_init(async move || {
                gate.notified().await;
                Ok(())
            });
        })
    };
    let watcher = {
        let seen = seen.clone();
        plugin("watcher", move |env| {
            env.register_init(async move |report: BootReport, clock: Clock, own: Lifecycle| {
                own.spawn("watch", async move {
                    let open = |step: &Step| step.ended.is_none() && step.called.is_some();
                    while !report.steps().iter().any(|step| open(step) && &*step.name == "hung") {
                        tokio::task::yield_now().await;
                    }
                    assert!(report.result().is_none());
                    gate.notify_one();
                    let result = report.ended().await;
                    seen.write(format!("{} {:?}", clock.0, result.outcome));
                    seen.write("told");
                });
                Ok(())
            });
        })
    };
    let clock = service(async |report: BootReport| Ok(Clock(format!("{} steps", report.steps().len()))));
    let running = Backend::new([clock]).add(hung).add(watcher).start().await.unwrap();
    while seen.lines().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen.lines()[0], format!("4 steps {:?}", Outcome::Success));
    assert_eq!(running.service::<BootReport>().await.unwrap().steps().len(), running.report().steps().len());
}

#[tokio::test]
async fn a_step_that_fails_before_its_function_is_called_says_so() {
    let db = service(async || Err::<Db, _>(Error::new("no disk").into()));
    let p = plugin("p", |env| env.register_init(async |_: Db| Ok(())));
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let running = observed(Backend::new([db]).add(p), &Journal::default(), policy).start().await.unwrap();
    let steps = running.report().steps();
    let failed: Vec<_> = steps.iter().filter(|step| step.failed).collect();
    assert_eq!(
        failed.iter().map(|step| shown(step)).collect::<Vec<_>>(),
        ["plugin p", "service core.database of p"]
    );
    assert!(failed[0].called.is_none() && failed[1].called.is_some());
    assert!(failed.iter().all(|step| step.ended.is_some()));
}
