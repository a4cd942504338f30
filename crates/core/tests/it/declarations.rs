//! What features declare of themselves, and faults that are found in it.

use std::sync::Arc;

use greenroom_core::{
    Backend, Declarations, Declare, Fault, Owner, ServiceFactory,
    boot::{Boot, BootPolicy, OnFailure},
    feature_loader, module, plugin, service,
};
use greenroom_errors::Error;

use crate::kit::{Clock, Journal};

struct Reads(&'static str);
struct Other;

fn said(declarations: &Declarations) -> Vec<String> {
    declarations.of::<Reads>().iter().map(|(by, what)| format!("{by} reads {}", what.0)).collect()
}

/// A root service that writes down what it sees.
fn clock(journal: &Journal) -> ServiceFactory {
    let journal = journal.clone();
    service(async move |declarations: Declarations| {
        said(&declarations).into_iter().for_each(|line| journal.write(line));
        Ok(Clock("clock".into()))
    })
}

#[tokio::test]
async fn a_service_sees_what_plugins_modules_factories_and_loaders_declare_before_any_of_them_runs() {
    let journal = Journal::default();
    let note = journal.clone();
    let tasks = plugin("tasks", move |env| {
        note.write("tasks registers");
        env.register_init(async || Ok(()));
    });
    let shell = module("tasks", "shell", |env| env.register_init(async || Ok(())));
    let loader = feature_loader(async || Ok(vec![])).declare(Reads("loading"));
    Backend::new([clock(&journal).declare(Reads("time"))])
        .add(tasks.declare(Reads("tasks")).declare(Other).declare(Reads("more")))
        .add(shell.declare(Reads("shell")))
        .add(loader)
        .start()
        .await
        .unwrap();
    let lines = journal.lines();
    assert_eq!(
        lines[1..5],
        [
            "Service 'root.clock' reads time",
            "Plugin 'tasks' reads tasks",
            "Plugin 'tasks' reads more",
            "Module 'shell' for plugin 'tasks' reads shell"
        ]
    );
    assert!(lines[5].starts_with("Feature loader created at '") && lines[5].ends_with(" reads loading"));
}

#[tokio::test]
async fn what_a_default_factory_declares_is_nobodys_once_another_takes_its_place() {
    let journal = Journal::default();
    let defaults = || Backend::new([clock(&journal).declare(Reads("time"))]);
    assert_eq!(said(&defaults().declarations()), ["Service 'root.clock' reads time"]);
    assert_eq!(said(&defaults().add(clock(&journal)).declarations()), Vec::<String>::new());

    defaults().add(clock(&journal).declare(Reads("stars"))).start().await.unwrap();
    assert_eq!(journal.lines(), ["Service 'root.clock' reads stars"]);
}

#[tokio::test]
async fn what_a_loader_brings_is_declared_once_it_has_run() {
    let journal = Journal::default();
    let brings = feature_loader(async |declarations: Declarations| {
        assert_eq!(said(&declarations), ["Service 'root.clock' reads time"]);
        Ok(vec![plugin("late", |env| env.register_init(async || Ok(()))).declare(Reads("late")).into()])
    });
    let backend = Backend::new([]).add(clock(&journal).declare(Reads("time"))).add(brings);
    assert_eq!(said(&backend.declarations()), ["Service 'root.clock' reads time"]);
    backend.start().await.unwrap();
    assert_eq!(journal.lines(), ["Service 'root.clock' reads time", "Plugin 'late' reads late"]);
}

fn fault(plugin: &str, module: Option<&str>) -> Fault {
    let owner = Owner { plugin: plugin.into(), module: module.map(Arc::from) };
    Fault { owner: Some(owner), error: Error::new("reads nonsense") }
}

fn blaming(journal: &Journal, policy: BootPolicy, faults: Vec<Fault>) -> Backend {
    let (a, b) = (journal.clone(), journal.clone());
    let note = |journal: Journal, id: &'static str| {
        plugin(id, move |env| {
            env.register_init(async move || {
                journal.write(format!("{id} runs"));
                Ok(())
            });
        })
    };
    Backend::new([])
        .boot(async move || Ok(Boot { policy, faults, ..Boot::default() }))
        .add(note(a, "good"))
        .add(note(b, "bad"))
        .add(module("bad", "m", |env| env.register_init(async || Ok(()))))
}

#[tokio::test]
async fn a_fault_that_the_boot_finds_fails_its_plugin_or_module_by_policy_and_no_other() {
    let journal = Journal::default();
    let permitted = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    blaming(&journal, permitted, vec![fault("bad", None), fault("gone", None)]).start().await.unwrap();
    assert_eq!(journal.lines(), ["good runs"]);

    let failed =
        blaming(&journal, BootPolicy::default(), vec![fault("bad", Some("m"))]).start().await.unwrap_err();
    let text = "Backend startup failed due to the following errors:\n  Module 'm' for plugin 'bad' startup failed; caused by \
                Error: reads nonsense";
    assert_eq!(failed.to_string(), text);
}

#[tokio::test]
async fn a_fault_without_an_owner_rejects_the_start() {
    let journal = Journal::default();
    let fault = Fault { owner: None, error: Error::new("reads nonsense") };
    let failed = blaming(&journal, BootPolicy::default(), vec![fault]).start().await.unwrap_err();
    assert_eq!((failed.to_string().as_str(), journal.lines().len()), ("reads nonsense", 0));
}

#[tokio::test]
async fn each_fault_of_one_owner_is_told_by_itself() {
    let journal = Journal::default();
    let two = || Error::new("no name").and(Error::new("no address"));
    let faults = vec![fault("bad", None), Fault { error: two(), ..fault("bad", None) }];
    let failed = blaming(&journal, BootPolicy::default(), faults).start().await.unwrap_err();
    let told: Vec<_> = failed.faults().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["Plugin 'bad': reads nonsense", "Plugin 'bad': no name", "Plugin 'bad': no address"]);
    let line = |text: &str| format!("\n  Plugin 'bad' startup failed; caused by Error: {text}");
    let lines = ["reads nonsense", "no name", "no address"].map(line).concat();
    assert_eq!(failed.to_string(), format!("Backend startup failed due to the following errors:{lines}"));

    let unowned = vec![Fault { owner: None, error: two() }];
    let failed = blaming(&journal, BootPolicy::default(), unowned).start().await.unwrap_err();
    assert_eq!(failed.faults().len(), 2);
    assert!(failed.to_error().message().ends_with("\n  no name\n  no address"), "{failed}");
}
