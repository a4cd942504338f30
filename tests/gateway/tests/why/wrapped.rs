//! Greenroom around a Node backend and in front of one, asked with the ops token.

use greenroom_conformance::{
    backend::{Backend, Launch},
    scenarios::{Scenario, Stage},
    version::Version,
};
use greenroom_gateway_tests::{Connection, Pair, Setup, in_time, process, says, setup};
use rustix::process::{Pid, Signal, kill_process};

use crate::told::{TOKEN, Told, at, greenroom_says, why};

fn setup(features: &str) -> Setup {
    Setup::new(Version::newest()).features(features).env("GREENROOM_OPS_TOKEN", TOKEN)
}

/// Asks until it is so: what is behind is looked at every second.
async fn until(greenroom: &Backend, cause: &str) -> Told {
    let url = at(greenroom.port());
    in_time(cause, async {
        loop {
            let told = why(&[&url], Some(TOKEN)).await;
            if told.json()["cause"] == cause {
                return told;
            }
        }
    })
    .await
}

/// Greenroom around a script that knows nothing of Backstage.
async fn around(script: &str) -> (Backend, u32) {
    let script = setup::script().with_file_name(script);
    let launch: Launch = Setup::wrapping(Version::newest(), &script)
        .with_env("NODE_ENV", "production")
        .with_env("GREENROOM_OPS_TOKEN", TOKEN);
    let scenario = Scenario {
        name: "run --gateway",
        stage: Stage::One,
        features: "",
        config: "backend: {listen: '127.0.0.1:17041'}",
        env: &[],
        steps: &[],
    };
    let greenroom = Backend::start(&launch, &scenario).await.unwrap_or_else(|error| panic!("{error}"));
    greenroom
        .await_status("/api/gw/ok", 200)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", greenroom.output()));
    let children = process::children(greenroom.id().expect("it runs"));
    let [node] = children[..] else { panic!("{children:?}") };
    (greenroom, node)
}

#[tokio::test]
async fn why_6_a_plugin_of_a_wrapped_node_that_fails_or_holds_its_start_is_named_with_its_error() {
    let may = "backend: {startup: {plugins: {unstartable: {onPluginBootFailure: continue}}}}";
    let greenroom = setup("healthcheck,gw,unstartable").config(may).wrapped().await;
    let words = ["has started without plugin 'unstartable': no key of ours", "since"];
    until(&greenroom, "pluginFailed").await.names(1, "pluginFailed", &words);

    let greenroom = setup("healthcheck,slow").env("SLOW_MS", "60000").wrapped_now();
    says(&greenroom, "Plugin initialization in progress").await;
    until(&greenroom, "startWaits").await.names(
        1,
        "startWaits",
        &["start waits for the plugin 'slow'", "since"],
    );

    let keeps = "greenroom: {startup: {onFailure: serve}}";
    let greenroom = setup("healthcheck,gw,unstartable").config(keeps).wrapped_now();
    says(&greenroom, "The backend's start has failed").await;
    let words = ["start has failed because of plugin 'unstartable': no key of ours", "onPluginBootFailure"];
    until(&greenroom, "startFailed").await.names(1, "startFailed", &words);
}

#[tokio::test]
async fn why_6_one_cause_of_several_plugins_of_a_wrapped_node_is_told_whole_in_the_words_of_its_check() {
    let config = "backend: {auth: {pluginKeyStore: {type: database}}, \
                  database: {client: pg, connection: 'postgresql://admin:secret@127.0.0.1:1/postgres'}}\n\
                  greenroom: {startup: {onFailure: serve}}";
    let greenroom = setup("healthcheck,gw,slow").config(config).wrapped_now();
    says(&greenroom, "The backend's start has failed").await;
    let cause = "connect ECONNREFUSED 127.0.0.1:1";
    let told = in_time("all plugins that fail", async {
        let url = at(greenroom.port());
        loop {
            let told = why(&[&url], Some(TOKEN)).await;
            let is_all = told.json()["sentence"]
                .as_str()
                .is_some_and(|said| said.contains("'gw', 'healthcheck', 'slow'"));
            if is_all {
                return told;
            }
        }
    })
    .await;
    let words = [
        "start has failed because of 3 plugins ('gw', 'healthcheck', 'slow'): connect ECONNREFUSED 127.0.0.1:1,",
        "since",
    ];
    told.names(1, "databaseDown", &words);
    assert!(!told.text.contains("secret"), "{told:?}");
    let shown = greenroom_says(&["boot", &at(greenroom.port())], Some(TOKEN)).await;
    assert_eq!(shown.text.matches(&format!(": {cause}")).count(), 1, "{}", shown.text);
    assert!(
        shown.text.contains(&format!("3 plugins, 'gw', 'healthcheck', 'slow': {cause}")),
        "{}",
        shown.text
    );
}

#[tokio::test]
async fn why_6_an_event_loop_that_stands_still_is_told_with_why_and_who_was_asked() {
    let (greenroom, node) = around("outside.js").await;
    let port = greenroom.port();
    let busy = async { Connection::to(port).await.get("/api/catalog/busy/12000").await };
    let (_, told) = tokio::join!(busy, until(&greenroom, "eventLoop"));
    told.names(1, "eventLoop", &["stands still", "since", "'catalog'"]);

    let node = Pid::from_raw(node.cast_signed()).expect("a process");
    until_well(&greenroom).await;
    kill_process(node, Signal::STOP).expect("it runs");
    let told = until(&greenroom, "eventLoop").await;
    kill_process(node, Signal::CONT).expect("it runs");
    told.names(1, "eventLoop", &["its process is stopped", "SIGCONT"]);
}

/// Asks until nothing stands still any more.
async fn until_well(greenroom: &Backend) {
    let url = at(greenroom.port());
    in_time("that it goes on", async {
        while why(&[&url], Some(TOKEN)).await.json()["cause"] == "eventLoop" {}
    })
    .await;
}

#[tokio::test]
async fn why_6_an_upstream_that_is_away_and_a_token_that_is_another_ones_are_told() {
    let Pair { node, gateway: greenroom } = setup("healthcheck,gw").sidecar().await;
    let upstream = node.port();
    // It is killed.
    drop(node);
    let told = until(&greenroom, "upstreamDown").await;
    told.names(1, "upstreamDown", &[&format!("127.0.0.1:{upstream}"), "takes no connections"]);
    let url = at(greenroom.port());
    let other = why(&[&url], Some("another-token-of-somebody")).await;
    let causes: Vec<_> =
        other.json()["found"].as_array().into_iter().flatten().map(|one| one["cause"].clone()).collect();
    assert!(causes.contains(&"opsTokenRefused".into()), "{other:?}");
    let stranger = why(&[&url], None).await;
    let sentence = stranger.json()["sentence"].as_str().unwrap_or_default().to_owned();
    assert!(sentence.contains("give its ops token by GREENROOM_OPS_TOKEN"), "{sentence}");
}
