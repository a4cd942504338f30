//! What cargo cannot do alone: `cargo xtask test` finds out what the suites need, installs it if allowed, runs them all and counts;
//! `cargo xtask follow` goes after Backstage's releases; `cargo xtask app` builds a front end to serve; `cargo xtask bench` builds and starts what takes the figures; `cargo xtask dist` builds what is handed on.
//!
//! [`suites`] is the table, [`plan`] decides, [`needs`] detects and installs, [`run`] executes, [`tally`] reads the results.
//! Nothing but the standard library and clap, so that it compiles before anything else does.

#![expect(clippy::print_stdout, reason = "a command line tool: its output is for the person who started it")]

mod app;
mod bench;
mod dist;
mod follow;
mod needs;
mod plan;
mod run;
mod suites;
mod tally;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

/// Development tasks of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every suite, and tell what passed, failed and was skipped
    Test(plan::Options),
    /// Lock a newer Node backend beside the others, record it, and tell what it says differently
    Follow(follow::Options),
    /// Build the stock front end of Backstage, and tell how to serve it
    App(app::Options),
    /// Take the figures of Greenroom, of the Node backend and of floors
    Bench(bench::Options),
    /// Build the static binary that is handed on, in an archive with its bill of materials and sums
    Dist(dist::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().task {
        Task::Test(options) => run::test(&options),
        Task::Follow(options) => ended(follow::follow(&options)),
        Task::App(options) => ended(app::app(&options)),
        Task::Bench(options) => bench::bench(&options),
        Task::Dist(options) => ended(dist::dist(&options)),
    }
}

/// Says what went wrong.
fn ended(task: io::Result<()>) -> ExitCode {
    match task {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
