//! A child process around which the backend stands: what it is, what it is told, how it is started, watched and stopped.
//!
//! ```no_run
//! use std::time::Duration;
//! use greenroom_wrap::{ChildCommand, Launch, Supervisor, SupervisorOptions};
//!
//! # async fn run() -> std::io::Result<()> {
//! let words = std::env::args_os().skip_while(|arg| arg != "--").skip(1);
//! let command = ChildCommand::from_process(words)?;
//! let supervisor = Supervisor::start(SupervisorOptions::default(), move || Ok(Launch::from(command.clone())));
//! supervisor.forward_signals(|_| {})?;
//! // A shutdown hook stops it.
//! let last = supervisor.stop(Duration::from_secs(25)).await;
//! std::process::exit(last.exit_code().unwrap_or(1));
//! # }
//! ```
//!
//! It knows processes. Of what runs in them it knows what a Node Backstage takes from its command line and environment
//! ([`ChildCommand`], [`Handover`]), and nothing of HTTP.
//!
//! SIGTERM goes to the direct child alone, once: `backstage-cli` hands it on, and a second one is Node's immediate end. The
//! child has a process group of its own, so that Ctrl-C reaches only us; the group is killed when the time is over.

mod child;
mod command;
mod drift;
mod ended;
mod handover;
mod heartbeat;
mod last_words;
mod listening;
mod memory;
mod off;
mod output;
mod pid1;
mod proc;
mod restart;
mod settings;
mod stall;
mod supervisor;

pub use child::{Child, Input, Stopped, StoppedBy, Target, forward_signals};
pub use command::{ChildCommand, Environment};
pub use drift::{Drift, DriftKind, Drifted, OnDrift};
pub use ended::{Ended, Exit};
pub use handover::{ConfigFile, Handover, HandoverError, free_port, is_taken, quiet_request_lines};
pub use last_words::{
    Cause, Event, Evidence, InFlight, LastExit, LastWords, LastWordsOptions, Mask, MemoryAt, Moment, OnEvent,
    Said, Tail, Time,
};
pub use listening::{listening_ports, listens_on, who_listens_on};
pub use memory::{Machine, Memory, Thresholds};
pub use off::{SWITCH, Switch, exec_if_off};
pub use output::{LeftOut, Output, OutputOptions, Spent};
pub use pid1::{is_pid_1, reap_orphans};
pub use restart::{Next, RestartPolicy, Restarts};
pub use rustix::process::Signal;
pub use settings::{RunLog, RunSettings};
pub use stall::{MainThread, ThreadState};
pub use supervisor::{
    Launch, OnExit, OnState, Restart, State, Supervisor, SupervisorOptions, WeakSupervisor,
};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
