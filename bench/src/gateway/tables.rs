//! The tables: ratios to nginx and to nobody, and whether they are what we want.

use std::fmt::Write as _;

use super::rate::RATE;
use super::sides::{Behind, Front};
use super::streams::STREAMS;
use super::{LOADS, Load, Measured, Memory};
use crate::Samples;
use crate::report::value;

/// How much we want to add at most, in microseconds.
const ADDED_P50: f64 = 100.0;
const ADDED_P99: f64 = 1000.0;
/// How many times nginx's CPU we want at most.
const CPU: f64 = 1.3;
/// Which share of the throughput without anybody in front we want to leave at least.
const THROUGHPUT: f64 = 0.98;
/// How large we want a stream to be at most, in KiB.
const STREAM: f64 = 20.0;
/// How large we want to be at most when nobody asks, in MiB.
const IDLE: f64 = 40.0;

/// All of them.
pub(super) fn text(measured: &Measured) -> String {
    [latency(measured), cpu(measured), throughput(measured), memory(measured)].join("\n")
}

fn latency(measured: &Measured) -> String {
    let mut text = format!(
        "| latency at {RATE} requests a second (µs) | nobody in front | Greenroom | nginx | Greenroom adds | nginx adds | we aim for |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for behind in [Behind::Floor, Behind::Node] {
        for (name, taken, added, aim) in [
            ("median", &measured.p50, &measured.added_p50, ADDED_P50),
            ("99th percentile", &measured.p99, &measured.added_p99, ADDED_P99),
        ] {
            let [nobody, greenroom, nginx] = Front::ALL.map(|front| value(taken.get(&(behind, front))));
            let [ours, theirs] = [Front::Greenroom, Front::Nginx].map(|front| added.get(&(behind, front)));
            let reached = reached(median(ours) <= aim);
            let _ = writeln!(
                text,
                "| {}, {name} | {nobody} | {greenroom} | {nginx} | **{:.0}** | {:.0} | {aim} more{reached} |",
                behind.name(),
                median(ours),
                median(theirs)
            );
        }
    }
    text
}

fn cpu(measured: &Measured) -> String {
    let mut text = String::from(
        "| CPU per request of what stands in front, its line to a file (µs) | connections | Greenroom | nginx | Greenroom ÷ nginx | we aim for |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for load in LOADS {
        let [ours, theirs] = [Front::Greenroom, Front::Nginx].map(|front| measured.cpu.get(&(load, front)));
        let ratio = median(ours) / median(theirs);
        let Load { name, connections, .. } = load;
        let _ = writeln!(
            text,
            "| {name} | {connections} | {} | {} | **{ratio:.2}** | {CPU}×{} |",
            value(ours),
            value(theirs),
            reached(ratio <= CPU)
        );
    }
    text
}

fn throughput(measured: &Measured) -> String {
    let mut text = String::from(
        "| requests a second, with Node behind | connections | nobody in front | Greenroom | nginx | Greenroom ÷ nobody | nginx ÷ nobody | we aim for |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for load in LOADS.into_iter().filter(|load| load.behind == Behind::Node && load.connections > 1) {
        let sides = Front::ALL.map(|front| measured.throughput.get(&(load, front)));
        let [nobody, greenroom, nginx] = sides.map(value);
        let [direct, ours, theirs] = sides.map(median);
        let _ = writeln!(
            text,
            "| {} | {} | {nobody} | {greenroom} | {nginx} | **{:.3}** | {:.3} | {THROUGHPUT}{} |",
            load.name,
            load.connections,
            ours / direct,
            theirs / direct,
            reached(ours / direct >= THROUGHPUT)
        );
    }
    text
}

fn memory(measured: &Measured) -> String {
    let mut text = String::from(
        "| memory | Greenroom | no file's | nginx | no file's | we aim for |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for (name, of, aim) in [
        (format!("each of {STREAMS} idle event streams (KiB)"), &measured.stream, STREAM),
        ("nobody asks (MiB)".to_owned(), &measured.idle, IDLE),
    ] {
        let cells = |front| {
            let memory: Option<&Memory> = of.get(&front);
            [value(memory.map(|memory| &memory.all)), value(memory.map(|memory| &memory.own))].join(" | ")
        };
        let ours = median(of.get(&Front::Greenroom).map(|memory| &memory.all));
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {aim}{} |",
            cells(Front::Greenroom),
            cells(Front::Nginx),
            reached(ours <= aim)
        );
    }
    text
}

fn median(samples: Option<&Samples>) -> f64 {
    samples.and_then(Samples::median).unwrap_or(f64::NAN)
}

fn reached(is_reached: bool) -> &'static str {
    if is_reached { "" } else { ", not reached" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: f64) -> Samples {
        [value].into_iter().collect()
    }

    #[test]
    fn what_is_not_reached_is_told_and_so_is_what_is_added() {
        let mut measured = Measured::default();
        for (front, p50, added) in
            [(Front::Nobody, 50.0, 0.0), (Front::Greenroom, 170.0, 120.0), (Front::Nginx, 149.0, 99.0)]
        {
            measured.p50.insert((Behind::Floor, front), one(p50));
            measured.added_p50.insert((Behind::Floor, front), one(added));
        }
        for (front, cpu) in [(Front::Greenroom, 26.0), (Front::Nginx, 20.0)] {
            measured.cpu.insert((LOADS[1], front), one(cpu));
        }
        let text = text(&measured);
        let name = Behind::Floor.name();
        let row = format!("| {name}, median | 50.0 | 170 | 149 | **120** | 99 | 100 more, not reached |\n");
        assert!(text.contains(&row), "{text}");
        assert!(text.contains("| hyper, 1 kB | 32 | 26.0 | 20.0 | **1.30** | 1.3× |\n"), "{text}");
    }
}
