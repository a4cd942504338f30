//! What a catalogue holds, and what of it is left out.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use greenroom::prelude::*;

use super::*;

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let named = |id: &'static str| move || plugin(id, |env| env.register_init(async || Ok(())));
    catalogue.offer(ByDefault::On, named("healthcheck"));
    catalogue.offer(ByDefault::Off, named("tasks"));
    catalogue.always(move |backend| backend.add(named("search")()));
    catalogue
}

#[test]
fn in_front_of_another_backend_what_its_config_is_about_does_not_run_unless_it_is_switched_on() {
    let choice = |yaml: &str| {
        let mut catalogue = catalogue();
        let gateway = || plugin("gateway", |env| env.register_init(async || Ok(())));
        catalogue.offer(ByDefault::On, gateway);
        catalogue.only_by_default(&["gateway"]);
        catalogue.choose(&RootConfig::from_yaml(yaml).unwrap()).0
    };
    assert_eq!(choice("catalog: {}"), Choice { chosen: vec!["gateway".into()], lacking: vec![] });
    let switched = choice("greenroom: {plugins: {healthcheck: true, gateway: false}}");
    assert_eq!(switched.chosen, ["healthcheck"]);
}

#[test]
fn plugins_run_by_default_by_name_or_not_at_all_and_missing_ones_are_told() {
    let choice = |yaml: &str| catalogue().choose(&RootConfig::from_yaml(yaml).unwrap()).0;
    assert_eq!(choice("app: {}").chosen, ["healthcheck"]);
    let named = choice(
        "greenroom: {plugins: {healthcheck: false, tasks: true, rollbar: true, old: false}}\ncatalog: {}\nsearch: {}",
    );
    assert_eq!(
        named,
        Choice { chosen: vec!["tasks".into()], lacking: vec!["catalog".into(), "rollbar".into()] }
    );
    let refused = |yaml: &str| {
        let config = RootConfig::from_yaml(yaml).unwrap();
        catalogue().choose(&config).1[0].message().to_owned()
    };
    assert!(refused("greenroom: {plugins: {tasks: maybe}}").contains("greenroom.plugins.tasks"));
    assert!(refused("greenroom: {plugins: {search: false}}").contains("always has 'search'"));
}

#[test]
fn every_switch_that_is_neither_true_nor_false_is_told_with_its_place() {
    let yaml =
        "greenroom:\n  plugins:\n    tasks: yes\n    rollbar: 1\n    healthcheck: 'true'\n    mail: {}\n";
    let (choice, refused) = catalogue().choose(&RootConfig::from_yaml(yaml).unwrap());
    assert_eq!(choice.chosen, ["healthcheck"], "what is refused counts as not written");
    let told: Vec<_> = refused.iter().map(ToString::to_string).collect();
    let text = |key, is, line| {
        format!("greenroom.plugins.{key} is {is}, expected true or false (mock-config:{line})")
    };
    assert_eq!(
        told,
        [text("tasks", "\"yes\"", "3:12"), text("rollbar", "1", "4:14"), text("mail", "an object", "6:5"),]
    );
}

#[test]
fn a_module_is_there_where_both_its_plugins_are() {
    let (mut catalogue, made) = (Catalogue::default(), Arc::new(AtomicUsize::new(0)));
    for id in ["a", "b"] {
        catalogue.offer(ByDefault::On, move || plugin(id, |env| env.register_init(async || Ok(()))));
    }
    let count = made.clone();
    catalogue.tie("b", move || {
        count.fetch_add(1, Ordering::Relaxed);
        module("a", "b", |env| env.register_init(async || Ok(())))
    });
    let has_module = |yaml: &str| {
        let (choice, before) =
            (catalogue.choose(&RootConfig::from_yaml(yaml).unwrap()).0, made.load(Ordering::Relaxed));
        let _ = catalogue.add(Backend::new([]), &choice);
        made.load(Ordering::Relaxed) > before
    };
    assert!(has_module(""));
    assert!(
        !has_module("greenroom: {plugins: {a: false}}") && !has_module("greenroom: {plugins: {b: false}}")
    );
}

#[test]
fn a_plugin_runs_with_the_key_that_asks_for_it_unless_it_is_switched() {
    let mut catalogue = Catalogue::default();
    catalogue.offer(ByDefault::With(&["auth.sessions", "auth.providers"]), || {
        plugin("auth", |env| env.register_init(async || Ok(())))
    });
    let chosen = |yaml: &str| catalogue.choose(&RootConfig::from_yaml(yaml).unwrap()).0;
    assert_eq!(chosen("auth: {providers: {guest: {}}}").chosen, ["auth"]);
    assert_eq!(chosen("greenroom: {plugins: {auth: true}}").chosen, ["auth"]);
    for off in [
        "auth: {environment: development}",
        "auth: {providers: {guest: {}}}\ngreenroom: {plugins: {auth: false}}",
    ] {
        assert_eq!(chosen(off), Choice::default(), "{off}");
    }
    assert_eq!(chosen("auth: []").chosen, ["auth"], "its reader tells what is wrong");
}

#[test]
fn a_plugin_runs_where_a_key_switches_it_on_unless_its_own_switch_says_no() {
    let mut catalogue = Catalogue::default();
    let make = || plugin("demo", |env| env.register_init(async || Ok(())));
    catalogue.offer(ByDefault::Where("greenroom.demo"), make);
    let runs = |yaml: &str| {
        let config = RootConfig::from_yaml(yaml).unwrap();
        (!catalogue.choose(&config).0.chosen.is_empty(), catalogue.why_off(&config, "demo"))
    };
    assert_eq!(runs("greenroom: {demo: true}"), (true, None));
    for off in ["", "greenroom: {demo: false}", "greenroom: {demo: perhaps}"] {
        assert_eq!(runs(off), (false, Some("greenroom.demo is not true".to_owned())), "{off}");
    }
    assert!(!runs("greenroom: {demo: true, plugins: {demo: false}}").0);
}

#[test]
fn a_module_that_is_tied_to_no_plugin_is_a_mistake_and_one_that_is_always_there_counts() {
    let (mut catalogue, made) = (catalogue(), Arc::new(AtomicUsize::new(0)));
    let count = made.clone();
    catalogue.tie("search", move || {
        count.fetch_add(1, Ordering::Relaxed);
        module("healthcheck", "x", |env| env.register_init(async || Ok(())))
    });
    let (choice, before) =
        (catalogue.choose(&RootConfig::from_yaml("").unwrap()).0, made.load(Ordering::Relaxed));
    let _ = catalogue.add(Backend::new([]), &choice);
    assert_eq!((made.load(Ordering::Relaxed), catalogue.untied()), (before + 1, vec![]));

    catalogue.tie("taks", || module("healthcheck", "y", |env| env.register_init(async || Ok(()))));
    catalogue.tie("tasks", || module("nowhere", "z", |env| env.register_init(async || Ok(()))));
    assert_eq!(
        catalogue.untied(),
        [
            "a module is tied to 'taks', which is no plugin here; did you mean 'tasks'?",
            "a module is tied to 'nowhere', which is no plugin here"
        ]
    );
}

#[test]
fn an_id_that_no_key_can_name_is_told_as_the_plugins_mistake() {
    let mut catalogue = Catalogue::default();
    catalogue.offer(ByDefault::On, || plugin("My Deploys", |env| env.register_init(async || Ok(()))));
    let (_, refused) = catalogue.choose(&RootConfig::from_yaml("").unwrap());
    assert!(refused[0].message().starts_with("Invalid plugin id 'My Deploys'"), "{refused:?}");
    assert!(["tasks", "my-deploys", "a1_b:c"].into_iter().all(is_switch));
    assert!(!["", "1a", "a--b", "a.b", "a-"].into_iter().any(is_switch));
}

#[test]
fn what_is_there_in_any_case_is_added_whatever_is_chosen() {
    let mut catalogue = catalogue();
    catalogue.always(|backend| {
        let declaring = plugin("always", |env| env.register_init(async || Ok(())));
        backend.add(declaring.config_schema(r#"{"properties": {"always": {"type": "object"}}}"#))
    });
    let none = Choice { chosen: vec![], lacking: vec![] };
    let config = RootConfig::from_yaml("").unwrap();
    let declarations = catalogue.add(Backend::new([]), &none).declarations();
    assert_eq!(greenroom_defaults::FeatureSchemas::of(&declarations, &config).schemas().len(), 1);
}
