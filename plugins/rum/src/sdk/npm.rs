//! Runs the operator's own npm, and ends it with the command that has started it.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

/// What keeps npm from telling how it went.
#[derive(Debug)]
pub(super) enum NotRun {
    /// It cannot be started.
    NotStarted(io::Error),
    /// Somebody has stopped it, or the command that waits for it.
    Interrupted,
}

/// Waits for npm, and for whoever interrupts that: a signal for this process, which is then no longer ended by it.
pub(super) fn run(command: std::process::Command) -> Result<Output, NotRun> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(NotRun::NotStarted)?.block_on(async {
        let on = |kind| signal(kind).map_err(NotRun::NotStarted);
        let mut interrupt = on(SignalKind::interrupt())?;
        let mut terminate = on(SignalKind::terminate())?;
        let mut hang_up = on(SignalKind::hangup())?;
        let interrupted = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
        };
        run_until(command, interrupted).await
    })
}

/// npm and what it has started are a group of their own, so that a terminal's Ctrl-C is for us alone, and nobody of them is left.
async fn run_until(
    command: std::process::Command,
    interrupted: impl Future<Output = ()>,
) -> Result<Output, NotRun> {
    let mut command = Command::from(command);
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(NotRun::NotStarted)?;
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let mut ended = std::pin::pin!(child.wait_with_output());
    let output = tokio::select! {
        output = &mut ended => output.map_err(NotRun::NotStarted)?,
        () = interrupted => {
            // Gone already, if it has ended at the same moment.
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
            let _ = ended.await;
            return Err(NotRun::Interrupted);
        }
    };
    if is_interrupted(output.status) { Err(NotRun::Interrupted) } else { Ok(output) }
}

/// By a signal, or as a shell tells of SIGINT and SIGTERM.
fn is_interrupted(status: ExitStatus) -> bool {
    status.signal().is_some() || matches!(status.code(), Some(130 | 143))
}

/// What npm says went wrong: the first of its lines behind those that hold a code. Below it are a stack and advice for everybody.
pub(super) fn reason(said: &str) -> Option<&str> {
    let own = said.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix("npm error").or_else(|| line.strip_prefix("npm ERR!")).map(str::trim)
    });
    let is_code = |line: &str| {
        let name = line.split(' ').next().unwrap_or_default();
        matches!(name, "" | "code" | "errno" | "syscall" | "path")
    };
    let reason = own.into_iter().find(|line| !is_code(line));
    reason.or_else(|| said.lines().map(str::trim).rfind(|line| !line.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn rum_29_of_what_npm_says_the_line_counts_that_says_what_went_wrong() {
        let refused = "npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error errno ECONNREFUSED\n\
             npm error FetchError: request to http://r/x failed, reason: connect ECONNREFUSED 127.0.0.1:9\n\
             npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/index.js:130:14)\n\
             npm error   code: 'ECONNREFUSED',\nnpm error }\nnpm error\n\
             npm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.\n\
             npm error A complete log of this run can be found in: x.log\n";
        assert_eq!(
            reason(refused),
            Some("FetchError: request to http://r/x failed, reason: connect ECONNREFUSED 127.0.0.1:9")
        );
        let missing = "(node:1) Warning: old\nnpm ERR! code E404\nnpm ERR! 404 Not Found - GET http://r/x - Not found\nnpm ERR! 404";
        assert_eq!(reason(missing), Some("404 Not Found - GET http://r/x - Not found"));
        assert_eq!(reason("sh: 1: node: not found\n\n"), Some("sh: 1: node: not found"));
        assert_eq!(reason(" \n"), None);
    }

    #[tokio::test]
    async fn rum_29_who_interrupts_it_ends_npm_and_all_that_npm_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let mut npm = Command::new("sh");
        npm.args(["-c", "trap '' INT TERM HUP; sleep 1000 & echo up > \"$0\"; wait"]).arg(&fifo);
        let interrupted = async {
            tokio::fs::read_to_string(fifo).await.unwrap();
        };
        // It waits for the end of all that could still write to its output.
        let ended = run_until(npm, interrupted).await.unwrap_err();
        assert!(matches!(ended, NotRun::Interrupted), "{ended:?}");
    }
}
