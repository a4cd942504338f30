//! Why a child has ended, over real processes; the memory is that of a machine made of files.

mod memory;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;
use greenroom_node_log::{Reader, Stream};
use greenroom_wrap::{
    Cause, ChildCommand, Environment, Event, LastExit, LastWords, LastWordsOptions, Launch, Machine, Moment,
    RestartPolicy, Signal, State, Supervisor, SupervisorOptions,
};
use tempfile::TempDir;
use tokio::{sync::mpsc, time::timeout};

use crate::kit::{Told, command};

/// A machine and a place for files.
pub(crate) struct Place(TempDir);

impl Place {
    /// One whose cgroup may use 1000 bytes, and uses none.
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("proc/self/cgroup", "0::/\n");
        place.write("sys/fs/cgroup/memory.max", "1000\n");
        place.uses(0);
        place.kills(0);
        place.write("termination-log", "");
        place
    }

    fn uses(&self, bytes: u64) {
        self.write("sys/fs/cgroup/memory.current", &format!("{bytes}\n"));
    }

    fn kills(&self, count: u64) {
        self.write("sys/fs/cgroup/memory.events", &format!("oom 0\noom_kill {count}\n"));
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // At once: somebody may read it.
        fs::write(path.with_extension("new"), text).unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A shell that ends with the code that is written into a file.
    pub(crate) fn told_to_exit(&self, told: &Told) -> ChildCommand {
        let script = "tell $$; while [ ! -e \"$GO\" ]; do sleep 0.02; done; code=$(cat \"$GO\"); rm \"$GO\"; exit $code";
        let mut command = told.shell(script);
        command.env.insert("GO".into(), self.path("go").into());
        command
    }

    pub(crate) fn words(&self) -> Words {
        self.words_with(|options| options)
    }

    pub(crate) fn words_every(&self, every: Duration) -> Words {
        self.words_with(|options| LastWordsOptions { every, ..options })
    }

    fn words_with(&self, change: impl FnOnce(LastWordsOptions) -> LastWordsOptions) -> Words {
        let (tell, events) = mpsc::unbounded_channel();
        let words = LastWords::start(change(LastWordsOptions {
            data_dir: Some(self.path("state")),
            termination_log: Some(self.path("termination-log")),
            machine: Machine::at(self.0.path()),
            mask: Box::new(|text| text.replace("hunter2!", "***")),
            in_flight: Box::new(|moment| match moment {
                Moment::Look => [].into(),
                Moment::End => [("catalog".to_owned(), 3)].into(),
            }),
            on_event: Box::new(move |event| drop(tell.send(event.clone()))),
            every: Duration::from_millis(10),
            ..LastWordsOptions::default()
        }));
        Words { words, events, ends: Arc::default() }
    }
}

/// The last words of a child, and what they were told.
pub(crate) struct Words {
    pub(crate) words: LastWords,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    ends: Arc<Mutex<Vec<LastExit>>>,
}

impl Words {
    pub(crate) fn supervise(&self, restart: RestartPolicy, command: ChildCommand) -> Supervisor {
        self.supervise_on(None, restart, command)
    }

    /// One that was told where to listen.
    pub(crate) fn supervise_on(
        &self,
        port: Option<u16>,
        restart: RestartPolicy,
        command: ChildCommand,
    ) -> Supervisor {
        let (words, ends) = (self.words.clone(), self.ends.clone());
        let on_state = move |state: &State| ends.lock().unwrap().extend(words.note(state));
        let exited = self.words.clone();
        let options = SupervisorOptions {
            restart,
            on_state: Some(Box::new(on_state)),
            on_exit: Some(Box::new(move || exited.exited())),
            ..SupervisorOptions::default()
        };
        Supervisor::start(options, move || Ok(Launch { port, ..command.clone().into() }))
    }

    /// As if the child had printed it.
    pub(crate) fn print(&self, line: &str) {
        let mut reader = Reader::new(Stream::Stderr);
        reader.push(line.as_bytes(), Instant::now(), &mut |record| self.words.tail().push(&record));
        reader.finish(&mut |record| self.words.tail().push(&record));
    }

    pub(crate) async fn event(&mut self) -> Event {
        timeout(Duration::from_secs(20), self.events.recv()).await.expect("an event").unwrap()
    }

    /// The only end so far.
    pub(crate) fn end(&self) -> LastExit {
        let mut ends = self.ends.lock().unwrap();
        assert_eq!(ends.len(), 1, "each is told once");
        ends.remove(0)
    }
}

fn kept(place: &Place) -> LastExit {
    serde_json::from_str(&fs::read_to_string(place.path("state/last-exit.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn an_end_is_told_once_with_all_that_is_known_and_kept_in_both_places() {
    let place = Place::new();
    let words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, place.told_to_exit(&told));
    let pid = told.number().await;
    for line in ["Listening on :7007", "TypeError: the password is hunter2!", "    at main (/app/x.js:3:9)"] {
        words.print(line);
    }
    place.write("go", "7");
    supervisor.end().await;

    let exit = words.end();
    assert_eq!(
        (exit.cause, exit.code, exit.signal.as_deref(), exit.pid),
        (Cause::Exit, Some(7), None, Some(pid))
    );
    assert!(exit.sentence.starts_with("The backend has ended: exit code 7 after "), "{}", exit.sentence);
    assert_eq!(exit.detail.as_deref(), Some("TypeError: the password is ***"));
    assert_eq!((exit.in_flight["catalog"], exit.lines.len()), (3, 3));
    assert_eq!(kept(&place), exit);
    let message = fs::read_to_string(place.path("termination-log")).unwrap();
    assert!(message.starts_with(&exit.sentence) && message.contains("password is ***"), "{message}");
}

#[tokio::test]
async fn starts_and_ends_are_counted_by_cause_those_of_the_process_before_only_if_nobody_could() {
    let place = Place::new();
    let told = |words: &Words| {
        let registry = MetricsRegistry::new(&Logger::noop());
        words.words.told_by(&registry);
        let text = registry.text();
        let lines = text.lines().filter(|line| line.starts_with("greenroom_child_"));
        let lines = lines.map(|line| line.replace("otel_scope_name=\"greenroom\"", "").replace(",}", "}"));
        lines.map(|line| line["greenroom_child_".len()..].to_owned()).collect::<Vec<_>>()
    };
    let words = place.words();
    assert_eq!(told(&words), ["starts_total{} 0"]);
    for (script, ends) in [("exit 7", 1), ("kill -KILL $$", 2), ("exit 3", 3)] {
        words.supervise(RestartPolicy::Never, command(&["sh", "-c", script])).end().await;
        assert_eq!(words.ends.lock().unwrap().len(), ends);
    }
    let counted = ["starts_total{} 3", r#"exits_total{cause="exit"} 2"#, r#"exits_total{cause="killed"} 1"#];
    let mut expected = counted.map(str::to_owned).to_vec();
    expected.sort();
    let mut found = told(&words);
    found.sort();
    assert_eq!(found, expected);
    drop(words);
    assert_eq!(told(&place.words()), ["starts_total{} 0"], "it was counted where it was seen");
}

#[tokio::test]
async fn who_sent_a_signal_is_told_from_what_is_known() {
    for (script, cause, signal) in [
        ("kill -ABRT $$", Cause::AbortOrV8HeapLimit, "SIGABRT"),
        ("kill -KILL $$", Cause::Killed, "SIGKILL"),
        ("kill -SEGV $$", Cause::Abort, "SIGSEGV"),
    ] {
        let place = Place::new();
        let words = place.words();
        words.supervise(RestartPolicy::Never, command(&["sh", "-c", script])).end().await;
        let exit = words.end();
        assert_eq!((exit.cause, exit.signal.as_deref()), (cause, Some(signal)), "{script}");
    }
}

#[tokio::test]
async fn a_kill_for_want_of_memory_is_the_kernels() {
    let place = Place::new();
    // Who was killed has ended before it is looked at twice.
    let words = place.words_every(Duration::from_secs(60));
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell("tell $$; sleep 60"));
    told.number().await;
    place.kills(1);
    assert!(supervisor.target().signal(Signal::KILL));
    supervisor.end().await;
    let exit = words.end();
    assert_eq!((exit.cause, exit.code), (Cause::CgroupOom, Some(137)));
    assert!(
        exit.sentence.ends_with("(the kernel killed it at the memory limit of its cgroup)"),
        "{}",
        exit.sentence
    );
}

#[tokio::test]
async fn what_is_seen_after_the_end_of_the_process_does_not_spoil_what_was_known_at_it() {
    let place = Place::new();
    place.uses(850);
    let mut words = place.words_every(Duration::from_millis(500));
    let mut told = Told::new();
    // Somebody is left behind who does not end when asked to: the end is told 2 s later.
    let script = "trap '' TERM; sleep 60 & tell $$; wait; sleep 60";
    let supervisor = words.supervise(RestartPolicy::Never, told.shell(script));
    told.number().await;
    assert!(matches!(words.event().await, Event::MemoryHigh { level: 80, .. }));
    place.uses(1);
    place.kills(1);
    assert!(supervisor.target().signal(Signal::KILL));
    supervisor.end().await;
    let exit = words.end();
    assert_eq!((exit.cause, exit.code), (Cause::CgroupOom, Some(137)));
    assert_eq!(exit.memory.and_then(|memory| memory.used_bytes), Some(850));
}

#[tokio::test]
async fn who_is_stopped_leaves_no_reason_to_an_orchestrator() {
    let place = Place::new();
    place.write("termination-log", "why an earlier one ended");
    let words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell("tell $$; sleep 60"));
    told.number().await;
    supervisor.stop(Duration::from_secs(20)).await;
    assert_eq!((words.end().cause, kept(&place).cause), (Cause::Stopped, Cause::Stopped));
    assert_eq!(fs::read_to_string(place.path("termination-log")).unwrap(), "");
    assert!(!kept(&place).sentence.contains("nobody asked"), "{}", kept(&place).sentence);
}

#[tokio::test]
async fn who_is_stopped_though_nobody_has_asked_for_it_is_told_so() {
    let place = Place::new();
    let words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell("tell $$; sleep 60"));
    told.number().await;
    words.words.stopping_by_itself();
    supervisor.stop(Duration::from_secs(20)).await;
    let end = kept(&place);
    assert_eq!(end.cause, Cause::Stopped);
    assert!(
        end.sentence.ends_with("(nobody asked for it: Greenroom itself has ended, and its log says why)"),
        "{}",
        end.sentence
    );
}

#[tokio::test]
async fn of_restarts_each_end_is_told_once_with_its_own_lines() {
    let place = Place::new();
    let words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::OnFailure, place.told_to_exit(&told));
    for (line, code) in [("first", "3"), ("second", "0")] {
        told.number().await;
        words.print(line);
        place.write("go", code);
    }
    supervisor.end().await;
    let ends = words.ends.lock().unwrap();
    let ends: Vec<_> = ends.iter().map(|exit| (exit.code, exit.lines.join(" "))).collect();
    assert_eq!(ends, [(Some(3), "first".to_owned()), (Some(0), "second".to_owned())]);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_as_well() {
    let place = Place::new();
    let words = place.words();
    words.supervise(RestartPolicy::Never, command(&["/no/such/program"])).end().await;
    let exit = words.end();
    assert_eq!((exit.cause, exit.code, exit.pid), (Cause::CannotRun, None, None));
    let message = fs::read_to_string(place.path("termination-log")).unwrap();
    assert!(message.contains("there is no such program"), "{message}");
}

#[tokio::test]
async fn a_start_that_failed_and_stays_is_told_with_its_line() {
    let place = Place::new();
    let mut words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(
        RestartPolicy::Never,
        told.shell("trap 'exit 0' TERM; tell $$; while :; do sleep 0.1; done"),
    );
    told.number().await;
    let line =
        r#"{"level":"error","message":"Unhandled rejection Unable to parse listen address foo:bar:baz"}"#;
    words.print(line);
    // It may be another fault, of which a start goes on.
    let wanted = "Unhandled rejection Unable to parse listen address foo:bar:baz";
    let Event::StartHangs { suspect, awaited: None, .. } = words.event().await else {
        panic!("another event")
    };
    assert_eq!(suspect.as_deref(), Some(wanted));
    let Event::StartFailed(detail) = words.event().await else { panic!("another event") };
    assert_eq!((&*detail, words.event().await), (wanted, Event::GivenUp));
    supervisor.stop(Duration::from_secs(20)).await;
    let exit = words.end();
    assert_eq!((exit.cause, exit.detail), (Cause::StartFailed, Some(detail)));
}

#[tokio::test]
async fn a_start_that_failed_and_is_kept_is_told_once_and_what_ends_it_later_is_its_end() {
    let place = Place::new();
    let mut words = place.words_with(|options| LastWordsOptions { keeps_failed: true, ..options });
    let mut told = Told::new();
    let stays = "trap 'exit 0' TERM; tell $$; while :; do sleep 0.1; done";
    let supervisor = words.supervise(RestartPolicy::Never, told.shell(stays));
    told.number().await;
    let failed = "Plugin 'x' threw an error during startup, waiting for 0 other plugins to finish before shutting down the process. boom";
    words.print(&format!(r#"{{"level":"error","message":"{failed}"}}"#));
    assert!(matches!(words.event().await, Event::StartFailed(_)));
    supervisor.stop(Duration::from_secs(20)).await;
    assert!(words.events.try_recv().is_err(), "once");
    assert_eq!(words.end().cause, Cause::Stopped);
}

#[tokio::test]
async fn a_signal_that_was_passed_on_is_told_as_such() {
    let place = Place::new();
    let words = place.words();
    let mut told = Told::new();
    let supervisor =
        words.supervise(RestartPolicy::Never, told.shell("tell $$; while :; do sleep 0.02; done"));
    told.number().await;
    words.words.passes_on(Signal::HUP);
    assert!(supervisor.target().signal(Signal::HUP));
    supervisor.end().await;
    let exit = words.end();
    assert_eq!((exit.cause, exit.code, exit.signal.as_deref()), (Cause::PassedOn, Some(129), Some("SIGHUP")));
    let why = " (the signal was sent to Greenroom, which passed it on)";
    assert!(exit.sentence.ends_with(why), "{}", exit.sentence);
    assert!(exit.is_failure());
}
