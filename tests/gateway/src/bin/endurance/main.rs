//! Runs of an hour, which no suite has time for: `chaos`, a mixed load on a gateway whose Node backend is harmed again and again,
//! and `rolls`, one roll after the other under load. Each ends with a table and with PASS or FAIL, and why.
#![expect(clippy::print_stdout, reason = "a command line tool")]

mod chaos;
mod client;
mod exchange;
mod harm;
mod kind;
mod lines;
mod log;
mod outcome;
mod rolls;
mod script;
mod service;
mod socket;
mod watch;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};
use greenroom_conformance::{backend::Backend, scenarios::READINESS};

#[derive(Parser)]
#[command(about = "Runs a gateway for long, under load and in trouble")]
struct Arguments {
    #[command(subcommand)]
    run: Run,
}

#[derive(Subcommand)]
enum Run {
    /// A mixed load on `greenroom run --gateway`, while its Node backend is killed, stopped and blocked
    Chaos(chaos::Options),
    /// One roll after the other under load, as Kubernetes does them
    Rolls(rolls::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let faults = match Arguments::parse().run {
        Run::Chaos(options) => chaos::run(&options).await,
        Run::Rolls(options) => rolls::run(&options).await,
    };
    if faults.is_empty() {
        println!("\nPASS");
        return ExitCode::SUCCESS;
    }
    println!("\nFAIL");
    for fault in faults {
        println!("* {fault}");
    }
    ExitCode::FAILURE
}

/// Waits until it is ready, also on a machine that has much else to do.
async fn ready(backend: &Backend) -> io::Result<()> {
    let mut waited = backend.await_status(READINESS, 200).await;
    for _ in 0..4 {
        if waited.is_err() {
            waited = backend.await_status(READINESS, 200).await;
        }
    }
    waited
}
