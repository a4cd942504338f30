//! Results, policy and progress of a start.

use std::{collections::HashMap, time::Duration};

use greenroom_core::{
    Backend, InstanceMetadata, Lifecycle, StartError,
    boot::{BootPolicy, OnFailure, Outcome, PluginPolicy},
    module, plugin, service,
};
use greenroom_errors::Error;

use crate::kit::{Db, Journal, observed};

fn thrower(id: &'static str) -> greenroom_core::Plugin {
    plugin(id, |env| env.register_init(async || Err(Error::new("boom").into())))
}

fn slow(id: &'static str, millis: u64) -> greenroom_core::Plugin {
    plugin(id, move |env| {
        env.register_init(async move || {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Ok(())
        })
    })
}

#[tokio::test(start_paused = true)]
async fn plugin_80_81_92_all_plugins_settle_before_a_failed_start_rejects() {
    let journal = Journal::default();
    let backend = Backend::new([]).add(thrower("p1")).add(slow("p2", 2500)).add(slow("p3", 2500));
    let failed = observed(backend, &journal, BootPolicy::default()).start().await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "Backend startup failed due to the following errors:\n  Plugin 'p1' startup failed; caused by Error: boom"
    );
    assert_eq!(failed.to_error().name(), "BackendStartupError");
    let StartError::Plugins(result) = failed else { panic!("{failed}") };
    assert_eq!(result.outcome, Outcome::Failure);
    let ids: Vec<_> = result.plugins.iter().map(|p| (&*p.plugin_id, p.failure.is_some())).collect();
    assert_eq!(ids, [("p1", true), ("p2", false), ("p3", false)]);
    journal.position("failed p1 allowed=false waiting=2: boom");
}

/// What is printed of it stands below the log.
#[tokio::test]
async fn why_a_start_failed_is_told_last_of_all() {
    let journal = Journal::default();
    let (hook, told) = (journal.clone(), journal.clone());
    let open = plugin("open", move |env| {
        env.register_init(async move |lifecycle: Lifecycle| {
            lifecycle.add_shutdown_hook("close", async move || {
                hook.write("closed");
                Ok(())
            })
        });
    });
    let backend = Backend::new([]).add(open).add(thrower("p"));
    backend
        .run_with(async |_| {}, move |failed| told.write(format!("told of {}", failed.faults().len())))
        .await;
    assert_eq!(journal.lines(), ["closed", "told of 1"]);
}

fn permitting(plugin: &str, policy: PluginPolicy) -> HashMap<String, PluginPolicy> {
    HashMap::from([(plugin.to_owned(), policy)])
}

#[tokio::test]
async fn plugin_82_83_84_85_policy() {
    let lenient = || BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let run = async |policy, backend| observed(backend, &Journal::default(), policy).start().await;

    let running = run(lenient(), Backend::new([]).add(thrower("p"))).await.unwrap();
    assert_eq!(running.result().outcome, Outcome::Success);
    assert!(running.result().plugins[0].failure.as_ref().unwrap().allowed);

    let strict = PluginPolicy { on_failure: Some(OnFailure::Abort), ..PluginPolicy::default() };
    let policy = BootPolicy { plugins: permitting("p", strict), ..lenient() };
    assert!(run(policy, Backend::new([]).add(thrower("p"))).await.is_err());

    let bad = || module("p", "m", |env| env.register_init(async || Err(Error::new("module boom").into())));
    let both = || Backend::new([]).add(slow("p", 0)).add(bad());
    assert!(run(lenient(), both()).await.is_err());
    let modules = HashMap::from([("m".to_owned(), OnFailure::Continue)]);
    let policy = BootPolicy {
        plugins: permitting("p", PluginPolicy { modules, on_failure: None }),
        ..BootPolicy::default()
    };
    let running = run(policy, both()).await.unwrap();
    let plugin = &running.result().plugins[0];
    assert!(plugin.failure.is_none());
    assert_eq!(plugin.modules[0].failure.as_ref().unwrap().error.message(), "module boom");
}

#[tokio::test]
async fn plugin_87_a_failing_eager_service_skips_the_modules() {
    let db = service(async || Err::<Db, _>(Error::new("no disk").into())).always();
    let refuse = async || -> greenroom_errors::Result { unreachable!("skipped") };
    let m = module("p", "m", move |env| env.register_init(refuse));
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let backend = Backend::new([db]).add(plugin("p", move |env| env.register_init(refuse))).add(m);
    let running = observed(backend, &Journal::default(), policy).start().await.unwrap();
    let plugin = &running.result().plugins[0];
    assert!(plugin.failure.is_some() && plugin.modules.is_empty());
}

#[tokio::test]
async fn plugin_88_89_no_plugins_and_sorted_plugins() {
    let journal = Journal::default();
    let running = observed(Backend::new([]), &journal, BootPolicy::default()).start().await.unwrap();
    assert!(running.result().plugins.is_empty());
    let journal = Journal::default();
    let backend = Backend::new([]).add(slow("b", 0)).add(slow("a", 0));
    observed(backend, &journal, BootPolicy::default()).start().await.unwrap();
    assert_eq!(journal.lines()[0], r#"started ["a", "b"]"#);
}

#[tokio::test(start_paused = true)]
async fn plugin_90_91_progress_at_fibonacci_times_and_each_plugin_newly_once() {
    let journal = Journal::default();
    let backend = Backend::new([]).add(slow("slow", 13_000)).add(slow("mid", 2500));
    observed(backend, &journal, BootPolicy::default()).start().await.unwrap();
    assert_eq!(
        journal.lines(),
        [
            r#"started ["mid", "slow"]"#,
            r#"progress [] ["mid", "slow"]"#,
            r#"progress [] ["mid", "slow"]"#,
            r#"progress ["mid"] ["slow"]"#,
            r#"progress [] ["slow"]"#,
            r#"progress [] ["slow"]"#,
            r#"completed ["slow"]"#,
        ]
    );
}

#[tokio::test]
async fn a_panicking_init_fails_its_plugin() {
    let p = plugin("p", |env| env.register_init(async || -> greenroom_errors::Result { panic!("lost it") }));
    let failed = Backend::new([]).add(p).start().await.unwrap_err().to_string();
    assert!(failed.ends_with("Plugin 'p' startup failed; caused by Error: panicked: lost it"), "{failed}");
}

#[tokio::test]
async fn plugin_93_failed_registrations_come_first_in_the_results() {
    let never = plugin("never", |_| ());
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let backend = Backend::new([]).add(slow("works", 0)).add(never);
    let running = observed(backend, &Journal::default(), policy).start().await.unwrap();
    let ids: Vec<_> = running.result().plugins.iter().map(|plugin| &*plugin.plugin_id).collect();
    assert_eq!(ids, ["never", "works"]);
}

#[tokio::test]
async fn a_plugin_that_failed_is_not_told_as_newly_initialized() {
    let journal = Journal::default();
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let backend = Backend::new([]).add(thrower("fails")).add(slow("works", 0));
    observed(backend, &journal, policy).start().await.unwrap().stop().await;
    journal.position(r#"completed ["works"]"#);
}

#[tokio::test]
async fn a_plugin_that_failed_before_its_init_was_called_has_no_time_of_begin() {
    let p = plugin("p", |env| env.register_init(async |_: Db| Ok(())));
    let database = service(async || -> Result<Db, greenroom_errors::BoxError> { Err("no route".into()) });
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let backend = Backend::new([]).add(database).add(p).add(thrower("called"));
    let running = observed(backend, &Journal::default(), policy).start().await.unwrap();
    let begun = |id| running.result().plugins.iter().find(|p| &*p.plugin_id == id).unwrap().begin_at;
    assert!(begun("p").is_none() && begun("called").is_some());
}

#[tokio::test]
async fn an_instance_has_the_id_that_it_was_given_or_a_random_one() {
    let id = async |backend: Backend| {
        let running = backend.start().await.unwrap();
        running.service::<InstanceMetadata>().await.unwrap().id().to_owned()
    };
    assert_eq!(id(Backend::new([]).with_instance_id("east-1")).await, "east-1");
    let (one, other) = (id(Backend::new([])).await, id(Backend::new([]).with_instance_id("")).await);
    assert_ne!(one, other);
    let groups: Vec<_> = one.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(&one[14..15], "4");
}
