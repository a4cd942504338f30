//! Feature loaders (P49–P58).

use greenroom_core::{
    Backend, Feature, InstanceMetadata, PluginMetadata, ServiceFactory, feature_loader, module, plugin,
    service,
};
use greenroom_errors::{Error, Result};

use crate::kit::{Clock, Db, Journal, Wall};

fn clock(name: &'static str) -> ServiceFactory {
    service(async move || Ok(Clock(name.into())))
}

async fn fails(backend: Backend) -> String {
    backend.start().await.expect_err("the start should fail").to_string()
}

#[tokio::test]
async fn plugin_49_50_a_loader_decides_by_root_services_what_else_is_installed() {
    let journal = Journal::default();
    let note = journal.clone();
    let loader = feature_loader(async move |clock: Clock| {
        assert_eq!(clock.0, "config");
        let loaded = plugin("loaded", move |env| {
            env.register_init(async move |db: Db, me: PluginMetadata| {
                note.write(format!("{} has {}", me.id(), db.0));
                Ok(())
            })
        });
        let extends = module("loaded", "m", |env| env.register_init(async || Ok(())));
        Ok(vec![loaded.into(), extends.into(), service(async || Ok(Db("a db".into()))).into()])
    });
    let running = Backend::new([clock("config")]).add(loader).start().await.unwrap();
    assert_eq!(journal.lines(), ["loaded has a db"]);
    assert_eq!(running.result().plugins[0].modules.len(), 1);
}

#[tokio::test]
async fn plugin_52_54_what_a_loader_brings_beats_a_default_and_loses_to_what_is_added() {
    let brings = |name: &'static str| feature_loader(async move || Ok(vec![clock(name).into()]));
    let running = Backend::new([clock("default")]).add(brings("loaded")).start().await.unwrap();
    assert_eq!(running.service::<Clock>().await.unwrap().0, "loaded");
    let backend =
        Backend::new([clock("default")]).add(clock("added")).add(brings("loaded")).add(brings("again"));
    assert_eq!(backend.start().await.unwrap().service::<Clock>().await.unwrap().0, "added");
}

#[tokio::test]
async fn plugin_53_two_loaders_that_bring_one_service_are_both_named() {
    let brings = || feature_loader(async || Ok(vec![clock("loaded").into()]));
    let text = fails(Backend::new([]).add(brings()).add(brings())).await;
    let expected =
        "Duplicate service implementations provided for root.clock by both feature loader created at '";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("' and feature loader created at '") && text.contains("loaders.rs:"), "{text}");
}

#[tokio::test]
async fn plugin_55_a_loader_cannot_replace_what_it_has_used() {
    let loader = feature_loader(async |_: Clock| Ok(vec![clock("late").into()]));
    let text = fails(Backend::new([clock("default")]).add(loader)).await;
    assert_eq!(
        text,
        "Unable to set service factory with id root.clock, service has already been instantiated"
    );
}

#[tokio::test]
async fn plugin_56_a_failing_loader_is_named() {
    let loader = feature_loader(async || Err::<Vec<Feature>, _>(Error::input("no such feature").into()));
    let text = fails(Backend::new([]).add(loader)).await;
    assert!(text.starts_with("Feature loader created at '"), "{text}");
    assert!(text.ends_with("' failed; caused by InputError: no such feature"), "{text}");
}

#[tokio::test]
async fn plugin_57_nested_loaders_run_depth_first_and_added_plugins_come_before_loaded_ones() {
    let journal = Journal::default();
    let idle = |id: &'static str| plugin(id, |env| env.register_init(async || Ok(())));
    let (outer_note, inner_note, last_note) = (journal.clone(), journal.clone(), journal.clone());
    let outer = feature_loader(async move || {
        outer_note.write("outer");
        let inner = feature_loader(async move || {
            inner_note.write("inner");
            Ok(vec![plugin("innermost", |env| env.register_init(async || Ok(()))).into()])
        });
        Ok(vec![inner.into(), plugin("middle", |env| env.register_init(async || Ok(()))).into()])
    });
    let last = feature_loader(async move || {
        last_note.write("last");
        Ok(vec![])
    });
    let seen = journal.clone();
    let lists = plugin("added", move |env| {
        env.register_init(async move |here: InstanceMetadata| {
            let ids: Vec<_> = here.installed_plugins().iter().map(|p| p.plugin_id.to_string()).collect();
            seen.write(ids.join(" "));
            Ok(())
        })
    });
    Backend::new([]).add(outer).add(last).add(lists).add(idle("second")).start().await.unwrap();
    assert_eq!(journal.lines(), ["outer", "inner", "last", "added second middle innermost"]);
}

#[tokio::test]
async fn plugin_58_a_loader_cannot_ask_for_what_is_known_only_once_all_is_loaded() {
    let loader = feature_loader(async |_: InstanceMetadata, _: Wall| Ok(vec![]));
    let text = fails(Backend::new([]).add(loader)).await;
    let expected = "No service available for the following ref(s): serviceRef{root.wall}, serviceRef{core.rootInstanceMetadata}, depended on by feature loader created at '";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn plugin_42_a_circle_by_loader_is_refused() {
    let loader = feature_loader(async || {
        let one: ServiceFactory = service(async |_: Wall| Ok(Clock(String::new())));
        let two: ServiceFactory = service(async |_: Clock| Ok(Wall(String::new())));
        Ok(vec![one.into(), two.into()])
    });
    let text = fails(Backend::new([]).add(loader)).await;
    assert_eq!(text, "Circular dependencies detected:\n  'root.clock' -> 'root.wall' -> 'root.clock'");
}

#[tokio::test]
async fn a_service_that_a_loader_used_is_the_one_that_plugins_get() {
    let journal = Journal::default();
    let note = journal.clone();
    let made = service(async move || -> Result<Clock> {
        note.write("made");
        Ok(Clock("once".into()))
    });
    let loader = feature_loader(async |_: Clock| Ok(vec![]));
    let asks = plugin("p", |env| env.register_init(async |_: Clock| Ok(())));
    Backend::new([made]).add(loader).add(asks).start().await.unwrap();
    assert_eq!(journal.lines(), ["made"]);
}
