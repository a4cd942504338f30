//! Scopes, overrides, decorators, failures of factories.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use greenroom_core::{
    Backend, Deps, Lifecycle, PluginMetadata, ServiceFactory, decorate, module, plugin, service,
};
use greenroom_errors::Error;

use crate::kit::{Cache, Clock, Db, Journal, Wall, observed};

fn counted(count: &Arc<AtomicUsize>) -> ServiceFactory {
    let count = count.clone();
    service(async move |me: PluginMetadata| {
        count.fetch_add(1, SeqCst);
        Ok(Db(me.id().to_owned()))
    })
}

#[tokio::test]
async fn plugin_17_18_root_services_are_made_at_start_unless_lazy() {
    for (lazy, expected) in [(false, 1), (true, 0)] {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let factory = service(async move || {
            count.fetch_add(1, SeqCst);
            Ok(Clock(String::new()))
        });
        let factory = if lazy { factory.lazy() } else { factory };
        Backend::new([factory]).start().await.unwrap();
        assert_eq!(made.load(SeqCst), expected);
    }
}

#[tokio::test]
async fn plugin_19_plugin_services_are_made_when_asked_for_unless_always() {
    for (always, expected) in [(false, 0), (true, 2)] {
        let made = Arc::new(AtomicUsize::new(0));
        let factory = if always { counted(&made).always() } else { counted(&made) };
        let idle = |id| plugin(id, |env| env.register_init(async || Ok(())));
        Backend::new([factory]).add(idle("a")).add(idle("b")).start().await.unwrap();
        assert_eq!(made.load(SeqCst), expected);
    }
}

#[tokio::test]
async fn plugin_20_112_one_instance_per_plugin_shared_with_its_modules() {
    let made = Arc::new(AtomicUsize::new(0));
    let asks = |id: &'static str| {
        plugin(id, move |env| {
            env.register_init(async move |db: Db| {
                assert_eq!(db.0, id);
                Ok(())
            })
        })
    };
    let extends = module("a", "m", |env| {
        env.register_init(async |db: Db, me: PluginMetadata| {
            assert_eq!((db.0.as_str(), me.id()), ("a", "a"));
            Ok(())
        })
    });
    Backend::new([counted(&made)]).add(asks("a")).add(extends).add(asks("b")).start().await.unwrap();
    assert_eq!(made.load(SeqCst), 2);
}

#[tokio::test]
async fn plugin_27_what_is_added_replaces_the_default_which_is_never_called() {
    let default = service(async || -> greenroom_errors::Result<Clock> { unreachable!("replaced") });
    let ours = service(async || Ok(Clock("ours".into())));
    let running = Backend::new([default]).add(ours).start().await.unwrap();
    assert_eq!(running.service::<Clock>().await.unwrap().0, "ours");
}

#[tokio::test]
async fn decorators_wrap_in_the_order_they_were_added() {
    let base = service(async || Ok(Clock("base".into())));
    let wall = service(async || Ok(Wall("wall".into())));
    let inner = decorate(async |clock: Clock, wall: Wall| Ok(Clock(format!("{}({})", wall.0, clock.0))));
    let outer = decorate(async |clock: Clock| Ok(Clock(format!("outer({})", clock.0))));
    let running = Backend::new([base, wall]).add(inner).add(outer).start().await.unwrap();
    assert_eq!(running.service::<Clock>().await.unwrap().0, "outer(wall(base))");
}

#[tokio::test]
async fn plugin_48_root_services_are_made_one_after_another_in_order() {
    let journal = Journal::default();
    let (first, second) = (journal.clone(), journal.clone());
    let clock = service(async move || {
        tokio::task::yield_now().await;
        first.write("clock");
        Ok(Clock(String::new()))
    });
    let wall = service(async move || {
        second.write("wall");
        Ok(Wall(String::new()))
    });
    Backend::new([clock, wall]).start().await.unwrap();
    assert_eq!(journal.lines(), ["clock", "wall"]);
}

#[tokio::test]
async fn plugin_37_39_a_failing_plugin_service_fails_each_plugin_that_needs_it_by_name() {
    let db = service(async || Err::<Db, _>(Error::input("no disk").into()));
    let cache = service(async |_db: Db| Ok(Cache(String::new())));
    let asks = |id| plugin(id, |env| env.register_init(async |_cache: Cache| Ok(())));
    let failed = Backend::new([db, cache]).add(asks("a")).add(asks("b")).start().await.unwrap_err();
    let text = |id: &str| {
        format!(
            "Plugin '{id}' startup failed; caused by Error: Failed to instantiate service 'core.cache' for '{id}' because the factory function threw an error, Error: Failed to instantiate service 'core.database' for '{id}' because the factory function threw an error, InputError: no disk"
        )
    };
    let message = failed.to_string();
    assert!(message.contains(&text("a")) && message.contains(&text("b")), "{message}");
}

#[tokio::test]
async fn plugin_40_a_failing_root_service_rejects_the_start_undecorated_and_no_plugin_runs() {
    let journal = Journal::default();
    let note = journal.clone();
    let clock = service(async || Err::<Clock, _>(Error::conflict("factory boom").into()));
    let idle = plugin("a", move |env| {
        env.register_init(async move || {
            note.write("ran");
            Ok(())
        })
    });
    let failed = Backend::new([clock]).add(idle).start().await.unwrap_err();
    assert_eq!((failed.to_string().as_str(), failed.to_error().name()), ("factory boom", "ConflictError"));
    assert_eq!(journal.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn a_panicking_factory_is_an_error_with_an_owner() {
    let db = service(async || -> greenroom_errors::Result<Db> { panic!("lost it") });
    let asks = plugin("a", |env| env.register_init(async |_db: Db| Ok(())));
    let failed = Backend::new([db]).add(asks).start().await.unwrap_err().to_string();
    assert!(failed.contains("Failed to instantiate service 'core.database' for 'a'"), "{failed}");
    assert!(failed.contains("panicked: lost it"), "{failed}");
}

#[tokio::test]
async fn what_may_be_absent_is_asked_for_as_an_option() {
    let asks = plugin("a", |env| {
        env.register_init(async |clock: Option<Clock>, wall: Option<Wall>| {
            assert!(clock.is_none());
            assert_eq!(wall.unwrap().0, "here");
            Ok(())
        })
    });
    Backend::new([service(async || Ok(Wall("here".into())))]).add(asks).start().await.unwrap();
}

#[tokio::test]
async fn a_deps_struct_bundles_dependencies() {
    #[derive(Deps)]
    struct Needs {
        clock: Clock,
        db: Option<Db>,
        lifecycle: Lifecycle,
    }
    let asks = plugin("a", |env| {
        env.register_init(async |Needs { clock, db, lifecycle }: Needs, me: PluginMetadata| {
            assert_eq!((clock.0.as_str(), db.is_none(), me.id()), ("now", true, "a"));
            lifecycle.add_startup_hook("nothing", async || Ok(()))
        })
    });
    Backend::new([service(async || Ok(Clock("now".into())))]).add(asks).start().await.unwrap();
}

#[tokio::test]
async fn the_boot_itself_may_ask_for_root_services() {
    let journal = Journal::default();
    let note = journal.clone();
    let backend =
        Backend::new([service(async || Ok(Clock("now".into())))]).boot(async move |clock: Clock| {
            note.write(clock.0);
            Ok(greenroom_core::boot::Boot::default())
        });
    backend.start().await.unwrap();
    assert_eq!(journal.lines(), ["now"]);
    let backend = observed(Backend::new([]), &journal, Default::default());
    backend.start().await.unwrap();
}
