//! Takes the figures: what `cargo xtask bench` runs once everything is built and installed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool for the person who started it"
)]

use std::fs;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use greenroom_bench::measure::{self, Plan};
use greenroom_bench::process::{Core, end_with_children};
use greenroom_bench::report::Section;
use greenroom_bench::subject::Places;
use greenroom_bench::{FIGURES, Figure, Subject, gateway, instructions, log, machine, portal, report};

/// Takes the figures of Greenroom, of the Node backend, and of floors.
#[derive(Debug, Parser)]
struct Options {
    /// Seconds of each load
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=20))]
    rounds: u64,
    /// Greenroom and its floors only
    #[arg(long)]
    without_node: bool,
    /// This figure only; may be given again
    #[arg(long, value_parser = figure)]
    only: Vec<&'static Figure>,
    /// Count instructions instead, under callgrind
    #[arg(long, conflicts_with_all = ["seconds", "rounds", "without_node", "only"])]
    instructions: bool,
    /// Measure a front end's files beside nginx, and its events
    #[arg(long, conflicts_with_all = ["without_node", "only", "instructions"])]
    portal: bool,
    /// Measure what standing in front of a Node backend costs, beside nginx
    #[arg(long, conflicts_with_all = ["without_node", "only", "instructions", "portal"])]
    gateway: bool,
    /// Measure what the lines of a Node backend cost, beside cat, pino-pretty and jq
    #[arg(long, conflicts_with_all = ["seconds", "without_node", "only", "instructions", "portal", "gateway"])]
    log: bool,
    /// Write docs/benchmarks.md; needs a full run
    #[arg(long, conflicts_with_all = ["without_node", "only"])]
    write: bool,
}

fn figure(id: &str) -> Result<&'static Figure, String> {
    let known: Vec<_> = FIGURES.iter().map(|figure| figure.id).collect();
    Figure::find(id).ok_or_else(|| format!("the figures are {}", known.join(", ")))
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let places = Places::find();
    let page = places.workspace.join("docs/benchmarks.md");
    let before = fs::read_to_string(&page).unwrap_or_default();
    let write = |text: String| {
        if options.write {
            fs::write(&page, text)?;
            println!("written: {}", page.display());
        }
        Ok(())
    };
    // A section may be of another commit than the rest of the page.
    let of = |tables: String| format!("Of Greenroom {}.\n\n{tables}", machine::revision(&places));
    if options.instructions {
        end_with_children()?;
        let tables = instructions::run(&places, |value| println!("{value}"))?;
        println!("\n{tables}");
        return write(Section::INSTRUCTIONS.put(&before, &of(tables)));
    }
    if options.portal {
        end_with_children()?;
        Core::Load.pin()?;
        let tables = portal::run(&places, options.seconds, options.rounds, |value| println!("{value}"))?;
        println!("\n{tables}");
        return write(Section::PORTAL.put(&before, &of(tables)));
    }
    if options.gateway {
        end_with_children()?;
        Core::Load.pin()?;
        let tables = gateway::run(&places, options.seconds, options.rounds, |value| println!("{value}"))?;
        println!("\n{tables}");
        return write(Section::GATEWAY.put(&before, &of(tables)));
    }
    if options.log {
        end_with_children()?;
        Core::Load.pin()?;
        let tables = log::run(&places, options.rounds, |value| println!("{value}"))?;
        println!("\n{tables}");
        return write(Section::LOG.put(&before, &of(tables)));
    }
    let figures = if options.only.is_empty() { FIGURES.iter().collect() } else { options.only.clone() };
    let concerned = |subject: &Subject| figures.iter().any(|figure| figure.concerns(*subject));
    let chosen =
        |subject: &Subject| concerned(subject) && !(options.without_node && *subject == Subject::Node);
    let subjects = Subject::ALL.into_iter().filter(chosen).collect();
    let plan = Plan { figures, subjects, seconds: options.seconds, rounds: options.rounds };

    // Before anything is pinned: the number of cores is asked for.
    let machine = machine::describe(&places, !options.without_node);
    end_with_children()?;
    Core::Load.pin()?;
    println!("about {} s; load average {}", plan.estimate().as_secs(), machine::load());
    let measured = measure::run(&plan, &places, |value| println!("{value}"))?;

    println!("\n{}", report::tables(&plan, &measured));
    for (name, value) in &machine {
        println!("{name}: {value}");
    }
    for figure in plan.figures.iter().filter(|figure| report::is_met(figure, &measured) == Some(false)) {
        println!("not what we aim for: {}", figure.name);
    }
    write(report::page(&plan, &measured, &machine, &before))
}
