//! Every recorded log against a running backend.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use greenroom_conformance::{
    backend::Launch,
    both::Story,
    recorded::{SET_ASIDE, STORIES, retell, story},
    score,
};

const BINARY: &str = env!("CARGO_BIN_EXE_conformance-backend");

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/log")
}

fn recording(story: &Story) -> String {
    std::fs::read_to_string(directory().join(format!("{}.log", story.name))).expect("a recording")
}

async fn compare(launch: Launch, story: &Story, recorded: &str) {
    let retold = Box::pin(retell(&launch, story, recorded)).await;
    let comparison = retold.unwrap_or_else(|error| panic!("{}: {error}", story.name));
    score::leave("recorded logs", story.name, comparison.count).expect("a file of counts");
    assert!(comparison.is_ok(), "\n{}: {comparison}", story.name);
}

fn named(function: &str) -> Story {
    *story(&function.replace('_', "-")).unwrap_or_else(|| panic!("no story of {function}"))
}

macro_rules! logs {
    ($(fn $name:ident();)*) => {
        $(#[tokio::test] async fn $name() {
            let story = named(stringify!($name));
            compare(Launch::new([BINARY]), &story, &recording(&story)).await;
        })*

        /// Those above, and those that need more than a story.
        const TOLD: &[&str] = &[$(stringify!($name),)* "fail_config_missing_file", "fail_port_in_use"];
    };
}

logs! {
    fn fail_circular_modules();
    fn fail_config_bad_health_header();
    fn fail_config_bad_listen();
    fn fail_config_bad_override_level();
    fn fail_duplicate_plugin();
    fn fail_duplicate_service_factory();
    fn fail_module_init();
    fn fail_module_init_allowed();
    fn fail_orphan_module();
    fn fail_plugin_init();
    fn fail_plugin_init_allowed();
    fn fail_plugin_init_allowed_default();
    fn fail_plugin_init_slow_other();
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
}

#[tokio::test]
async fn fail_config_missing_file() {
    let launch = Launch::new([BINARY, "--config", "/app/conf/doesnotexist.yaml"]);
    let story = named("fail_config_missing_file");
    compare(launch, &story, &recording(&story)).await;
}

#[tokio::test]
async fn fail_port_in_use() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = held.local_addr().expect("its address").port();
    let config: &'static str = format!("backend: {{listen: '127.0.0.1:{port}'}}").leak();
    let story = Story { config, ..named("fail_port_in_use") };
    let recorded = recording(&story).replace("17055", &port.to_string());
    compare(Launch::new([BINARY]), &story, &recorded).await;
}

#[test]
fn every_recorded_log_has_exactly_one_place_and_a_reason_if_it_is_set_aside() {
    let files = std::fs::read_dir(directory()).expect("the directory of logs");
    let mut places: BTreeMap<String, usize> = files
        .map(|file| file.expect("a file").path())
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), 0))
        .collect();
    let told = TOLD.iter().map(|name| name.replace('_', "-"));
    for name in told.chain(SET_ASIDE.iter().map(|(name, _)| (*name).to_owned())) {
        *places.get_mut(&name).unwrap_or_else(|| panic!("{name} is not recorded")) += 1;
    }
    assert!(places.values().all(|count| *count == 1), "{places:#?}");
    assert_eq!(STORIES.len(), TOLD.len());
    assert!(SET_ASIDE.iter().all(|(_, why)| why.len() > 10));
}
