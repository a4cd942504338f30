//! Modules before their plugin, contributors before owners.

use std::sync::Arc;

use greenroom_core::{
    Backend, InstanceMetadata, ModuleContext, Service,
    boot::{BootPolicy, OnFailure},
    extension_point_middleware, module, plugin, scope,
};
use greenroom_errors::Error;
use tokio::sync::Notify;

use crate::kit::{Journal, MorePoints, Points, observed};

#[tokio::test]
async fn plugin_59_61_modules_run_side_by_side_and_end_before_the_plugin_begins() {
    let journal = Journal::default();
    let (there, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = |id, mine: Arc<Notify>, other: Arc<Notify>, journal: Journal| {
        module("p", id, move |env| {
            env.register_init(async move |points: Points| {
                other.notify_one();
                mine.notified().await;
                journal.write(format!("module {id} {}", points.0));
                Ok(())
            })
        })
    };
    let note = journal.clone();
    let p = plugin("p", move |env| {
        env.register_extension_point(Points("points".into()));
        env.register_init(async move || {
            note.write("plugin");
            Ok(())
        });
    });
    let one = waits("one", there.clone(), back.clone(), journal.clone());
    let two = waits("two", back, there, journal.clone());
    Backend::new([]).add(p).add(one).add(two).start().await.unwrap();
    let lines = journal.lines();
    assert_eq!(lines.len(), 3);
    assert!(lines[..2].contains(&"module one points".to_owned()), "{lines:?}");
    assert_eq!(lines[2], "plugin");
}

#[tokio::test(start_paused = true)]
async fn plugin_60_62_the_owner_of_a_point_waits_for_all_who_contribute_failed_ones_too() {
    let journal = Journal::default();
    let note = journal.clone();
    let owner = module("p", "owner", move |env| {
        env.register_extension_point(MorePoints("more".into()));
        env.register_init(async move || {
            note.write("owner");
            Ok(())
        });
    });
    let contributes = |id, seconds, fails: bool, journal: Journal| {
        module("p", id, move |env| {
            env.register_init(async move |_: MorePoints| {
                tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
                journal.write(id);
                if fails { Err(Error::new("no").into()) } else { Ok(()) }
            })
        })
    };
    let p = plugin("p", |env| env.register_init(async || Ok(())));
    let (fast, slow) =
        (contributes("fast", 1, true, journal.clone()), contributes("slow", 3, false, journal.clone()));
    let failed = Backend::new([]).add(p).add(owner).add(fast).add(slow).start().await.unwrap_err();
    assert_eq!(journal.lines(), ["fast", "slow", "owner"]);
    assert!(failed.to_string().ends_with("Module 'fast' for plugin 'p' startup failed; caused by Error: no"));
}

#[tokio::test]
async fn plugin_74_75_111_an_orphan_is_told_once_and_is_not_installed() {
    let journal = Journal::default();
    let refuse = async || -> greenroom_errors::Result { unreachable!("its plugin is not installed") };
    let orphan = module("ghost", "m", move |env| env.register_init(refuse));
    let p = plugin("p", |env| {
        env.register_init(async |here: InstanceMetadata| {
            let ids: Vec<_> =
                here.installed_plugins().iter().map(|p| (&*p.plugin_id, p.modules.len())).collect();
            assert_eq!(ids, [("p", 1)]);
            Ok(())
        })
    });
    let m = module("p", "m", |env| env.register_init(async || Ok(())));
    let backend = Backend::new([]).add(p).add(m).add(orphan);
    let running = observed(backend, &journal, Default::default()).start().await.unwrap();
    assert_eq!(running.result().orphans.len(), 1);
    assert_eq!(journal.lines(), ["orphan ghost/m", "started [\"p\"]", "completed [\"p\"]"]);
}

#[tokio::test]
async fn plugin_76_the_second_module_of_a_name_fails_and_the_first_runs() {
    let journal = Journal::default();
    let twin = |journal: Journal| {
        module("p", "m", move |env| {
            env.register_init(async move || {
                journal.write("ran");
                Ok(())
            })
        })
    };
    let p = plugin("p", |env| env.register_init(async || Ok(())));
    let backend = Backend::new([]).add(p).add(twin(journal.clone())).add(twin(journal.clone()));
    let failed = backend.start().await.unwrap_err().to_string();
    assert!(failed.contains("caused by Error: Module 'm' for plugin 'p' is already registered"), "{failed}");
    assert_eq!(journal.lines(), ["ran"]);
}

/// An extension point of which each module has its own.
#[derive(Clone)]
struct Own(ModuleContext, Arc<std::sync::Mutex<Vec<ModuleContext>>>);
impl Service for Own {
    const ID: &'static str = "p.own";
    type Scope = scope::Extension;
}

fn contributes(id: &'static str) -> greenroom_core::Module {
    module("p", id, move |env| {
        env.register_init(async move |own: Own| {
            assert_eq!(own.0.module_id(), id);
            own.1.lock().unwrap().push(own.0.clone());
            Ok(())
        })
    })
}

#[tokio::test]
async fn plugin_69_70_71_each_module_gets_its_own_object_and_can_be_blamed_by_it() {
    for (allowed, succeeds) in [(OnFailure::Continue, true), (OnFailure::Abort, false)] {
        let journal = Journal::default();
        let contributions = Arc::new(std::sync::Mutex::new(vec![]));
        let (kept, seen) = (contributions.clone(), contributions.clone());
        let p = plugin("p", move |env| {
            env.register_extension_point_with(move |context| Own(context, kept.clone()));
            env.register_init(async move || {
                let contributions = seen.lock().unwrap().clone();
                let bad = contributions.iter().find(|context| context.module_id() == "bad").unwrap();
                bad.report_startup_failure(Error::input("bad contribution"));
                Ok(())
            });
        });
        let backend = Backend::new([]).add(p).add(contributes("good")).add(contributes("bad"));
        let policy = BootPolicy { module_default: allowed, ..BootPolicy::default() };
        let started = observed(backend, &journal, policy).start().await;
        assert_eq!(contributions.lock().unwrap().len(), 2);
        journal.position(&format!("reported p/bad allowed={succeeds} late=false: bad contribution"));
        match started {
            Ok(running) => {
                assert!(succeeds);
                let modules = &running.result().plugins[0].modules;
                let failed: Vec<_> =
                    modules.iter().filter(|m| m.failure.is_some()).map(|m| &*m.module_id).collect();
                assert_eq!(failed, ["bad"]);
            }
            Err(failed) => {
                assert!(!succeeds);
                let line =
                    "Module 'bad' for plugin 'p' startup failed; caused by InputError: bad contribution";
                assert!(failed.to_string().contains(line), "{failed}");
            }
        }
        contributions.lock().unwrap()[0].report_startup_failure(Error::new("too late"));
        assert!(journal.lines().last().unwrap().ends_with("late=true: too late"), "{:?}", journal.lines());
    }
}

#[tokio::test]
async fn plugin_72_a_module_blamed_within_its_own_init_fails_by_that_error() {
    let p = plugin("p", |env| {
        env.register_extension_point_with(|context| Own(context, Arc::default()));
        env.register_init(async || Ok(()));
    });
    let m = module("p", "m", |env| {
        env.register_init(async |own: Own| {
            own.0.report_startup_failure(Error::new("my own fault"));
            Ok(())
        })
    });
    let failed = Backend::new([]).add(p).add(m).start().await.unwrap_err().to_string();
    assert!(
        failed.ends_with("Module 'm' for plugin 'p' startup failed; caused by Error: my own fault"),
        "{failed}"
    );
}

#[tokio::test]
async fn plugin_73_middleware_wraps_what_modules_get_in_order_and_not_what_the_plugin_keeps() {
    let journal = Journal::default();
    let (seen, kept) = (journal.clone(), journal.clone());
    let own = Points("p".into());
    let p = plugin("p", move |env| {
        env.register_extension_point(own.clone());
        env.register_init(async move || {
            kept.write(own.0);
            Ok(())
        });
    });
    let m = module("p", "m", move |env| {
        env.register_init(async move |points: Points| {
            seen.write(points.0);
            Ok(())
        })
    });
    let first = extension_point_middleware(async |points: Points| Ok(Points(format!("first({})", points.0))));
    let second =
        extension_point_middleware(async |points: Points| Ok(Points(format!("second({})", points.0))));
    Backend::new([]).add(p).add(m).add(first).add(second).start().await.unwrap();
    assert_eq!(journal.lines(), ["second(first(p))", "p"]);
}
