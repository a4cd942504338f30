//! Modules before their plugin, contributors before owners.

use std::sync::Arc;

use greenroom_core::{Backend, InstanceMetadata, module, plugin};
use greenroom_errors::Error;
use tokio::sync::Notify;

use crate::kit::{Journal, MorePoints, Points, observed};

#[tokio::test]
async fn p59_p61_modules_run_side_by_side_and_end_before_the_plugin_begins() {
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
async fn p60_p62_the_owner_of_a_point_waits_for_all_who_contribute_failed_ones_too() {
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
    let failed = Backend::new([]).add(p).add(owner).add(fast).add(slow).start().await.err().unwrap();
    assert_eq!(journal.lines(), ["fast", "slow", "owner"]);
    assert!(failed.to_string().ends_with("Module 'fast' for plugin 'p' startup failed; caused by Error: no"));
}

#[tokio::test]
async fn p74_p75_p120_an_orphan_is_told_once_and_is_not_installed() {
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
    assert_eq!(running.report().orphans.len(), 1);
    assert_eq!(journal.lines(), ["orphan ghost/m", "started [\"p\"]", "completed [\"p\"]"]);
}

#[tokio::test]
async fn p76_the_second_module_of_a_name_fails_and_the_first_runs() {
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
    let failed = backend.start().await.err().unwrap().to_string();
    assert!(failed.contains("caused by Error: Module 'm' for plugin 'p' is already registered"), "{failed}");
    assert_eq!(journal.lines(), ["ran"]);
}
