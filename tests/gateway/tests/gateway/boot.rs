//! The start of a wrapped Node backend, as its own lines tell it: on the page, in JSON, and in the log.

use greenroom_conformance::{backend::Backend, scenarios::READINESS, version::Version};
use greenroom_gateway_tests::{Connection, Setup, in_time, printed, says};
use jiff::Timestamp;
use serde_json::{Value, json};

const TOKEN: &str = "a-token-for-who-looks-at-it";

fn setup(version: Version, features: &str) -> Setup {
    Setup::new(version).features(features).env("GREENROOM_OPS_TOKEN", TOKEN)
}

/// What operators get there.
async fn asked(greenroom: &Backend, path: &str) -> String {
    let port = greenroom.port();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    let answer = Connection::to(port).await.ask(&request).await;
    assert_eq!(answer.head.status, 200, "{path}");
    String::from_utf8(answer.body).expect("text")
}

/// What the page says of Node, without its markup.
async fn page(greenroom: &Backend) -> String {
    let page = asked(greenroom, "/.greenroom/").await;
    let words = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    words.collect::<String>().replace('\u{a0}', " ")
}

/// Waits until the JSON of the start is so.
async fn shows(greenroom: &Backend, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    in_time(what, async {
        loop {
            let told: Value =
                serde_json::from_str(&asked(greenroom, "/.greenroom/v1/gateway").await).expect("JSON");
            if wanted(&told["boot"]) {
                return told["boot"].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Waits until what is there says so.
async fn until(greenroom: &Backend, path: &str, told: &str) {
    in_time(told, async {
        while !asked(greenroom, path).await.contains(told) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
}

fn step<'s>(boot: &'s Value, name: &str) -> &'s Value {
    let steps = boot["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("{name}: {boot}"))
}

fn time(line: &Value) -> Timestamp {
    line["timestamp"].as_str().expect("a time").parse().expect("RFC 3339")
}

#[tokio::test]
async fn gateway_100_a_plugin_that_fails_and_may_is_named_with_its_error_and_since_when() {
    let may = "backend: {startup: {plugins: {unstartable: {onPluginBootFailure: continue}}}}";
    for version in Version::held() {
        let greenroom = setup(version, "healthcheck,gw,unstartable").config(may).wrapped().await;
        let boot = shows(&greenroom, "the end of the start", |boot| boot["outcome"] == "success").await;
        let failed = step(&boot, "unstartable");
        assert_eq!(
            (&failed["state"], &failed["failed"], &failed["error"]),
            (&json!("failedPermitted"), &json!(true), &json!("no key of ours")),
            "{version}"
        );
        assert!(failed["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{version} {failed}");
        assert_eq!(
            (&step(&boot, "gw")["state"], &step(&boot, "start")["failed"]),
            (&json!("ready"), &json!(false))
        );
        let [config, listening, plugins, took] =
            ["configMs", "listeningMs", "pluginsMs", "tookMs"].map(|name| boot[name].as_f64().expect(name));
        assert!(
            0.0 < config && config <= listening && listening <= plugins && plugins <= took,
            "{version} {boot}"
        );
        let page = page(&greenroom).await;
        for part in [
            "It started in ",
            "no key of ours. Plugin unstartable has failed at the start, at ",
            "; the config lets Node start without it.",
        ] {
            assert!(page.contains(part), "{version} {part}\n{page}");
        }
        let told = "has started without plugin 'unstartable': no key of ours";
        until(&greenroom, "/.greenroom/v1/health", told).await;
        assert!(!greenroom.output().contains("start has failed"), "{version}");
    }
}

#[tokio::test]
async fn gateway_101_while_it_starts_the_page_says_what_it_waits_for_and_then_how_long_that_took() {
    for version in Version::held() {
        let greenroom = setup(version, "healthcheck,slow").env("SLOW_MS", "3500").wrapped_now();
        says(&greenroom, "Plugin initialization in progress").await;
        let boot =
            shows(&greenroom, "what it waits for", |boot| step(boot, "slow")["state"] == "initializing")
                .await;
        assert_eq!((&boot["outcome"], &step(&boot, "healthcheck")["state"]), (&Value::Null, &json!("ready")));
        let said = page(&greenroom).await;
        assert!(said.contains("it waits for 1 of 2 plugins, 'slow'."), "{version} {said}");
        greenroom.await_status(READINESS, 200).await.expect("it starts");
        let boot = shows(&greenroom, "the end of the start", |boot| boot["outcome"] == "success").await;
        let slow = step(&boot, "slow");
        let [began, least, most] =
            ["beganMs", "endedAfterMs", "endedMs"].map(|name| slow[name].as_f64().expect(name));
        assert!(least - began < 3500.0 && most - began > 3400.0, "{version} {slow}");
        let said = page(&greenroom).await;
        assert!(said.contains("The last plugins to be ready: slow in "), "{version} {said}");
    }
}

#[tokio::test]
async fn gateway_102_a_plugin_that_keeps_the_backend_from_starting_is_told_at_once_and_once() {
    for version in Version::held() {
        let keeps = "greenroom: {startup: {onFailure: serve}}";
        let setup = setup(version, "healthcheck,slow,unstartable").env("SLOW_MS", "60000").config(keeps);
        let greenroom = setup.wrapped_now();
        let wanted = "The backend's start has failed: Plugin 'unstartable' threw an error during startup";
        let lines = printed(&greenroom, wanted, |output| {
            let lines: Vec<Value> =
                output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            lines
                .iter()
                .any(|line| line["message"].as_str().is_some_and(|told| told.starts_with(wanted)))
                .then_some(lines)
        })
        .await;
        let with = |begin: &str| -> Vec<&Value> {
            let is_it = |line: &&Value| line["message"].as_str().is_some_and(|told| told.starts_with(begin));
            lines.iter().filter(is_it).collect()
        };
        let [ours] = with(wanted)[..] else { panic!("{lines:?}") };
        let [nodes] = with("Plugin 'unstartable' threw")[..] else { panic!("{lines:?}") };
        let after = time(ours).duration_since(time(nodes));
        assert!(after.as_millis() < 1000, "{version}: {after:?} after Node's own line");
        assert_eq!((&ours["level"], &ours["service"]), (&json!("error"), &json!("child")), "{ours}");
        assert!(ours["message"].as_str().is_some_and(|told| told.ends_with("no key of ours")), "{ours}");
        let boot = shows(&greenroom, "the failure", |boot| boot["outcome"] == "failure").await;
        assert_eq!(
            (&step(&boot, "slow")["failed"], &step(&boot, "unstartable")["state"]),
            (&json!(false), &json!("failed"))
        );
        let why = "has failed: no key of ours (plugin 'unstartable')";
        until(&greenroom, "/.greenroom/", why).await;
        assert_eq!(greenroom.output().matches("The backend's start has failed").count(), 1, "{version}");
    }
}

#[tokio::test]
async fn gateway_103_a_backend_that_ends_as_it_begins_to_listen_is_not_one_that_never_did() {
    for version in Version::held() {
        let mut greenroom = setup(version, "healthcheck,leaves").wrapped_now();
        assert_eq!(greenroom.exit().await.expect("it ends"), Some(3), "{version}");
        let output = greenroom.output();
        let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let causes: Vec<_> = lines.filter_map(|line| Some(line.get("cause")?.clone())).collect();
        assert_eq!(causes, [json!("exit")], "{version}\n{output}");
    }
}
