//! The lines, word by word.

use greenroom_config::{RootConfig, all};
use greenroom_core::{
    Backend, Fault, Orphan,
    boot::{Boot, BootPolicy, OnFailure},
    module, plugin,
};
use greenroom_logging::{CaptureSink, Format};
use serde_json::{Value, json};

use super::*;

struct Lines {
    log: BootLog,
    sink: CaptureSink,
}

impl Lines {
    fn new(only_nodes_lines: bool) -> Self {
        let sink = CaptureSink::new();
        let root =
            RootLogger::builder().level(Level::Debug).format(Format::Backstage).sink(sink.clone()).build();
        Self { log: BootLog::new(&root, only_nodes_lines), sink }
    }

    /// Level and message of what an event leaves, and its other fields.
    fn of(&self, event: &BootEvent<'_>) -> (String, Value) {
        let before = self.sink.json().len();
        self.log.on(event);
        let mut lines = self.sink.json().split_off(before);
        assert!(lines.len() <= 1, "{lines:?}");
        let Some(Value::Object(mut line)) = lines.pop() else { return (String::new(), Value::Null) };
        let text = |line: &mut serde_json::Map<String, Value>, key| {
            line.remove(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let (level, message) = (text(&mut line, "level"), text(&mut line, "message"));
        for key in ["timestamp", "service", "stack"] {
            line.remove(key);
        }
        (format!("{level}: {message}"), Value::Object(line))
    }

    fn text(&self, event: &BootEvent<'_>) -> String {
        self.of(event).0
    }
}

fn ids(ids: &[&str]) -> Vec<Arc<str>> {
    ids.iter().map(|id| Arc::from(*id)).collect()
}

fn owner(module: Option<&str>) -> Owner {
    Owner { plugin: "catalog".into(), module: module.map(Into::into) }
}

#[test]
fn how_far_the_plugins_are() {
    let lines = Lines::new(true);
    let (newly, pending) = (ids(&["a"]), ids(&["b", "c"]));
    let cases = [
        (BootEvent::Started(&pending), "info: Plugin initialization started: 'b', 'c'"),
        (BootEvent::Started(&[]), "info: Plugin initialization started: "),
        (
            BootEvent::Progress { newly: &newly, pending: &pending },
            "info: Plugin initialization in progress, newly initialized: 'a', still initializing: 'b', 'c'",
        ),
        (
            BootEvent::Progress { newly: &[], pending: &pending },
            "info: Plugin initialization in progress, still initializing: 'b', 'c'",
        ),
        (
            BootEvent::Completed { newly: &newly },
            "info: Plugin initialization complete, newly initialized: 'a'",
        ),
        (BootEvent::Completed { newly: &[] }, "info: Plugin initialization complete"),
    ];
    for (event, text) in cases {
        let (line, fields) = lines.of(&event);
        assert_eq!((line.as_str(), &fields["type"]), (text, &json!("initialization")));
    }
}

#[test]
fn who_failed_and_what_that_means() {
    let lines = Lines::new(false);
    let error = Error::new("boom");
    let said = |module, allowed, waiting_for| {
        let owner = owner(module);
        lines.text(&BootEvent::Failed { owner: &owner, error: &error, allowed, waiting_for })
    };
    assert_eq!(said(None, false, 0), "error: Plugin 'catalog' threw an error during startup. boom");
    assert_eq!(
        said(None, false, 2),
        "error: Plugin 'catalog' threw an error during startup, waiting for 2 other plugins to finish before shutting \
         down the process. boom"
    );
    assert_eq!(
        said(None, true, 2),
        "error: Plugin 'catalog' threw an error during startup, but boot failure is permitted for this plugin so \
         startup will continue. boom"
    );
    assert_eq!(
        said(Some("github"), true, 0),
        "error: Module github in Plugin 'catalog' threw an error during startup, but boot failure is permitted for \
         this plugin module so startup will continue. boom"
    );
}

#[test]
fn a_failure_by_the_config_is_told_with_plugin_key_and_place() {
    let lines = Lines::new(false);
    let config = RootConfig::from_yaml("catalog:\n  workers: many\n").unwrap();
    let error: Error = config.number("catalog.workers").unwrap_err().into();
    let owner = owner(Some("github"));
    let failed = BootEvent::Failed { owner: &owner, error: &error, allowed: false, waiting_for: 0 };
    let fault = Fault { owner: Some(owner.clone()), error: error.clone() };
    let refused = StartError::Declared(vec![fault.clone()]);
    for event in [failed, BootEvent::StartFailed(&refused)] {
        let (text, fields) = lines.of(&event);
        assert!(text.contains("for key 'catalog.workers'"), "{text}");
        assert_eq!((&fields["plugin"], &fields["module"]), (&json!("catalog"), &json!("github")), "{text}");
        assert_eq!(
            (&fields["key"], &fields["place"]),
            (&json!("catalog.workers"), &json!("mock-config:2:12"))
        );
    }
}

#[test]
fn each_thing_that_is_wrong_has_a_line_of_its_own() {
    let lines = Lines::new(false);
    let config = RootConfig::from_yaml("catalog:\n  workers: many\n  timeout: soon\n").unwrap();
    let read = all((config.number("catalog.workers"), config.duration("catalog.timeout")));
    let error: Error = read.unwrap_err().into();
    let owner = owner(None);
    let failed = BootEvent::Failed { owner: &owner, error: &error, allowed: false, waiting_for: 0 };
    let refused = StartError::Declared(vec![Fault { owner: Some(owner.clone()), error: error.clone() }]);
    for event in [failed, BootEvent::StartFailed(&refused)] {
        let before = lines.sink.json().len();
        lines.log.on(&event);
        let told: Vec<_> = lines.sink.json().split_off(before);
        let seen: Vec<_> = told.iter().map(|line| (&line["plugin"], &line["key"], &line["place"])).collect();
        let [workers, timeout] = ["catalog.workers", "catalog.timeout"].map(Value::from);
        let [second, third] = ["mock-config:2:12", "mock-config:3:12"].map(Value::from);
        let plugin = json!("catalog");
        assert_eq!(seen, [(&plugin, &workers, &second), (&plugin, &timeout, &third)], "{told:?}");
    }
}

#[test]
fn a_module_that_its_plugin_blames() {
    let lines = Lines::new(true);
    let (owner, error) = (owner(Some("github")), Error::new("bad rule"));
    let said =
        |allowed, late| lines.text(&BootEvent::Reported { owner: &owner, error: &error, allowed, late });
    let begin = "error: Plugin 'catalog' reported failure for module 'github'";
    assert_eq!(said(false, false), format!("{begin} during startup. bad rule"));
    assert_eq!(
        said(true, false),
        format!(
            "{begin} during startup, but boot failure is permitted for this plugin module so startup will continue. \
             bad rule"
        )
    );
    assert_eq!(said(false, true), format!("{begin} after startup bad rule"));
}

#[test]
fn hooks_begin_and_end_in_these_words() {
    let lines = Lines::new(false);
    let error = Error::new("no disk");
    let phases = [
        (Some("catalog"), Phase::Startup, "plugin startup", "Plugin startup"),
        (None, Phase::Startup, "startup", "Startup"),
        (None, Phase::BeforeShutdown, "before shutdown", "Before shutdown"),
        (Some("catalog"), Phase::PluginShutdown, "plugin shutdown", "Plugin shutdown"),
        (None, Phase::Shutdown, "shutdown", "Shutdown"),
    ];
    for (plugin, phase, running, hook) in phases {
        let began = lines.of(&BootEvent::HooksBegan { plugin, phase, count: 2 });
        assert_eq!(began.0, format!("debug: Running 2 {running} tasks..."));
        let ended =
            |error| lines.of(&BootEvent::HookEnded { plugin, phase, name: "warm up", took: FLUSH, error });
        let (text, fields) = ended(None);
        assert_eq!(text, format!("debug: {hook} hook succeeded"));
        assert_eq!((&fields["hook"], &fields["durationMs"]), (&json!("warm up"), &json!(2000)));
        let (text, fields) = ended(Some(&error));
        let told = if phase == Phase::PluginShutdown { " no disk" } else { ", Error: no disk" };
        assert_eq!(text, format!("error: {hook} hook failed{told}"));
        assert_eq!(fields["plugin"].as_str(), plugin);
    }
}

#[test]
fn a_stop_is_told_and_nodes_own_lines_are_without_it() {
    let (ours, nodes) = (Lines::new(false), Lines::new(true));
    let names = ["catalog: save".to_owned(), "tasks/worker".to_owned()];
    let signal = BootEvent::Signal("SIGTERM");
    assert_eq!(
        ours.text(&signal),
        "info: Received SIGTERM, stopping; a second signal ends the process at once"
    );
    let asked = BootEvent::StopAsked("the child process has ended");
    assert_eq!(ours.text(&asked), "info: Stopping: the child process has ended");
    assert_eq!(nodes.text(&asked), "");
    let (text, fields) = ours.of(&BootEvent::StopWaits(&names));
    assert_eq!((text.as_str(), &fields["waitingFor"]), ("info: Still stopping", &json!(names.join(", "))));
    assert_eq!([nodes.text(&signal), nodes.text(&BootEvent::StopWaits(&names))], ["", ""]);
    for lines in [ours, nodes] {
        assert_eq!(lines.text(&BootEvent::Forced("SIGINT")), "warn: Received SIGINT again, ending at once");
        let (text, fields) = lines.of(&BootEvent::TasksLeft(&names));
        assert_eq!(text, "warn: Background tasks did not end in time");
        assert_eq!(fields["tasks"], json!(names.join(", ")));
    }
}

#[test]
fn tasks_that_go_wrong_are_told_with_their_owner() {
    let lines = Lines::new(false);
    let fault = |kind| TaskFault { plugin: Some("catalog".into()), task: "refresh", kind };
    let place = Some("src/refresh.rs:7:9".to_owned());
    let panic = fault(TaskFaultKind::Panicked(CaughtPanic { text: "no such table".to_owned(), place }));
    let late = fault(TaskFaultKind::TooLate);
    for (fault, text) in [
        (panic, "error: Unhandled rejection no such table"),
        (late, "warn: A background task does not run: it was spawned after the backend had stopped"),
    ] {
        let (line, fields) = lines.of(&BootEvent::TaskFault(&fault));
        assert_eq!(line, text);
        assert_eq!((&fields["plugin"], &fields["task"]), (&json!("catalog"), &json!("refresh")));
    }
}

#[test]
fn what_is_odd_is_a_warning() {
    let lines = Lines::new(true);
    assert_eq!(lines.text(&BootEvent::Warning("The id")), "warn: The id");
    let orphan = Orphan { plugin: "catalog".into(), module: "github".into() };
    assert_eq!(
        lines.text(&BootEvent::Orphan(&orphan)),
        "warn: Module github is not loaded because Plugin 'catalog' is not installed"
    );
}

#[tokio::test]
async fn each_step_and_what_held_the_start_are_told_at_debug() {
    let lines = Lines::new(false);
    let (sink, log) = (lines.sink.clone(), Arc::new(lines.log));
    let policy = BootPolicy { module_default: OnFailure::Continue, ..BootPolicy::default() };
    let boot = async move || Ok(Boot { observer: log, policy, ..Boot::default() });
    let catalog = plugin("catalog", |env| env.register_init(async || Ok(())));
    let github = module("catalog", "github", |env| env.register_init(async || Err("no token".into())));
    let running = Backend::new([]).boot(boot).add(catalog).add(github).start().await.unwrap();
    let told = sink.json();
    let steps: Vec<_> = told.iter().filter(|line| line["message"] == "Boot step done").collect();
    let seen: Vec<_> = steps.iter().map(|line| (&line["step"], &line["name"], &line["ok"])).collect();
    let expected = [
        ("graph", "graph", true),
        ("policy", "policy", true),
        ("module", "github", false),
        ("plugin", "catalog", true),
        ("start", "start", true),
    ];
    let expected = expected.map(|(step, name, ok)| (json!(step), json!(name), json!(ok)));
    assert_eq!(seen, expected.iter().map(|(step, name, ok)| (step, name, ok)).collect::<Vec<_>>());
    assert_eq!((&steps[2]["plugin"], &steps[2]["module"]), (&json!("catalog"), &json!("github")));
    for step in &steps {
        let [began, took, own] = ["beganMs", "durationMs", "ownMs"].map(|key| step[key].as_f64().unwrap());
        assert!(began >= 0.0 && took >= own && own >= 0.0, "{step}");
    }
    let ready = told.iter().find(|line| line["message"] == "Backend is ready").unwrap();
    let path = ready["criticalPath"].as_str().unwrap();
    let names: Vec<_> = path.split(", ").map(|link| link.rsplitn(3, ' ').last().unwrap()).collect();
    let expected = ["graph graph", "policy policy", "module github", "plugin catalog", "start start"];
    assert_eq!(names, expected, "{path}");
    running.stop().await;
}
