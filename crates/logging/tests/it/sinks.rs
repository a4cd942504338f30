//! The buffered sink under every kind of consumer.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    process::{Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use greenroom_logging::{BufferedSink, DEFAULT_CAPACITY, RootLogger, info};

const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn lines(&self) -> Vec<serde_json::Value> {
        let bytes = self.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Calls a function for each write, which says how it ends.
struct Scripted<F>(F, Memory);

impl<F: FnMut(&[u8]) -> io::Result<usize>> Write for Scripted<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = (self.0)(bytes)?;
        self.1.write(&bytes[..n])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logger(
    capacity: usize,
    write: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static,
) -> (RootLogger, Memory) {
    let memory = Memory::default();
    let sink = BufferedSink::new(Scripted(write, memory.clone()), capacity);
    (RootLogger::builder().sink(sink).build(), memory)
}

#[test]
fn many_threads_lose_nothing() {
    const THREADS: usize = 8;
    const LINES: usize = 2_000;
    let (root, memory) = logger(DEFAULT_CAPACITY, |bytes| Ok(bytes.len()));
    thread::scope(|scope| {
        for t in 0..THREADS {
            let root = &root;
            scope.spawn(move || {
                for i in 0..LINES {
                    info!(root, t, i, "line");
                }
            });
        }
    });
    assert!(root.flush(LONG));
    let lines = memory.lines();
    assert_eq!(lines.len(), THREADS * LINES);
    for t in 0..THREADS {
        let order: Vec<u64> =
            lines.iter().filter(|l| l["t"] == t).map(|l| l["i"].as_u64().unwrap()).collect();
        assert!(order.is_sorted(), "one thread's lines stay in order");
        assert_eq!(order.len(), LINES);
    }
}

#[test]
fn a_consumer_that_does_not_read_stops_no_caller_and_is_told_what_it_missed() {
    let (release, gate) = mpsc::channel::<()>();
    let mut open = false;
    let (root, memory) = logger(4096, move |bytes| {
        if !open {
            gate.recv().unwrap();
            open = true;
        }
        Ok(bytes.len())
    });
    for i in 0..1_000 {
        info!(root, i, "line");
    }
    assert!(!root.flush(Duration::from_millis(20)), "the deadline holds");
    let [stuck] = root.sinks()[..] else { panic!("there is one") };
    assert!(stuck.lost > 0 && !stuck.is_closed, "{stuck:?}");
    assert!(stuck.blocked.is_some_and(|since| since >= Duration::from_millis(15)), "{stuck:?}");
    release.send(()).unwrap();
    assert!(root.flush(LONG));
    assert_eq!((root.sinks()[0].blocked, root.sinks()[0].lost), (None, stuck.lost));
    let lines = memory.lines();
    let told: u64 = lines.iter().filter_map(|l| l["dropped"].as_u64()).sum();
    let kept = lines.iter().filter(|l| l["message"] == "line").count();
    assert!(told > 0);
    assert_eq!(kept as u64 + told, 1_000);
    let notice = lines.iter().find(|l| l["dropped"].is_u64()).unwrap();
    assert_eq!(notice["message"], "Log lines were dropped because the output was blocked");
    assert_eq!((&notice["level"], &notice["service"]), (&"warn".into(), &"backstage".into()));
}

#[test]
fn a_closed_consumer_is_left_alone() {
    let writes = Arc::new(AtomicUsize::new(0));
    let seen = writes.clone();
    let (root, memory) = logger(4096, move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        Err(ErrorKind::BrokenPipe.into())
    });
    root.info("x");
    assert!(!root.flush(LONG));
    for _ in 0..1_000 {
        root.info("x");
    }
    assert!(!root.flush(LONG));
    assert_eq!(writes.load(Ordering::SeqCst), 1);
    assert!(memory.lines().is_empty());
}

#[test]
fn a_slow_and_fitful_consumer_gets_whole_lines() {
    let mut turn = 0;
    let (root, memory) = logger(DEFAULT_CAPACITY, move |bytes| {
        turn += 1;
        match turn % 7 {
            3 => Err(ErrorKind::Interrupted.into()),
            5 if turn < 50 => Err(ErrorKind::WouldBlock.into()),
            n => Ok(bytes.len().min(1 + n * 3)),
        }
    });
    for i in 0..200 {
        info!(root, i, "line");
    }
    assert!(root.flush(LONG));
    assert_eq!(memory.lines().len(), 200);
}

#[test]
fn a_full_disk_is_told_once_there_is_room() {
    let mut full = true;
    let (root, memory) = logger(4096, move |bytes| {
        if std::mem::take(&mut full) { Err(ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
    });
    root.info("lost");
    root.flush(LONG);
    root.info("kept");
    assert!(root.flush(LONG));
    let lines = memory.lines();
    assert!(lines.iter().any(|l| l["message"] == "kept"));
    assert!(lines.iter().any(|l| l["dropped"] == 1));
}

#[test]
fn a_line_beyond_the_buffer_is_dropped_and_told() {
    let (root, memory) = logger(4096, |bytes| Ok(bytes.len()));
    root.info("x".repeat(5000));
    assert!(root.flush(LONG));
    assert_eq!(memory.lines()[0]["dropped"], 1);
}

#[test]
fn an_error_of_this_process_has_room_where_other_lines_have_none_any_more() {
    let (gate, opened) = std::sync::mpsc::channel::<()>();
    let (tell, began) = std::sync::mpsc::channel();
    let mut is_first = true;
    let (root, memory) = logger(4096, move |bytes| {
        if std::mem::take(&mut is_first) {
            let _ = (tell.send(()), opened.recv());
        }
        Ok(bytes.len())
    });
    root.info("the writer is held by this one");
    began.recv().unwrap();
    for _ in 0..100 {
        root.info("x".repeat(1000));
        root.foreign().error("y".repeat(1000));
    }
    root.error("why it ended");
    // That room has an end, too.
    for _ in 0..400 {
        root.error("z".repeat(1000));
    }
    gate.send(()).unwrap();
    assert!(root.flush(LONG));
    let lines = memory.lines();
    let count = |letter: &str| {
        lines.iter().filter(|line| line["message"].as_str().unwrap().starts_with(letter)).count()
    };
    assert!(count("x") + count("y") <= 4, "{}", lines.len());
    assert_eq!(count("why it ended"), 1);
    assert!((200..=260).contains(&count("z")), "{}", count("z"));
    assert!(lines.last().unwrap()["dropped"].as_u64().unwrap() > 300);
}

#[test]
fn dropping_the_last_handle_writes_what_is_left() {
    let (root, memory) = logger(4096, |bytes| Ok(bytes.len()));
    let log = root.plugin("p");
    root.info("a");
    drop(root);
    log.info("b");
    drop(log);
    assert_eq!(memory.lines().len(), 2);
}

#[test]
fn each_line_is_out_when_the_call_returns() {
    let memory = Memory::default();
    let sink = BufferedSink::new(memory.clone(), 4096).each_line();
    let root = RootLogger::builder().sink(sink).build();
    for n in 1..20 {
        root.info("x");
        assert_eq!(memory.lines().len(), n);
    }
}

#[test]
fn a_line_begins_at_a_lines_start_after_a_failed_write() {
    let mut turn = 0;
    let (root, memory) = logger(DEFAULT_CAPACITY, move |bytes| {
        turn += 1;
        match turn {
            1 => Ok(bytes.len() / 2),
            2 => Err(ErrorKind::StorageFull.into()),
            _ => Ok(bytes.len()),
        }
    });
    root.info("cut in two");
    root.flush(LONG);
    root.info("whole");
    assert!(root.flush(LONG));
    let bytes = memory.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<_> = text.lines().map(serde_json::from_str::<serde_json::Value>).collect();
    assert!(lines[0].is_err(), "{text}");
    let whole: Vec<_> = lines[1..].iter().map(|line| line.as_ref().unwrap()).collect();
    assert!(whole.iter().any(|line| line["message"] == "whole"), "{text}");
    assert!(whole.iter().any(|line| line["dropped"] == 1), "{text}");
}

#[test]
fn a_stuck_reader_is_waited_for_once_where_each_line_is_waited_for() {
    let (release, gate) = mpsc::channel::<()>();
    let writer = Scripted(
        move |bytes: &[u8]| {
            // Closed once the test lets go.
            let _ = gate.recv();
            Ok(bytes.len())
        },
        Memory::default(),
    );
    let sink = BufferedSink::new(writer, DEFAULT_CAPACITY).each_line();
    let root = RootLogger::builder().sink(sink).build();
    let begin = Instant::now();
    (0..10_000).for_each(|i| info!(root, i, "line"));
    assert!(begin.elapsed() < LONG);
    drop(release);
    assert!(root.flush(LONG));
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn in_child_consumers_that_take_nothing() {
    let lose = |sink: BufferedSink| {
        let root = RootLogger::builder().sink(sink).build();
        for _ in 0..3 {
            root.info("x");
            root.flush(LONG);
        }
        std::mem::forget(root);
    };
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    lose(BufferedSink::new(writer, DEFAULT_CAPACITY));
    lose(BufferedSink::new(
        std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap(),
        DEFAULT_CAPACITY,
    ));

    let (_reader, writer) = io::pipe().unwrap();
    let root = RootLogger::builder().sink(BufferedSink::new(writer, DEFAULT_CAPACITY).each_line()).build();
    (0..3_000).for_each(|i| info!(root, i, "a line of some length, of which a pipe holds but some hundreds"));
    // Until the parent has read what is told.
    io::stdin().read_line(&mut String::new()).unwrap();
    std::mem::forget(root);
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_is_told_on_stderr_once() {
    const TOLD: [&str; 3] = [
        "Broken pipe (os error 32); lines lost so far: 1",
        "No space left on device",
        "took no line for 200ms",
    ];
    let mut command = child("sinks::in_child_consumers_that_take_nothing");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stderr = BufReader::new(process.stderr.take().unwrap());
    let mut text = String::new();
    while !TOLD.iter().all(|told| text.contains(told)) {
        assert_ne!(stderr.read_line(&mut text).unwrap(), 0, "{text}");
    }
    drop(process.stdin.take());
    stderr.read_to_string(&mut text).unwrap();
    assert!(process.wait().unwrap().success());
    for told in TOLD {
        assert_eq!(text.matches(told).count(), 1, "{told}: {text}");
    }
}

/// Runs one of the ignored tests of this file in a process of its own.
pub(crate) fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env_remove("RUST_BACKTRACE").stderr(Stdio::null());
    command
}

/// The log lines among what such a process prints; the first stands behind the test's name.
pub(crate) fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok()).collect()
}

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn in_child_lines_then_exit() {
    let root = RootLogger::builder().build();
    for i in 0..20_000 {
        info!(root, i, "line");
    }
    let done = root.flush(Duration::from_secs(2));
    std::process::exit(if done { 0 } else { 9 });
}

#[test]
fn a_process_that_ends_loses_no_line() {
    let output = child("sinks::in_child_lines_then_exit").output().unwrap();
    assert!(output.status.success());
    assert_eq!(lines(&output).len(), 20_000);
}

#[test]
fn a_process_whose_reader_has_gone_still_ends() {
    let mut process = child("sinks::in_child_lines_then_exit").stdout(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    let begin = Instant::now();
    assert!(process.wait().unwrap().code().is_some());
    assert!(begin.elapsed() < LONG);
}
