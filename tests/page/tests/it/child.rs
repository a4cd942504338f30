//! `greenroom run` without a gateway: what the command prints, how it ends, and what is told of that.

use std::{path::Path, process::Stdio, time::Duration};

use greenroom_page::{Finished, Program, Server, binary};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

/// Greenroom around a shell with a script, whose own files are there.
fn around(script: &str, files: &Path, more: &str) -> Program {
    let config = format!("greenroom: {{dataDir: '{}', {more}}}\n", files.display());
    Program::greenroom().config(&config).args("run -- /bin/sh -c").arg(script)
}

fn signal(server: &Server, signal: Signal) {
    let id = server.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
    kill_process(id, signal).expect("it runs");
}

fn last_exit(files: &Path) -> Value {
    let text = std::fs::read_to_string(files.join("last-exit.json")).expect("its end is kept");
    serde_json::from_str(&text).expect("JSON")
}

/// How a script ends that is sent a signal once it has begun.
async fn ended_by(signal_sent: Signal, script: &str) -> (Finished, Value) {
    let files = tempfile::tempdir().unwrap();
    let server = around(script, files.path(), "").spawn();
    server.line("begun").await;
    signal(&server, signal_sent);
    (server.finished().await, last_exit(files.path()))
}

const BLOCKS: &str = "echo begun; while :; do /bin/sleep 0.02; done";

#[tokio::test]
async fn gateway_53_what_it_prints_goes_on_byte_for_byte_and_its_end_is_told_with_its_last_lines() {
    let files = tempfile::tempdir().unwrap();
    let script = "printf 'one\\r\\n\\033[31m{ \"a\": 1.50 }'; printf 'Error: why\\n    at x\\n' >&2; exit 7";
    // The kit reads lines: here each byte counts.
    let greenroom = binary::path("greenroom-cli", "greenroom").unwrap();
    let mut command = Command::new(greenroom);
    command.env_clear().current_dir(files.path()).args(["run", "--", "/bin/sh", "-c", script]);
    command.env("XDG_STATE_HOME", files.path());
    std::fs::write(files.path().join("app-config.yaml"), "app: {}\n").unwrap();
    let ended = command.stdin(Stdio::null()).output().await.unwrap();
    assert_eq!((ended.status.code(), &*ended.stdout), (Some(7), &b"one\r\n\x1b[31m{ \"a\": 1.50 }"[..]));
    let told = String::from_utf8(ended.stderr).unwrap();
    let sentence = "Error: why\n    at x\ngreenroom: The backend has ended: exit code 7 after ";
    assert!(told.starts_with(sentence), "{told}");
    let exit = last_exit(&files.path().join("greenroom"));
    let lines: Vec<_> = exit["lines"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(lines.contains(&"one") && lines.contains(&"Error: why"), "{exit}");
    assert_eq!((&exit["cause"], &exit["detail"]), (&"exit".into(), &"Error: why".into()), "{exit}");
}

#[tokio::test]
async fn gateway_53_who_is_to_pass_the_output_reads_nothing_of_it() {
    for (more, switch) in [("run: {log: pass}", ""), ("", "pass")] {
        let files = tempfile::tempdir().unwrap();
        let program = around("echo one; exit 7", files.path(), more).env("GREENROOM", switch);
        let ended = program.run().await;
        assert_eq!((ended.code, &*ended.stdout), (Some(7), "one"));
        assert_eq!(last_exit(files.path())["lines"], serde_json::json!([]));
    }
}

#[tokio::test]
async fn gateway_54_who_has_no_answer_to_the_signal_of_a_stop_ends_with_the_code_of_what_was_sent_to_us() {
    for (sent, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (ended, exit) = ended_by(sent, BLOCKS).await;
        assert_eq!((ended.code, &exit["cause"]), (Some(code), &"stopped".into()), "{ended:?}, {exit}");
    }
    // Who has one says it himself.
    let answers = format!("trap 'exit 3' TERM; {BLOCKS}");
    assert_eq!(ended_by(Signal::INT, &answers).await.0.code, Some(3));
}

#[tokio::test]
async fn gateway_122_a_second_signal_leaves_nobody_behind_whether_the_child_has_ended_or_not() {
    for script in [
        "trap 'echo told' TERM; echo begun; n=0; while [ $n -lt 1200 ]; do n=$((n+1)); /bin/sleep 0.05; done",
        "trap 'echo told; exit 0' TERM; (trap '' TERM; echo begun; exec /bin/sleep 60) & wait",
    ] {
        let files = tempfile::tempdir().unwrap();
        // What it prints is then open until whoever may print has ended.
        let server = around(script, files.path(), "run: {log: pass}").spawn();
        server.line("begun").await;
        server.terminate();
        server.line("told").await;
        server.terminate();
        let ended = timeout(Duration::from_secs(20), server.finished()).await.expect("somebody is left");
        assert_eq!(ended.code, Some(143), "{ended:?}");
    }
}

#[tokio::test]
async fn gateway_54_a_signal_that_was_passed_on_is_not_told_as_a_kill_from_outside() {
    let (ended, exit) = ended_by(Signal::HUP, BLOCKS).await;
    assert_eq!((ended.code, &exit["cause"]), (Some(129), &"passedOn".into()), "{ended:?}, {exit}");
    let told = "killed by SIGHUP after ";
    let why = "(the signal was sent to Greenroom, which passed it on)";
    assert!(ended.stderr.contains(told) && ended.stderr.contains(why), "{ended:?}");
}

#[tokio::test]
async fn gateway_55_a_start_that_failed_is_told_and_ends_no_process_that_nobody_asks() {
    // No quote may stand in it: it stands in those of the shell.
    const FAILED: &str = r#"{"level":"error","message":"Plugin \u0027x\u0027 threw an error during startup, waiting for 0 other plugins to finish before shutting down the process. boom"}"#;
    let script = format!("trap 'exit 0' TERM; printf '%s\\n' '{FAILED}'; {BLOCKS}");
    let files = tempfile::tempdir().unwrap();
    let server = around(&script, files.path(), "").spawn();
    server.said("The backend's start has failed").await;
    let stopped = server.stop().await;
    assert_eq!(
        (stopped.code, &last_exit(files.path())["cause"]),
        (Some(0), &"stopped".into()),
        "{stopped:?}"
    );
}

#[tokio::test]
async fn who_forgets_what_stands_in_front_of_the_command_is_told_the_whole_line() {
    let ended = Program::greenroom().args("run --gateway node x.js --config a.yaml").run().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let told = "write `--` in front of the command: greenroom run --gateway -- node x.js --config a.yaml";
    assert!(ended.stderr.contains(told), "{ended:?}");
}

#[tokio::test]
async fn who_names_nothing_to_compare_is_told_both_that_are_missing() {
    let ended = Program::greenroom().args("conform").run().await;
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
    let told = "greenroom conform --a http://localhost:7007 --b http://localhost:7008";
    assert!(ended.stderr.contains(told), "{ended:?}");
}

/// Greenroom around a shell with a script, below a shell that runs this with `"$@"` for its words.
async fn within(outer: &str, script: &str) -> std::process::Output {
    let greenroom = binary::path("greenroom-cli", "greenroom").unwrap();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("app-config.yaml"), "app: {}\n").unwrap();
    let mut command = Command::new("/bin/bash");
    command.args(["-c", outer, "bash"]).arg(greenroom).args(["run", "--", "/bin/bash", "-c", script]);
    command.current_dir(files.path()).env("XDG_STATE_HOME", files.path()).env_remove("LOG_FORMAT");
    command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
}

#[tokio::test]
async fn gateway_127_who_prints_on_when_nobody_reads_ends_as_without_us() {
    // `exec`, so that it is the program itself to which the signal goes.
    let ended = within("\"$@\" | /usr/bin/head -n 1; echo \"${PIPESTATUS[0]}\"", "exec /usr/bin/yes").await;
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(told.lines().collect::<Vec<_>>(), ["y", "141"], "{ended:?}");
}

#[tokio::test]
async fn gateway_127_where_both_streams_go_to_one_place_what_is_printed_keeps_its_order() {
    const LINES: usize = 2000;
    let script = format!("for line in {{1..{LINES}}}; do echo \"$line\"; echo \"$line\" >&2; done");
    let ended = within("\"$@\" 2>&1", &script).await;
    let expected: String = (1..=LINES).map(|line| format!("{line}\n{line}\n")).collect();
    assert!(String::from_utf8_lossy(&ended.stdout) == expected, "the order is another one");
}
