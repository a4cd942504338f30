//! What the backend checks itself.

use greenroom_config::RootConfig;
use greenroom_core::{
    boot::{Boot, BootPolicy, OnFailure},
    plugin, service,
};
use greenroom_data_dir::DataDirectory;
use greenroom_errors::Error;
use greenroom_health::{Check, CheckState, HealthRegistry, Outcome, OwnChecks};

use crate::{Up, backend};

fn own(registry: &HealthRegistry, name: &str) -> CheckState {
    registry.all_states().into_iter().find(|state| state.name == name).unwrap()
}

async fn up(yaml: &str) -> Up {
    let (backend, lines) = backend(RootConfig::from_yaml(yaml).unwrap());
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let fails = plugin("mail", |env| {
        env.register_init(async || Err::<(), _>(Error::new("no key").into()));
    });
    let backend = backend
        .boot(async move || Ok(Boot { policy: policy.clone(), ..Boot::default() }))
        .add(fails)
        .add(service(async || Ok(DataDirectory::at("/nowhere"))))
        .add(OwnChecks::factory());
    Up::started(backend, lines, |checks| {
        checks.check("pool", async || Check::pass());
    })
    .await
}

#[tokio::test]
async fn plugins_that_have_failed_and_may_are_a_warning_and_no_line() {
    let up = up("app: {}").await;
    // It is run again a second later where it looked too early.
    while own(&up.registry, "greenroom.plugins").outcome() != Some(Outcome::Warn) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let said = own(&up.registry, "greenroom.plugins").last.unwrap().check;
    assert_eq!(
        said,
        Check::warn("not every plugin has started: 'mail': no key")
            .next_step("mend that, and start the backend again")
    );
    assert_eq!(up.told(), Vec::<String>::new());
    assert_eq!(up.ready().await.status, 200);
}

#[tokio::test]
async fn they_are_apart_from_those_of_plugins_unless_readiness_depends_on_them() {
    let names = |up: &Up| up.registry.states().into_iter().map(|state| state.name).collect::<Vec<_>>();
    let alone = up("app: {}").await;
    assert_eq!(names(&alone), ["db.pool"]);
    let asked = up("greenroom: {health: {readiness: [greenroom.data-dir]}}").await;
    assert_eq!(names(&asked), ["db.pool", "greenroom.data-dir"]);
    assert_eq!(asked.ready().await.status, 200);
}
