//! The start of a Node backend whose lines somebody reads: on the page, in JSON, and as a health check.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use greenroom::metrics::MetricsRegistry;
use greenroom_node_log::{Reader, Record, Stream, facts::NodeBoot};
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_test::RunningTestBackend;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    node::{Node, READINESS},
    support::{API, as_operator, heard, in_front_of, is, now, nowhere, sentence, text, told, up, with},
};

/// A start that is told line by line.
#[derive(Clone)]
struct Start(Arc<Mutex<NodeBoot>>);

/// So long ago, Node was started.
const AGO: Duration = Duration::from_secs(100);

impl Start {
    async fn of(backend: &RunningTestBackend) -> Self {
        let began = SystemTime::now() - AGO;
        let start = Self(Arc::new(Mutex::new(NodeBoot::new(began))));
        let gateway: Gateway = backend.service().await.unwrap();
        let told = start.clone();
        gateway.set_boot(move || Some(told.0.lock().clone()));
        start
    }

    /// Node prints this so long after its start.
    fn says(&self, ms: u64, message: &str) {
        let service = if message.starts_with("Listening") { "rootHttpRouter" } else { "backstage" };
        self.prints(ms, &format!(r#"{{"level":"info","message":"{message}","service":"{service}"}}"#));
    }

    fn prints(&self, ms: u64, line: &str) {
        let mut boot = self.0.lock();
        let at = boot.began_at + Duration::from_millis(ms);
        let mut reader = Reader::new(Stream::Stdout);
        let mut note = |record: Record<'_>| boot.note(&record, || at);
        reader.push(format!("{line}\n").as_bytes(), Instant::now(), &mut note);
        reader.finish(&mut note);
    }

    /// Until it waits for two of three plugins.
    fn goes_on(&self) {
        self.prints(2000, "Loading config from MergedConfigSource{}");
        self.says(2500, "Listening on 127.0.0.1:1");
        self.says(3000, "Plugin initialization started: 'catalog', 'search', 'techdocs'");
        self.says(4000, "Plugin initialization in progress, newly initialized: 'catalog', still initializing: 'search', 'techdocs'");
    }
}

/// The part of the page that is about Node.
fn section(page: &str) -> String {
    let (start, end) = (page.find("id=\"gateway\"").unwrap(), page.find("id=\"checks\"").unwrap());
    text(&page[start..end]).replace('\u{a0}', " ")
}

async fn shown(backend: &RunningTestBackend) -> Value {
    as_operator(backend, http::Method::GET, API, None).await.json()["boot"].clone()
}

fn step<'s>(boot: &'s Value, name: &str) -> &'s Value {
    let steps = boot["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("{name}: {boot}"))
}

#[tokio::test]
async fn a_start_of_which_nobody_tells_is_not_spoken_of() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    assert_eq!(shown(&backend).await, json!(null));
    assert!(!section(&now(&backend).await).contains("Its start"));
}

#[tokio::test]
async fn while_it_starts_the_page_says_what_it_waits_for() {
    let node = Node::start().await;
    node.answers(READINESS, 503, r#"{"message":"Backend has not started yet","status":"error"}"#);
    let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
    let start = Start::of(&backend).await;
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().starts(node.address, None);
    is(&backend, up).await;
    heard(&backend, false).await;
    start.goes_on();
    let page = now(&backend).await;
    let said = section(&page);
    assert!(
        said.contains("Its start goes on for 1 min 40 s: it waits for 2 of 3 plugins, 'search', 'techdocs'."),
        "{said}"
    );
    let why = "Backend has not started yet; its start waits for 'search', 'techdocs'.";
    assert!(sentence(&page).ends_with(why), "{}", sentence(&page));
    assert!(page.contains("data-live=\"gateway start\""), "{page}");
    let boot = shown(&backend).await;
    assert_eq!(
        (&boot["outcome"], &boot["tookMs"], &boot["listeningMs"]),
        (&json!(null), &json!(null), &json!(2500))
    );
    assert_eq!(step(&boot, "search")["state"], "initializing");

    start.says(6000, "Plugin 'search' threw an error during startup, waiting for 1 other plugins to finish before shutting down the process. no index");
    let page = now(&backend).await;
    let said = section(&page);
    assert!(!said.contains("no index"), "it stands above: {said}");
    let all = text(&page);
    assert!(all.contains("no index . Plugin search has failed at the start, at "), "{all}");
    assert!(sentence(&page).ends_with(" has failed: no index (plugin 'search')."), "{}", sentence(&page));
    assert_eq!(shown(&backend).await["outcome"], "failure");
    let affects = "Whom it affects Everybody: readiness answers 503. Requests go on to Node, whose plugins have not all started";
    assert!(all.contains(affects), "{all}");

    // How its process ended is not all, where that was the end of it.
    let how = "has been killed by Greenroom (SIGKILL) after 10.3 s";
    gateway.proxy().ended(format!("The backend {how}").into());
    let page = now(&backend).await;
    let heading = sentence(&page);
    assert!(
        heading.ends_with(&format!("{how}; its start had failed: no index (plugin 'search').")),
        "{heading}"
    );
    let all = text(&page);
    assert!(
        all.contains("It ended at ") && all.contains("no index . Plugin search has failed at the start"),
        "{all}"
    );
}

#[tokio::test]
async fn gateway_116_one_cause_of_many_failures_is_told_once_with_all_that_it_hit_and_its_wrapping_folded() {
    let node = Node::start().await;
    node.answers(READINESS, 503, r#"{"message":"Backend has not started yet","status":"error"}"#);
    let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
    let start = Start::of(&backend).await;
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().starts(node.address, None);
    is(&backend, up).await;
    heard(&backend, false).await;
    let names = ["app", "auth", "catalog", "events", "proxy", "search", "techdocs"];
    start.says(1000, &format!("Plugin initialization started: '{}'", names.join("', '")));
    for (place, name) in (0..).zip(names) {
        let wrapped = format!(
            "Failed to instantiate service 'core.database' for '{name}' because the factory function threw an error, Error: Failed to \
             connect to the database to make sure that 'backstage_plugin_{name}' exists, Error: connect ECONNREFUSED 127.0.0.1:5432"
        );
        let waits =
            format!("waiting for {} other plugins to finish before shutting down the process", 6 - place);
        start.says(
            2000 + place,
            &format!("Plugin '{name}' threw an error during startup, {waits}. {wrapped}"),
        );
    }
    let page = now(&backend).await;
    let cause = "connect ECONNREFUSED 127.0.0.1:5432";
    let heading = sentence(&page);
    assert!(
        heading.ends_with(&format!(
            " has failed: {cause} (7 plugins: 'app', 'auth', 'catalog', 'events', 'proxy' and 2 more)."
        )),
        "{heading}"
    );
    let said = text(&page).replace('\u{a0}', " ");
    let told = format!("{cause} . 7 plugins have failed at the start, since ");
    assert_eq!(said.matches(&told).count(), 1, "{said}");
    assert!(said.contains("UTC: app , auth , catalog , events , proxy and 2 more."), "{said}");
    assert!(said.contains("The others search , techdocs"), "{said}");
    assert_eq!(said.matches("Failed to instantiate service").count(), 1, "its wrapping is told once: {said}");
    assert!(said.contains("All that plugin 'app' says Failed to instantiate service"), "{said}");
    // In the heading, in what is known of it, and at the end of its wrapping.
    assert_eq!(said.matches(cause).count(), 3, "{said}");
}

#[tokio::test]
async fn gateway_116_a_start_that_goes_on_has_no_next_step_until_it_takes_long() {
    let node = Node::start().await;
    node.answers(READINESS, 503, r#"{"message":"Backend has not started yet","status":"error"}"#);
    for (ago, has_step) in [(10, false), (100, true)] {
        let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
        let gateway: Gateway = backend.service().await.unwrap();
        let boot = NodeBoot::new(SystemTime::now() - Duration::from_secs(ago));
        gateway.set_boot(move || Some(boot.clone()));
        gateway.proxy().starts(node.address, None);
        is(&backend, up).await;
        heard(&backend, false).await;
        let said = text(&now(&backend).await);
        assert_eq!(said.contains("Next step"), has_step, "{said}");
        assert!(said.contains("Backend has not started yet"), "{said}");
    }
}

#[tokio::test]
async fn of_a_child_that_ended_while_it_started_the_page_says_what_it_waited_for() {
    let address = nowhere().await;
    let backend = with(UpstreamFrom::Child(address)).start().await.unwrap();
    Start::of(&backend).await.goes_on();
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().ended("The backend has ended: exit code 7 after 5.0 s".into());
    let said = section(&now(&backend).await);
    let told = "Its start did not end: it waited for 2 of 3 plugins, 'search', 'techdocs'.";
    assert!(said.contains(told) && !said.contains("goes on for"), "{said}");
}

#[tokio::test]
async fn once_it_has_started_the_page_says_how_long_it_took_and_what_it_started_without() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    let start = Start::of(&backend).await;
    is(&backend, up).await;
    heard(&backend, true).await;
    start.goes_on();
    start.says(5500, "Plugin 'techdocs' threw an error during startup, but boot failure is permitted for this plugin so startup will continue. <b>no bucket</b>");
    start.says(7000, "Plugin initialization complete, newly initialized: 'techdocs', 'search'");
    let page = now(&backend).await;
    let said = section(&page);
    for part in [
        "It started in 7.00 s, at ",
        "2.00 s until it read its config, 0.50 s until it listened, 4.00 s for its plugins.",
        "The last plugins to be ready: search in 2.50 to 4.00 s, techdocs in 2.50 s, catalog in at most 1.00 s.",
        "&lt;b&gt;no bucket&lt;/b&gt; . Plugin techdocs has failed at the start, at ",
        " UTC; the config lets Node start without it.",
        "Node's last start Start ",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!page.contains("<b>no") && !page.contains(" style="), "{page}");
    let is_told = |health: &Value| health["checks"]["gateway.node"][0]["status"] == "warn";
    told(&backend, "/.greenroom/v1/health", is_told).await;
    assert!(sentence(&page).starts_with("Ready for "), "it serves: {}", sentence(&page));
}

#[tokio::test]
async fn the_json_has_the_form_of_our_own_boot_report() {
    let node = Node::start().await;
    let backend = in_front_of(node.address).start().await.unwrap();
    let start = Start::of(&backend).await;
    start.goes_on();
    start.says(4500, "Module s3 in Plugin 'techdocs' threw an error during startup, but boot failure is permitted for this plugin module so startup will continue. no key");
    start.says(7000, "Plugin initialization complete, newly initialized: 'techdocs', 'search'");
    let boot = shown(&backend).await;
    assert_eq!(
        (&boot["outcome"], &boot["tookMs"], &boot["failure"]),
        (&json!("success"), &json!(7000), &json!(null))
    );
    assert_eq!(
        (&boot["configMs"], &boot["pluginsMs"], &boot["leftOut"]),
        (&json!(2000), &json!(3000), &json!(0))
    );
    let own = as_operator(&backend, http::Method::GET, "/.greenroom/v1/boot", None).await.json();
    let of_own = own["steps"]["items"][0].as_object().unwrap();
    for step in boot["steps"].as_array().unwrap() {
        for name in of_own.keys() {
            assert!(step.get(name).is_some(), "{name} of {step}");
        }
    }
    let (first, module) = (&boot["steps"][0], step(&boot, "s3"));
    assert_eq!(
        (&first["kind"], &first["waitedFor"], &first["endedMs"]),
        (&json!("start"), &json!([1, 2, 3]), &json!(7000))
    );
    let techdocs = step(&boot, "techdocs");
    assert_eq!(techdocs["waitedFor"], json!([module["step"]]));
    assert_eq!((&techdocs["owner"], &techdocs["state"]), (&json!("Plugin 'techdocs'"), &json!("ready")));
    assert_eq!(
        (&techdocs["beganMs"], &techdocs["endedAfterMs"], &techdocs["endedMs"]),
        (&json!(3000), &json!(4000), &json!(7000))
    );
    assert_eq!(
        (&module["kind"], &module["owner"]),
        (&json!("module"), &json!("Module 's3' for plugin 'techdocs'"))
    );
    assert_eq!(
        (&module["state"], &module["failed"], &module["error"]),
        (&json!("failedPermitted"), &json!(true), &json!("no key"))
    );
    assert_eq!((&module["beganMs"], &module["endedMs"]), (&json!(null), &json!(4500)));
}

#[tokio::test]
async fn readiness_says_that_the_start_has_failed_and_not_why() {
    let address = nowhere().await;
    let backend = with(UpstreamFrom::Child(address)).start().await.unwrap();
    let start = Start::of(&backend).await;
    let readiness = async || backend.get(READINESS).await.text();
    assert!(readiness().await.contains("The Node backend has not listened yet"));
    start.says(10, "Plugin 'search' threw an error during startup. no index");
    let said = readiness().await;
    assert!(said.contains("The Node backend's start has failed") && !said.contains("search"), "{said}");
}

#[tokio::test]
async fn gateway_135_a_plugin_that_failed_and_may_is_named_in_health_and_not_up_in_metrics() {
    let node = Node::start().await;
    let backend = with(UpstreamFrom::Child(node.address)).start().await.unwrap();
    let gateway: Gateway = backend.service().await.unwrap();
    gateway.proxy().starts(node.address, None);
    is(&backend, up).await;
    heard(&backend, true).await;
    let start = Start::of(&backend).await;
    start.goes_on();
    start.prints(
        5000,
        r#"{"level":"error","message":"Plugin 'search' threw an error during startup, but boot failure is permitted for this plugin so startup will continue. no index","service":"backstage"}"#,
    );
    start.says(9000, "Plugin initialization complete, newly initialized: 'techdocs'");

    let text = backend.service::<MetricsRegistry>().await.unwrap().text();
    let series = |name: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        lines.map(|line| line.replace(r#",otel_scope_name="greenroom""#, "").split_off(name.len())).collect()
    };
    let up = series("greenroom_plugin_up");
    for (plugin, value) in [("catalog", 1), ("search", 0), ("techdocs", 1), ("gateway", 1)] {
        let line = format!("{{backstage_plugin_id=\"{plugin}\"}} {value}");
        assert_eq!(up.iter().filter(|found| **found == line).count(), 1, "{line} in {up:#?}");
    }
    let took = series("greenroom_boot_plugin_duration");
    for line in [r#"{backstage_plugin_id="catalog"} 1"#, r#"{backstage_plugin_id="techdocs"} 6"#] {
        assert!(took.iter().any(|found| found == line), "{line} in {took:#?}");
    }
    assert_eq!(text.matches("# TYPE greenroom_plugin_up gauge").count(), 1, "Node's and ours are one metric");

    // The check looks now, and not at its next turn.
    gateway.proxy().news().notify_one();
    let named = "has started without plugin 'search': no index";
    let is_named = |health: &Value| health["checks"]["gateway.node"][0].to_string().contains(named);
    told(&backend, "/.greenroom/v1/health", is_named).await;
}
