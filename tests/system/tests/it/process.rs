//! A thousand processes, each told to stop at some moment of its life, end in time and with the right code.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use greenroom_context::spawn_blocking;
use greenroom_core::{
    Backend, Lifecycle, at_forced_end,
    boot::{Boot, BootEvent, BootObserver, Deadlines},
    plugin, stop_backends,
};
use rustix::process::{Pid, Signal, kill_process};

const KIND: &str = "GREENROOM_SYSTEM_KIND";
const KINDS: [&str; 7] =
    ["plain", "slow init", "hung init", "hung task", "blocking task", "hung hook", "blocking init"];
const LONG: Duration = Duration::from_secs(60);
/// A loaded machine gets some time; nothing of what hangs would end by itself within it.
const IN_TIME: Duration = Duration::from_secs(20);

struct Told;

impl BootObserver for Told {
    #[expect(clippy::print_stdout, reason = "the parent waits for these lines")]
    fn on(&self, event: &BootEvent<'_>) {
        // The parent of the others reads no further.
        if let BootEvent::StopAsked(_) = event {
            HAS_BEEN_ASKED.store(true, Relaxed);
        }
        if let BootEvent::Signal(name) = event
            && HAS_BEEN_ASKED.load(Relaxed)
        {
            println!("\ntold of {name}");
        }
    }
}

static HAS_BEEN_ASKED: AtomicBool = AtomicBool::new(false);

#[expect(clippy::print_stdout, reason = "the parent waits for these lines")]
fn backend(kind: String) -> Backend {
    let boot = async || {
        println!("\nbegun");
        let deadlines = Deadlines { tasks: Duration::from_millis(100), ..Deadlines::default() };
        Ok(Boot { deadlines, observer: Arc::new(Told), ..Boot::default() })
    };
    let subject = plugin("subject", move |env| {
        env.register_init(async move |lifecycle: Lifecycle| {
            match &*kind {
                "slow init" => tokio::time::sleep(Duration::from_millis(5)).await,
                "hung init" => std::future::pending().await,
                "blocking init" => {
                    println!("\nhangs");
                    sleep(LONG);
                }
                "blocking task begun" => {
                    let blocks = || {
                        println!("\nblocks");
                        sleep(LONG);
                    };
                    drop(spawn_blocking("blocks", blocks));
                }
                "hung task" => drop(lifecycle.spawn("hangs", std::future::pending::<()>())),
                "blocking task" => drop(spawn_blocking("blocks", || sleep(LONG))),
                "hung hook" => {
                    lifecycle.add_shutdown_hook("hangs", async || std::future::pending().await)?;
                    println!("\nhangs");
                }
                "asked" => {
                    drop(at_forced_end(|| println!("\nforgotten")));
                    let guard = at_forced_end(|| println!("\nforced"));
                    lifecycle.add_shutdown_hook("hangs", async move || {
                        println!("\nhangs");
                        std::future::pending::<()>().await;
                        drop(guard);
                        Ok(())
                    })?;
                    stop_backends("it has nothing to do");
                }
                _ => {}
            }
            Ok(())
        });
    });
    Backend::new([]).boot(boot).add(subject)
}

#[test]
#[ignore = "the process under test, started by the tests below"]
fn child() {
    if let Ok(kind) = std::env::var(KIND) {
        as_an_author_writes_it(kind);
    }
}

/// With the main that an author writes, whose runtime waits at its end for every thread that blocks.
#[tokio::main(worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the parent waits for these lines")]
async fn as_an_author_writes_it(kind: String) {
    match &*kind {
        "early" => {
            greenroom_core::serve_signals().unwrap();
            println!("\nearly");
            sleep(LONG);
        }
        "two" => {
            let failing = Backend::new([]).boot(async || Err("refused".into()));
            // The one that stays is of the process before the other can fail.
            tokio::join!(backend(kind).run(), failing.run());
        }
        _ => backend(kind).run().await,
    }
}

/// Starts the process, and waits for the line.
fn spawn_child(kind: &str, awaited: &str) -> Child {
    let mut child = command(kind).spawn().unwrap();
    await_line(child.stdout.take().unwrap(), awaited);
    child
}

fn command(kind: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["process::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(KIND, kind).stdout(Stdio::piped()).process_group(0);
    command
}

fn await_line(output: impl Read, awaited: &str) {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with(awaited)), "{awaited}");
}

/// The exit code, once it has ended; `None` if it did not end in time, or by a signal.
fn end(child: &mut Child) -> Option<i32> {
    let asked = Instant::now();
    while asked.elapsed() < IN_TIME {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Small numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn a_thousand_processes_told_to_stop_at_any_moment_end_in_time_with_the_right_code() {
    let mut numbers = Numbers(8);
    for run in 0..1000 {
        // Those that must be waited for are rarer.
        let kind = KINDS[numbers.below(if run % 10 == 0 { 7 } else { 4 }) as usize];
        let hangs = matches!(kind, "hung hook" | "blocking init");
        let mut child = spawn_child(kind, if hangs { "hangs" } else { "begun" });
        let pid = Pid::from_child(&child);

        let told = Instant::now();
        sleep(Duration::from_micros(numbers.below(10_000)));
        kill_process(pid, Signal::TERM).unwrap();
        // Two signals of one kind may arrive as one.
        let second = hangs || numbers.below(4) == 0;
        if second {
            sleep(Duration::from_micros(numbers.below(5_000)));
            kill_process(pid, Signal::INT).unwrap();
        }
        let code = end(&mut child);
        assert!(told.elapsed() < IN_TIME, "run {run}, {kind}, second signal: {second}: no end");
        let right: &[i32] = match (second, hangs) {
            (false, _) => &[0],
            (true, true) => &[130, 143],
            (true, false) => &[0, 130, 143],
        };
        assert!(code.is_some_and(|code| right.contains(&code)), "run {run}, {kind}, {second}: {code:?}");
    }
}

#[test]
fn before_the_backend_of_a_process_the_second_signal_ends_it() {
    let mut child = spawn_child("early", "early");
    for signal in [Signal::TERM, Signal::INT] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    let code = end(&mut child);
    assert!([Some(130), Some(143)].contains(&code), "{code:?}");
}

#[test]
fn after_a_stop_that_was_asked_for_the_first_signal_is_a_first_one() {
    let mut child = command("asked").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    for (awaited, signal) in [("hangs", Signal::TERM), ("told of SIGTERM", Signal::INT)] {
        assert!(lines.any(|line| line.ends_with(awaited)), "{awaited}");
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    assert_eq!(end(&mut child), Some(130));
    // Whose guard is gone has nothing left to end.
    let rest: Vec<_> = lines.filter(|line| line.starts_with("for")).collect();
    assert_eq!(rest, ["forced"]);
}

#[test]
fn a_file_that_may_not_grow_is_an_error_of_a_write_and_not_the_end_of_the_process() {
    let mut child = spawn_child("plain", "begun");
    let pid = Pid::from_child(&child);
    // What the system sends to whom meets its limit on the size of files.
    kill_process(pid, Signal::XFSZ).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(end(&mut child), Some(0));
}

#[test]
fn work_of_a_minute_on_a_blocking_thread_does_not_hold_the_end_of_a_process_of_ones_own_main() {
    let mut child = spawn_child("blocking task begun", "blocks");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end(&mut child), Some(0));
}

#[test]
fn a_process_ends_with_its_last_backend_and_tells_of_one_that_failed() {
    let mut child = command("two").stderr(Stdio::piped()).spawn().unwrap();
    await_line(child.stdout.take().unwrap(), "begun");
    await_line(child.stderr.take().unwrap(), "refused");
    assert!(child.try_wait().unwrap().is_none(), "the other backend runs");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end(&mut child), Some(1));
}
