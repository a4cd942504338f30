use std::{
    sync::{
        Arc, RwLock, RwLockReadGuard,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use greenroom_config::{ReloadEvent, RootConfig, Subscription, Watch};

use crate::support::{World, yaml};

/// Watching tests share it; the one that counts threads and descriptors has it alone.
static ALONE: RwLock<()> = RwLock::new(());

/// What the watcher told, as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Read(bool),
    Invalid(String),
    Refused(String),
    Panicked(String),
}

pub(crate) struct Watched {
    pub(crate) config: RootConfig,
    told: Receiver<Told>,
    notified: Arc<AtomicUsize>,
    _subscription: Subscription,
    _watch: Watch,
    _shared: RwLockReadGuard<'static, ()>,
}

pub(crate) fn watch(world: &World) -> Watched {
    let shared = ALONE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let config = world.load();
    let (tell, told) = channel();
    let notified = Arc::new(AtomicUsize::new(0));
    let count = notified.clone();
    let subscription = config.subscribe(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let watch = config.watch(move |event| {
        let _ = match event {
            ReloadEvent::Read { changed } => tell.send(Told::Read(changed)),
            ReloadEvent::Invalid(error) => tell.send(Told::Invalid(error.to_string())),
            ReloadEvent::Refused(error) => tell.send(Told::Refused(error.to_string())),
            ReloadEvent::SubscriberPanicked(text) => tell.send(Told::Panicked(text.to_owned())),
            _ => Ok(()),
        };
    });
    let watched = Watched {
        config,
        told,
        notified,
        _subscription: subscription,
        _watch: watch.unwrap(),
        _shared: shared,
    };
    // The first look, after which events are certain to be heard.
    assert_eq!(watched.next(), Told::Read(false));
    watched
}

impl Watched {
    pub(crate) fn next(&self) -> Told {
        self.told.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    pub(crate) fn until(&self, wanted: &Told) {
        while self.next() != *wanted {}
    }

    pub(crate) fn notified(&self) -> usize {
        self.notified.load(Ordering::SeqCst)
    }
}

pub(crate) fn write(world: &World, path: &str, text: &str) {
    std::fs::write(world.path(path), text).unwrap();
}

#[test]
fn config_29_an_edited_include_is_read_again_and_told_once() {
    let world =
        yaml("a: {$file: x.txt}\nb: {$include: 'y.yaml#k'}").file("x.txt", "one").file("y.yaml", "k: 1");
    let watched = watch(&world);
    write(&world, "x.txt", "two");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.string("a").unwrap(), "two");
    assert_eq!(watched.notified(), 1);
    write(&world, "y.yaml", "k: 2");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.number("b").unwrap(), 2.0);
    assert_eq!(watched.notified(), 2);
}

#[test]
fn config_30_equal_content_is_no_news() {
    let world = yaml("a: 1\nb: {c: [x]}");
    let watched = watch(&world);
    write(&world, "app-config.yaml", "# other order, other text\nb:\n  c: ['x']\na: 1\n");
    watched.until(&Told::Read(false));
    assert_eq!(watched.notified(), 0);
    // The new places are in force all the same.
    assert_eq!(watched.config.place("a").unwrap().line, 4);
}

#[test]
fn config_31_a_broken_file_is_told_with_its_place_and_its_repair_is_read() {
    let world = yaml("a: 1");
    let watched = watch(&world);
    write(&world, "app-config.yaml", "b: 1\na: [1\n");
    let Told::Invalid(text) = watched.next() else { panic!("told nothing") };
    assert!(text.contains("(app-config.yaml:3:1)"), "{text}");
    watched.until(&Told::Read(false));
    assert_eq!(watched.config.number("a").unwrap(), 1.0);
    write(&world, "app-config.yaml", "a: 2");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.number("a").unwrap(), 2.0);
}

#[test]
fn a_broken_source_does_not_hold_up_the_others() {
    let world = yaml("a: 1\nb: 1").file("app-config.local.yaml", "b: 2");
    let watched = watch(&world);
    write(&world, "app-config.local.yaml", "b: [");
    watched.until(&Told::Read(false));
    write(&world, "app-config.yaml", "a: 3\nb: 1");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.number("a").unwrap(), 3.0);
    assert_eq!(watched.config.number("b").unwrap(), 2.0);
}

#[test]
fn a_file_that_a_broken_config_includes_is_waited_for() {
    let world = yaml("a: 1");
    let watched = watch(&world);
    write(&world, "app-config.yaml", "a: {$file: later.txt}");
    let Told::Invalid(text) = watched.next() else { panic!("told nothing") };
    assert!(text.contains("file does not exist"), "{text}");
    write(&world, "later.txt", "here");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.string("a").unwrap(), "here");
}

#[test]
fn a_deleted_file_keeps_its_last_value_and_may_come_back() {
    let world = yaml("a: 1");
    let watched = watch(&world);
    std::fs::remove_file(world.path("app-config.yaml")).unwrap();
    let Told::Invalid(text) = watched.next() else { panic!("told nothing") };
    assert!(text.ends_with("does not exist"), "{text}");
    assert_eq!(watched.config.number("a").unwrap(), 1.0);
    write(&world, "app-config.yaml", "a: 2");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.number("a").unwrap(), 2.0);
}

#[test]
fn an_emptied_file_is_an_error_while_nothing_else_is_said() {
    let world = yaml("a: 1");
    let watched = watch(&world);
    write(&world, "app-config.yaml", "");
    let told = "Missing required config value at '' in 'app-config.yaml' (app-config.yaml)";
    assert_eq!(watched.next(), Told::Invalid(told.to_owned()));
    assert_eq!(watched.config.number("a").unwrap(), 1.0);
}

#[test]
fn an_editor_that_puts_a_new_file_in_the_old_ones_place() {
    let world = yaml("a: 1");
    let watched = watch(&world);
    for round in 2..5 {
        write(&world, ".app-config.yaml.swp", &format!("a: {round}"));
        std::fs::rename(world.path(".app-config.yaml.swp"), world.path("app-config.yaml")).unwrap();
        watched.until(&Told::Read(true));
        assert_eq!(watched.config.number("a").unwrap(), f64::from(round));
    }
}

#[cfg(unix)]
#[test]
fn kubernetes_swaps_a_link_to_a_directory() {
    use std::os::unix::fs::symlink;
    let world = World::new().file("..1/app-config.yaml", "a: 1").file("..2/app-config.yaml", "a: 2");
    symlink("..1", world.path("..data")).unwrap();
    symlink("..data/app-config.yaml", world.path("app-config.yaml")).unwrap();
    let watched = watch(&world);
    symlink("..2", world.path("..data_tmp")).unwrap();
    std::fs::rename(world.path("..data_tmp"), world.path("..data")).unwrap();
    std::fs::remove_dir_all(world.path("..1")).unwrap();
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.number("a").unwrap(), 2.0);
}

#[test]
fn a_directory_that_is_replaced_is_followed() {
    let world = yaml("a: {$file: sub/x.txt}").file("sub/x.txt", "one");
    let watched = watch(&world);
    for text in ["two", "three"] {
        let _ = std::fs::rename(world.path("sub"), world.path(&format!("old-{text}")));
        std::fs::create_dir(world.path("sub")).unwrap();
        write(&world, "sub/x.txt", text);
        watched.until(&Told::Read(true));
        assert_eq!(watched.config.string("a").unwrap(), text);
    }
}

#[test]
fn views_follow_and_scalars_do_not() {
    let world = yaml("a: {b: {c: 1}, d: [{e: 1}]}");
    let watched = watch(&world);
    let config = &watched.config;
    let (view, optional) = (config.config("a.b").unwrap(), config.optional_config("a").unwrap().unwrap());
    let (scalar, element) = (view.number("c").unwrap(), config.config_array("a.d").unwrap().swap_remove(0));
    let later = config.config("new").unwrap();
    assert!(later.number("x").is_err());
    write(&world, "app-config.yaml", "a: {b: {c: 2}, d: [{e: 2}]}\nnew: {x: 3}");
    watched.until(&Told::Read(true));
    assert_eq!(view.number("c").unwrap(), 2.0);
    assert_eq!(optional.config("b").unwrap().number("c").unwrap(), 2.0);
    assert_eq!(later.number("x").unwrap(), 3.0);
    assert_eq!((scalar, element.number("e").unwrap()), (1.0, 1.0));
}

#[test]
fn a_panicking_subscriber_is_told_and_stops_no_other() {
    let world = yaml("a: 1");
    let watched = watch(&world);
    let _first = watched.config.subscribe(|| panic!("no thanks"));
    let (tell, told) = channel();
    let config = watched.config.clone();
    let _second = watched.config.subscribe(move || tell.send(config.number("a").unwrap()).unwrap());
    for round in [2, 3] {
        write(&world, "app-config.yaml", &format!("a: {round}"));
        watched.until(&Told::Panicked("no thanks".to_owned()));
        assert_eq!(told.recv().unwrap(), f64::from(round));
    }
}

#[test]
fn a_subscription_ends_with_its_guard_or_never() {
    let world = yaml("a: 1");
    let config = world.load();
    let (tell, told) = channel();
    let again = tell.clone();
    let guard = config.subscribe(move || tell.send("guarded").unwrap());
    config.subscribe(move || again.send("forever").unwrap()).forever();
    write(&world, "app-config.yaml", "a: 2");
    assert!(config.reload().unwrap());
    drop(guard);
    write(&world, "app-config.yaml", "a: 3");
    assert!(config.reload().unwrap());
    assert!(!config.reload().unwrap());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["guarded", "forever", "forever"]);
}

#[test]
fn a_subscriber_may_subscribe_and_unsubscribe() {
    let world = yaml("a: 1");
    let config = world.load();
    let own = Arc::new(std::sync::Mutex::new(None));
    let (held, within) = (own.clone(), config.clone());
    *own.lock().unwrap() = Some(config.subscribe(move || {
        within.subscribe(|| {}).forever();
        drop(held.lock().unwrap().take());
    }));
    write(&world, "app-config.yaml", "a: 2");
    assert!(config.reload().unwrap());
    assert!(own.lock().unwrap().is_none());
}

#[test]
fn a_config_made_in_code_has_nothing_to_watch() {
    let config = RootConfig::from_yaml("a: 1").unwrap();
    drop(config.watch(|_| panic!("nothing happens")).unwrap());
    assert!(!config.reload().unwrap() && !config.watches_by_default());
}

#[test]
fn a_thousand_edits_some_broken_end_at_the_last_good_one() {
    let world = yaml("a: 0\nc: {$file: x.txt}").file("x.txt", "0");
    let watched = watch(&world);
    for round in 1..=1_000 {
        let text = match round % 7 {
            3 => format!("a: [{round}"),
            5 => String::new(),
            _ => format!("a: {round}\nc: {{$file: x.txt}}"),
        };
        write(&world, "app-config.yaml", &text);
        write(&world, "x.txt", &round.to_string());
    }
    // 1000 % 7 is 6: the last one is good.
    while watched.config.number("a").unwrap() != 1_000.0 || watched.config.string("c").unwrap() != "1000" {
        watched.next();
    }
    let reads = watched.told.try_iter().count() + watched.notified();
    assert!(reads < 1_000, "{reads} readings and tellings of 2000 writes");
    // A broken last one leaves the last good one in force.
    write(&world, "app-config.yaml", "a: [");
    while !matches!(watched.next(), Told::Invalid(_)) {}
    assert_eq!(watched.config.number("a").unwrap(), 1_000.0);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_when_watching_ends() {
    let alone = ALONE.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let watching = || {
        let names = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let threads = names.filter(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            name.starts_with("config-watch") || name.starts_with("notify-rs")
        });
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let notifies = open.filter(|fd| {
            std::fs::read_link(fd.path()).is_ok_and(|to| to.to_string_lossy().contains("inotify"))
        });
        (threads.count(), notifies.count())
    };
    let world = yaml("a: 1");
    let config = world.load();
    for _ in 0..20 {
        let (tell, told) = channel();
        let watch = config.watch(move |_| tell.send(()).unwrap_or_default()).unwrap();
        told.recv().unwrap();
        drop(watch);
        // Our thread has been joined, and with it the observer is gone.
        assert!(told.iter().count() <= 1);
    }
    let began = std::time::Instant::now();
    while watching() != (0, 0) {
        assert!(began.elapsed() < Duration::from_secs(10), "left: {:?}", watching());
        std::thread::yield_now();
    }
    drop(alone);
}
