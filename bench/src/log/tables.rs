//! The tables: ratios to what does the same, and whether they are what we want.

use std::fmt::Write as _;

use super::Measured;
use super::filter::{ASKED, Filter};
use super::wrap::Reader;
use crate::Samples;
use crate::report::value;

/// How many microseconds of CPU we want a line to take at most.
const WRAP: f64 = 10.0;

/// All of them.
pub(super) fn text(measured: &Measured) -> String {
    [wrap(measured), filter(measured), exit(measured), program(measured)].join("\n")
}

fn median(samples: Option<&Samples>) -> f64 {
    samples.and_then(Samples::median).unwrap_or(f64::NAN)
}

fn wrap(measured: &Measured) -> String {
    let mut text = String::from(
        "| CPU per line of another process (µs) | value | `pino-pretty` ÷ this | we aim for |\n| --- | --- | --- | --- |\n",
    );
    let theirs = median(measured.wrap.get(&Reader::PinoPretty));
    for reader in Reader::ALL {
        let samples = measured.wrap.get(&reader);
        let aim = match reader {
            Reader::Wrap(_) if median(samples) <= WRAP => format!("{WRAP}"),
            Reader::Wrap(_) => format!("{WRAP}, not reached"),
            _ => String::new(),
        };
        let ratio = theirs / median(samples);
        let _ = writeln!(text, "| {} | {} | **{ratio:.1}** | {aim} |", reader.name(), value(samples));
    }
    text
}

fn filter(measured: &Measured) -> String {
    let [ours, theirs] = Filter::ALL;
    let mut text = format!(
        "| a file of 1 GB, filtered (s) | {} | {} | jq ÷ Greenroom |\n| --- | --- | --- | --- |\n",
        ours.name(),
        theirs.name()
    );
    for asked in ASKED {
        let [ours, theirs] = Filter::ALL.map(|filter| measured.filter.get(&(asked.name, filter)));
        let ratio = median(theirs) / median(ours);
        let _ = writeln!(text, "| {asked} | {} | {} | **{ratio:.1}** |", value(ours), value(theirs));
    }
    text
}

fn exit(measured: &Measured) -> String {
    let printed: usize = measured.exit.iter().map(|lines| lines.printed).sum();
    let arrived: usize = measured.exit.iter().map(|lines| lines.arrived).sum();
    format!(
        "| a Node that ends at 10,000 lines a second | printed | lost | we aim for |\n| --- | --- | --- | --- |\n\
         | {} ends | {printed} | **{}** | 0 |\n",
        measured.exit.len(),
        printed.saturating_sub(arrived)
    )
}

fn program(measured: &Measured) -> String {
    let Some(program) = &measured.program else { return String::new() };
    format!(
        "| the program | value |\n| --- | --- |\n| its size (MiB) | {:.1} |\n| the same in the archive (MiB) | {:.1} |\n\
         | from unpacking to the first line (ms) | {} |\n| of that, unpacking (ms) | {} |\n",
        program.size,
        program.packed,
        value(Some(&program.first_line)),
        value(Some(&program.unpacked))
    )
}
