//! A backend that has ended: what it has left in its data directory, and its config in this one, say why.

use std::{
    fs,
    path::{Path, PathBuf},
};

use greenroom_conformance::{
    backend::{Backend, Launch},
    scenarios::{Scenario, Stage},
    version::Version,
};
use greenroom_gateway_tests::{Setup, setup};
use tempfile::TempDir;

use crate::told::{TOKEN, Told, greenroom_says};

/// A place of own files, with the config that names it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn config(&self) -> String {
        format!("greenroom: {{dataDir: '{}'}}", self.0.path().join("state").display())
    }

    /// Runs it to its end.
    async fn ends(&self, launch: Launch, features: &'static str) -> u16 {
        let launch = launch
            .with_env("NODE_ENV", "production")
            .with_env("GREENROOM_OPS_TOKEN", TOKEN)
            .with_config(&self.config());
        let config = "backend: {listen: '127.0.0.1:17041'}";
        let scenario = Scenario { name: "ends", stage: Stage::One, features, config, env: &[], steps: &[] };
        let mut backend = Backend::spawn(&launch, &scenario).unwrap_or_else(|error| panic!("{error}"));
        let code = backend.exit().await.unwrap_or_else(|error| panic!("{error}\n{}", backend.output()));
        assert_ne!(code, Some(0), "{}", backend.output());
        fs::write(self.log(), backend.output()).expect("a file");
        backend.port()
    }

    /// What it has printed.
    fn log(&self) -> PathBuf {
        self.0.path().join("log")
    }

    /// What the command says of what it has printed alone.
    async fn says_by_log(&self, command: &[&str]) -> Told {
        let log = self.log().display().to_string();
        let words: Vec<_> = command.iter().copied().chain(["--log", &log]).collect();
        greenroom_says(&words, None).await
    }

    /// What the command says beside this config, without a URL.
    async fn says(&self, port: u16, command: &[&str]) -> Told {
        let file = self.0.path().join("app-config.yaml");
        fs::write(&file, format!("backend: {{listen: '127.0.0.1:{port}'}}\n{}\n", self.config()))
            .expect("a file");
        let file = file.display().to_string();
        let words: Vec<_> = command.iter().copied().chain(["--config", &file]).collect();
        greenroom_says(&words, None).await
    }
}

fn around(script: &Path) -> Launch {
    Setup::wrapping(Version::newest(), script)
}

#[tokio::test]
async fn why_7_how_a_wrapped_node_has_ended_is_told_where_nobody_listens_any_more() {
    let script = setup::script().with_file_name("ends.js");
    for (ends, options, cause, words) in [
        ("heap", "--max-old-space-size=16", "v8HeapLimit", "--max-old-space-size"),
        ("exit", "", "neverListened", "exit code 7"),
        ("abort", "", "abort", "what broke is a native module"),
        ("killed", "", "killed", "see who sends that signal"),
    ] {
        let place = Place::new();
        let port =
            place.ends(around(&script).with_env("ENDS", ends).with_env("NODE_OPTIONS", options), "").await;
        let told = place.says(port, &["why", "--json"]).await;
        told.names(3, cause, &["Nobody listens at 127.0.0.1", "since", words]);
        // The same by the log of both alone.
        place.says_by_log(&["why", "--json"]).await.names(
            1,
            cause,
            &["The Node backend has ended", "since", words],
        );
    }
}

#[tokio::test]
async fn why_7_a_start_of_node_that_fails_at_once_is_kept_with_the_one_cause_of_all_its_plugins() {
    let place = Place::new();
    let script = setup::script().with_file_name("ends.js");
    let port = place.ends(around(&script).with_env("ENDS", "start"), "").await;
    let kept = fs::read_to_string(place.0.path().join("state/boots.jsonl")).expect("starts are kept");
    assert_eq!(kept.matches("\"backend\":\"node\"").count(), 1, "{kept}");
    let cause = "7 plugins ('app', 'auth', 'catalog', 'events', 'proxy' and 2 more): connect ECONNREFUSED 127.0.0.1:1";
    let told = place.says(port, &["why", "--json"]).await;
    let words =
        ["Nobody listens at 127.0.0.1", "start has failed because of", cause, "since", "start the database"];
    told.names(3, "databaseDown", &words);
    place.says_by_log(&["why", "--json"]).await.names(1, "databaseDown", &words[1..]);
    assert_eq!(place.says_by_log(&["boot"]).await.code, Some(1));
    let shown = place.says(port, &["boot"]).await;
    assert_eq!(shown.code, Some(1), "{shown:?}");
    let all = "7 plugins, 'app', 'auth', 'catalog', 'events', 'proxy', 'search', 'techdocs': connect ECONNREFUSED 127.0.0.1:1";
    for part in ["The Node backend's start FAILED", all, "in: Failed to instantiate service"] {
        assert!(shown.text.contains(part), "{part}\n{}", shown.text);
    }
}

#[tokio::test]
async fn why_7_a_start_of_its_own_that_failed_is_told_and_shown_on_one_screen() {
    let place = Place::new();
    // A plugin that needs a front end, and a directory that has none.
    let config = format!(
        "greenroom: {{plugins: {{app: true}}, app: {{dist: '{}'}}}}",
        place.0.path().join("nowhere").display()
    );
    let port = place.ends(Launch::new([setup::greenroom()]).with_config(&config), "").await;
    let told = place.says(port, &["why", "--json"]).await;
    told.names(
        3,
        "startFailed",
        &["Nobody listens at 127.0.0.1", "start has failed because of plugin 'app'", "since"],
    );
    let shown = place.says(port, &["boot"]).await;
    assert_eq!(shown.code, Some(1), "{shown:?}");
    for part in
        ["Greenroom's start FAILED", "plugin 'app': There is no front end to serve", ", FAILED", "took"]
    {
        assert!(shown.text.contains(part), "{part}\n{}", shown.text);
    }
    assert!(shown.text.lines().count() <= 60, "{}", shown.text);
}
