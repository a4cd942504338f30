//! What is wrong is found before anything runs, all at once, each with its owner.

use greenroom_core::{Backend, Service, decorate, module, plugin, scope, service};

use crate::kit::{Cache, Clock, Db, Journal, MorePoints, Points, Wall, observed};

async fn fails(backend: Backend) -> String {
    backend.start().await.expect_err("the start should fail").to_string()
}

fn idle(id: &'static str) -> greenroom_core::Plugin {
    plugin(id, |env| env.register_init(async || Ok(())))
}

#[tokio::test]
async fn plugin_1_2_3_ids() {
    let journal = Journal::default();
    let backend = Backend::new([]).add(idle("MyPlugin")).add(idle("my-plugin")).add(idle("my_plugin"));
    observed(backend, &journal, Default::default()).start().await.unwrap();
    let warnings: Vec<_> = journal.lines().into_iter().filter(|l| l.starts_with("warning")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("The pluginId 'my_plugin' will be invalid soon"), "{warnings:?}");
    for id in ["", "1abc", "a-", "a--b", "a.b"] {
        let text = fails(Backend::new([]).add(idle(id))).await;
        assert!(text.contains(&format!("Invalid pluginId '{id}', must match the pattern")), "{text}");
    }
}

#[tokio::test]
async fn plugin_4_module_ids() {
    let bad = module("a", "bad id", |env| env.register_init(async || Ok(())));
    let text = fails(Backend::new([]).add(idle("a")).add(bad)).await;
    assert!(text.contains("Invalid moduleId 'bad id' for plugin 'a'"), "{text}");
}

#[tokio::test]
async fn plugin_6_7_8_9_a_fault_in_one_registration_fails_that_plugin_and_another_runs() {
    let journal = Journal::default();
    let note = journal.clone();
    let never = plugin("never", |_| ());
    let twice = plugin("twice", |env| {
        env.register_init(async || Ok(()));
        env.register_init(async || Ok(()));
    });
    let late = plugin("late", |env| {
        env.register_init(async || Ok(()));
        env.register_extension_point(Points(String::new()));
    });
    let panics = plugin("panics", |_| -> () { panic!("register boom") });
    let errs = plugin("errs", |_| Err::<(), _>(greenroom_errors::Error::input("bad register")));
    let works = plugin("works", move |env| {
        env.register_init(async move || {
            note.write("works ran");
            Ok(())
        })
    });
    let backend = Backend::new([]).add(never).add(twice).add(late).add(panics).add(errs).add(works);
    let text = fails(observed(backend, &journal, Default::default())).await;
    for line in [
        "Plugin 'never' startup failed; caused by Error: registerInit was not called by register in never",
        "Plugin 'twice' startup failed; caused by Error: registerInit must only be called once",
        "Plugin 'late' startup failed; caused by Error: registerExtensionPoint called after registerInit",
        "Plugin 'panics' startup failed; caused by Error: panicked: register boom",
        "Plugin 'errs' startup failed; caused by InputError: bad register",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    journal.position("works ran");
}

#[tokio::test]
async fn plugin_10_register_is_not_called_before_start() {
    let backend = Backend::new([]).add(plugin("a", |_| -> () { panic!("called") }));
    drop(backend);
}

#[tokio::test]
async fn plugin_23_28_29_30_41_43_all_faults_without_owner_at_once_and_nothing_runs() {
    let clock =
        || service(async |_wall: Wall| -> greenroom_errors::Result<Clock> { unreachable!("nothing runs") });
    let wall = service(async |_clock: Clock| Ok(Wall(String::new())));
    let mine = service(async || Ok(Mine));
    let text = fails(Backend::new([clock(), clock()]).add(wall).add(mine).add(clock()).add(clock())).await;
    assert_eq!(
        text,
        "Backend startup failed due to the following errors:
  Duplicate service implementations provided for root.clock
  The core.pluginMetadata service cannot be overridden
  Duplicate service implementations provided for root.clock
  Circular dependencies detected:
  'root.clock' -> 'root.wall' -> 'root.clock'"
    );
    let missing = service(async |_wall: Wall| Ok(Clock(String::new())));
    assert_eq!(
        fails(Backend::new([missing])).await,
        "Failed to instantiate service 'root.clock' for 'root' because the following dependent services are missing: 'root.wall'"
    );
}

#[derive(Clone)]
struct Mine;
impl Service for Mine {
    const ID: &'static str = "core.pluginMetadata";
    type Scope = scope::Plugin;
}

#[tokio::test]
async fn plugin_43_a_decorator_that_closes_a_circle_is_found() {
    let clock = service(async || Ok(Clock(String::new())));
    let wall = service(async |_clock: Clock| Ok(Wall(String::new())));
    let circle = decorate(async |clock: Clock, _wall: Wall| Ok(clock));
    let text = fails(Backend::new([clock, wall]).add(circle)).await;
    assert_eq!(text, "Circular dependencies detected:\n  'root.clock' -> 'root.wall' -> 'root.clock'");
}

#[tokio::test]
async fn plugin_24_25_26_66_missing_dependencies_of_a_plugin_are_its_own() {
    let cache = service(async |_db: Db| Ok(Cache(String::new())));
    let direct = plugin("direct", |env| env.register_init(async |_db: Db, _clock: Clock| Ok(())));
    let through = plugin("through", |env| env.register_init(async |_cache: Cache| Ok(())));
    let extended = module("works", "m", |env| env.register_init(async |_db: Db, _p: Points| Ok(())));
    let backend = Backend::new([cache]).add(direct).add(through).add(idle("works")).add(extended);
    let text = fails(backend).await;
    for line in [
        "Plugin 'direct' startup failed; caused by Error: Service or extension point dependencies of plugin 'direct' are missing for the following ref(s): serviceRef{core.database}, serviceRef{root.clock}",
        "Plugin 'through' startup failed; caused by Error: Failed to instantiate service 'core.cache' for 'through' because the following dependent services are missing: 'core.database'",
        "Module 'm' for plugin 'works' startup failed; caused by Error: Service or extension point dependencies of module 'm' for plugin 'works' are missing for the following ref(s): serviceRef{core.database}, extensionPoint{catalog.points}",
    ] {
        assert!(text.contains(line), "{line}\n in {text}");
    }
    assert!(!text.contains("Plugin 'works'"), "{text}");
}

#[tokio::test]
async fn two_types_behind_one_id_are_a_fault() {
    #[derive(Clone)]
    struct OtherDb;
    impl Service for OtherDb {
        const ID: &'static str = "core.database";
        type Scope = scope::Plugin;
    }
    let db = service(async || Ok(OtherDb));
    let asks = plugin("a", |env| env.register_init(async |_db: Db| Ok(())));
    let text = fails(Backend::new([db]).add(asks)).await;
    assert!(text.contains("Service 'core.database' is asked for as `it::kit::Db` but provided as"), "{text}");
}

#[tokio::test]
async fn plugin_65_68_extension_points_belong_to_one_plugin() {
    let offers = |id| {
        plugin(id, |env| {
            env.register_extension_point(Points(String::new()));
            env.register_init(async || Ok(()));
        })
    };
    let stranger = module("b", "stranger", |env| env.register_init(async |_points: Points| Ok(())));
    let text = fails(Backend::new([]).add(offers("a")).add(idle("b")).add(stranger).add(offers("c"))).await;
    for line in [
        "Module 'stranger' for plugin 'b' startup failed; caused by Error: Illegal dependency: Module 'stranger' for plugin 'b' attempted to depend on extension point 'catalog.points' for plugin 'a'. Extension points can only be used within their plugin's scope.",
        "Plugin 'c' startup failed; caused by Error: ExtensionPoint with ID 'catalog.points' is already registered",
    ] {
        assert!(text.contains(line), "{line}\n in {text}");
    }
    assert!(!text.contains("Plugin 'a'") && !text.contains("Plugin 'b' "), "{text}");
}

#[tokio::test]
async fn plugin_77_78_a_plugin_added_twice_or_thrice_does_not_run_others_do() {
    let journal = Journal::default();
    let twin =
        || plugin("twin", |env| env.register_init(async || -> greenroom_errors::Result { unreachable!() }));
    let note = journal.clone();
    let other = plugin("other", move |env| {
        env.register_init(async move || {
            note.write("other ran");
            Ok(())
        })
    });
    let text = fails(Backend::new([]).add(twin()).add(other).add(twin()).add(twin())).await;
    assert_eq!(
        text,
        "Backend startup failed due to the following errors:\n  Plugin 'twin' startup failed; caused by Error: Plugin 'twin' is already registered"
    );
    journal.position("other ran");
}

#[tokio::test]
async fn plugin_63_64_modules_in_a_circle_fail_their_plugin() {
    let refuse = async || -> greenroom_errors::Result { unreachable!("nothing of the plugin runs") };
    let p = plugin("p", move |env| env.register_init(refuse));
    let one = module("p", "cm1", |env| {
        env.register_extension_point(Points(String::new()));
        env.register_init(async |_: MorePoints| Ok(()));
    });
    let two = module("p", "cm2", |env| {
        env.register_extension_point(MorePoints(String::new()));
        env.register_init(async |_: Points| Ok(()));
    });
    let text = fails(Backend::new([]).add(p).add(one).add(two)).await;
    assert!(
        text.contains("caused by ConflictError: Circular dependency detected for modules of plugin 'p', 'cm1' -> 'cm2' -> 'cm1'"),
        "{text}"
    );
    let own = module("q", "m", |env| {
        env.register_extension_point(Points(String::new()));
        env.register_init(async |_: Points| Ok(()));
    });
    let text = fails(Backend::new([]).add(idle("q")).add(own)).await;
    assert!(text.contains("of plugin 'q', 'm' -> 'm'"), "{text}");
}

#[tokio::test]
async fn plugin_5_the_plugin_id_that_a_module_names_is_not_checked() {
    let journal = Journal::default();
    let odd = module("not valid!", "m", |env| env.register_init(async || Ok(())));
    observed(Backend::new([]).add(odd), &journal, Default::default()).start().await.unwrap();
    journal.position("orphan not valid!/m");
}

/// Two services whose types' own defaults ask for each other.
#[derive(Clone)]
struct Hen;
#[derive(Clone)]
struct Egg;
impl Service for Hen {
    const ID: &'static str = "root.hen";
    type Scope = scope::Root;
    fn default_factory() -> Option<greenroom_core::ServiceFactory> {
        Some(service(async |_: Egg| Ok(Hen)))
    }
}
impl Service for Egg {
    const ID: &'static str = "root.egg";
    type Scope = scope::Root;
    fn default_factory() -> Option<greenroom_core::ServiceFactory> {
        Some(service(async |_: Hen| Ok(Egg)))
    }
}

#[tokio::test]
async fn plugin_44_a_circle_through_default_factories_is_refused() {
    let asks = plugin("p", |env| env.register_init(async |_: Hen| Ok(())));
    let text = fails(Backend::new([]).add(asks)).await;
    assert_eq!(text, "Circular dependencies detected:\n  'root.hen' -> 'root.egg' -> 'root.hen'");
}

/// An extension point that bears a service's id.
#[derive(Clone)]
struct Shadow;
impl Service for Shadow {
    const ID: &'static str = "core.database";
    type Scope = scope::Extension;
}

#[tokio::test]
async fn plugin_79_an_extension_point_does_not_shadow_the_service_of_its_id() {
    let db = service(async || Ok(Db("the service".into())));
    let p = plugin("p", |env| {
        env.register_extension_point(Shadow);
        env.register_init(async |db: Db| {
            assert_eq!(db.0, "the service");
            Ok(())
        });
    });
    let m = module("p", "m", |env| {
        env.register_init(async |db: Db, _shadow: Shadow| {
            assert_eq!(db.0, "the service");
            Ok(())
        })
    });
    Backend::new([db]).add(p).add(m).start().await.unwrap();
}
