//! A program that is told to end ends, whatever it does and whatever it has left behind.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::{await_line, end};

const CONFIG: &str = "{backend: {listen: '127.0.0.1:0'}, greenroom: {deadlines: {tasks: 100ms}}}\n";

/// The program, its config, and where it runs.
fn program() -> (Command, PathBuf, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("app-config.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_program-under-test"));
    command.current_dir(&directory).stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
    (command, config, directory)
}

#[test]
fn a_signal_while_the_config_is_read_ends_the_process_with_0() {
    let (mut command, _, _directory) = program();
    let mut child = command.args(["--config", "/dev/stdin"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut config = child.stdin.take().unwrap();
    // More than a pipe holds: when it is written, it is being read, and its end is awaited.
    config.write_all("# so on\n".repeat(40_000).as_bytes()).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end(&mut child), Some(0));
    drop(config);
}

#[test]
fn work_of_a_minute_that_is_left_behind_does_not_hold_the_end_of_a_command() {
    for what in ["check", "print", "schema"] {
        let (mut command, config, _directory) = program();
        let mut child = command.args(["config", what, "--config"]).arg(config).spawn().unwrap();
        assert_eq!(end(&mut child), Some(0), "{what}");
    }
}

#[test]
fn work_of_a_minute_on_a_blocking_thread_does_not_hold_the_end_of_a_program() {
    let (mut command, config, _directory) = program();
    let mut child = command.arg("--config").arg(config).spawn().unwrap();
    await_line(child.stdout.take().unwrap(), "blocks");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end(&mut child), Some(0));
}
