//! Every recorded log against a running backend.

use std::collections::BTreeMap;

use greenroom_conformance::{
    backend::Launch,
    recorded::{SET_ASIDE, STORIES, Staged, retell, story},
    score,
    version::{Kind, Version},
};

const BINARY: &str = env!("CARGO_BIN_EXE_conformance-backend");

async fn compare(version: Version, function: &str) {
    let name = function.replace('_', "-");
    let story = story(&name).unwrap_or_else(|| panic!("no story of {name}"));
    let staged = Staged::new(story, story.ours(&Launch::new([BINARY]).with_config(&version.config())));
    let staged = staged.expect("a port to take");
    let recorded = version.recording(Kind::Log, story.name).expect("a recording");
    let retold = Box::pin(retell(&staged, &recorded)).await;
    let comparison = retold.unwrap_or_else(|error| panic!("{version}: {name}: {error}"));
    score::leave(version, "recorded logs", story.name, comparison.count).expect("a file of counts");
    assert!(comparison.is_ok(), "\n{version}: {name}: {comparison}");
}

macro_rules! logs {
    (now: $(fn $name:ident();)* new: $(fn $new:ident();)*) => {
        mod newest {
            use super::*;

            $(#[tokio::test] async fn $name() { compare(Version::newest(), stringify!($name)).await; })*
            $(#[tokio::test] async fn $new() { compare(Version::newest(), stringify!($new)).await; })*
        }

        mod before {
            use super::*;

            $(#[tokio::test] async fn $name() { compare(Version::before(), stringify!($name)).await; })*
        }

        const TOLD: &[&str] = &[$(stringify!($name),)* $(stringify!($new),)*];
    };
}

logs! {
    now:
    fn fail_circular_modules();
    fn fail_config_bad_health_header();
    fn fail_config_bad_listen();
    fn fail_config_bad_override_level();
    fn fail_config_missing_file();
    fn fail_duplicate_plugin();
    fn fail_duplicate_service_factory();
    fn fail_module_init();
    fn fail_module_init_allowed();
    fn fail_orphan_module();
    fn fail_plugin_init();
    fn fail_plugin_init_allowed();
    fn fail_plugin_init_allowed_default();
    fn fail_plugin_init_slow_other();
    fn fail_port_in_use();
    fn fail_register_throws();
    fn fail_root_path_conflict();
    fn http_dev_server();
    fn http_unset_server();
    fn listen_object();
    fn listen_object_strport();
    fn listen_string_port();
    fn pct_log_server();
    fn shutdown_delay_server();
    fn signal_second_sigint_sigint();
    fn signal_second_sigterm_sigint();
    fn signal_second_sigterm_sigterm();
    fn signal_sighup();
    fn signal_sigterm();
    fn startup_pause_timeout_server();
    fn startup_slow_server();
    // What the version before does not have.
    new:
    fn ws_bad_path_dotdot();
    fn ws_bad_path_duplicate();
    fn ws_bad_path_query();
    fn ws_bad_path_relative();
    fn ws_bad_path_space();
    fn ws_shutdown_hooks_server();
    fn ws_shutdown_server();
    fn ws_stop_while_starting_server();
}

#[test]
fn every_recorded_log_has_exactly_one_place_and_a_reason_if_it_is_set_aside() {
    let recorded = Version::newest().recordings(Kind::Log);
    let mut places: BTreeMap<String, usize> = recorded.into_keys().map(|name| (name, 0)).collect();
    let told = TOLD.iter().map(|name| name.replace('_', "-"));
    for name in told.chain(SET_ASIDE.iter().map(|(name, _)| (*name).to_owned())) {
        *places.get_mut(&name).unwrap_or_else(|| panic!("{name} is not recorded")) += 1;
    }
    assert!(places.values().all(|count| *count == 1), "{places:#?}");
    assert_eq!(STORIES.len(), TOLD.len());
    assert!(SET_ASIDE.iter().all(|(_, why)| why.len() > 10));
}
