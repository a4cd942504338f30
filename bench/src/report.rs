//! The page: what was measured, on what, how.

use std::fmt::Write;

use crate::measure::{Measured, Plan};
use crate::subject::Subject;
use crate::{Figure, Samples, wrk};
use crate::{gateway, instructions, log, portal};

/// What is written by itself, each part at its own time.
const SECTIONS: [Section; 5] =
    [Section::INSTRUCTIONS, Section::PORTAL, Section::GATEWAY, Section::LOG, Section::EARLIER];

/// In front of what a new part goes.
const LAST: [&str; 2] = [Section::EARLIER.heading, MACHINE];

const MACHINE: &str = "## Machine and versions";

/// A part of the page: its heading, and how its figures are taken.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    heading: &'static str,
    how: &'static str,
}

impl Section {
    /// What callgrind counts.
    pub const INSTRUCTIONS: Self = Self { heading: "## Instructions", how: instructions::HOW };
    /// A front end's files, and its events.
    pub const PORTAL: Self = Self { heading: "## A front end", how: portal::HOW };

    /// Greenroom in front of a Node backend.
    pub const GATEWAY: Self = Self { heading: "## In front of a Node backend", how: gateway::HOW };

    /// What another process prints.
    pub const LOG: Self = Self { heading: "## The lines of a Node backend", how: log::HOW };

    /// This Greenroom beside an earlier one, on one machine. Written by hand: it takes two checkouts.
    const EARLIER: Self = Self { heading: "## Beside an earlier Greenroom", how: "" };

    /// It within a page, its heading included.
    fn of(self, page: &str) -> Option<&str> {
        let from = page.find(self.heading)?;
        let after = from + self.heading.len();
        let to = page[after..].find("\n## ").map_or(page.len(), |end| after + end + 1);
        Some(&page[from..to])
    }

    /// The page with these tables in it.
    pub fn put(self, page: &str, tables: &str) -> String {
        let section = format!("{}\n\n{}\n{tables}\n", self.heading, self.how);
        match self.of(page) {
            Some(old) => page.replacen(old, &section, 1),
            None => match LAST.into_iter().find_map(|heading| page.find(heading)) {
                Some(at) => format!("{}{section}{}", &page[..at], &page[at..]),
                None => format!("{page}\n{}\n", section.trim_end()),
            },
        }
    }
}

/// The two tables.
pub fn tables(plan: &Plan, measured: &Measured) -> String {
    let mut text = String::from(
        "| figure | Node | Greenroom | floor | Node ÷ Greenroom | Greenroom ÷ floor | we aim for |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for &figure in &plan.figures {
        let of = |subject| measured.of(figure, subject);
        let floor = figure.floor().and_then(of);
        let (node, greenroom) = (of(Subject::Node), of(Subject::Greenroom));
        let cells = [
            format!("{} ({})", figure.name, figure.unit),
            value(node),
            value(greenroom),
            value(floor),
            ratio(node, greenroom),
            ratio(greenroom, floor),
            aim(figure, measured),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push_str("\nThe floors, each one's last being that of the table above:\n\n");
    text.push_str(
        "| figure | floor | value | Node ÷ floor | Greenroom ÷ floor |\n| --- | --- | --- | --- | --- |\n",
    );
    for &figure in &plan.figures {
        for &subject in figure.floors {
            let floor = measured.of(figure, subject);
            let [node, greenroom] =
                [Subject::Node, Subject::Greenroom].map(|above| ratio(measured.of(figure, above), floor));
            let cells = [
                format!("{} ({})", figure.name, figure.unit),
                subject.name().to_owned(),
                value(floor),
                node,
                greenroom,
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    if !measured.notes.is_empty() {
        text.push('\n');
        measured.notes.iter().for_each(|note| text.push_str(&format!("* {note}\n")));
    }
    text
}

/// The whole page; what is written by itself is taken over from the page before.
pub fn page(plan: &Plan, measured: &Measured, machine: &[(&'static str, String)], before: &str) -> String {
    let mut text = String::from(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench --write`, from one run on one machine; figures of different machines are never \
         mixed. The\nvalues are medians; in brackets how far the least and the greatest are apart, in percent of the \
         median. What lasts is the\nratios.\n\n",
    );
    text.push_str(&tables(plan, measured));
    text.push('\n');
    SECTIONS.into_iter().filter_map(|section| section.of(before)).for_each(|kept| text.push_str(kept));
    text.push_str(&format!("{MACHINE}\n\n| | |\n| --- | --- |\n"));
    for (name, value) in machine {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text.push_str("\n## How each is measured\n\n");
    for figure in &plan.figures {
        let _ = writeln!(text, "* **{}** (`--only {}`): {}.", figure.name, figure.id, figure.how);
    }
    let _ = write!(text, "\n{}", setting(plan));
    text
}

fn setting(plan: &Plan) -> String {
    let command = wrk::arguments("<url>", 32, plan.seconds).join(" ");
    format!(
        "Both backends run the plugins `healthcheck` and `tasks` with the same config file, with `NODE_ENV=production`, \
         on core 0,\ntheir standard output in a file; `wrk` and what reads the clocks run on core 1. Greenroom is a \
         release build, the Node\nbackend is the locked one of `tests/conformance/peer` with signing keys of its own, so \
         that no database is opened. {} rounds;\nin each one all take their turn, in every second one the other way \
         round. A load is preceded by a second of the same\nload, the first one of a process by five; a run with an answer other than 2xx, a broken \
         connection or a missing log line is thrown away.\n\n```sh\n\
         taskset -c 0 env NODE_ENV=production FEATURES=healthcheck,tasks \\\n  \
         node tests/conformance/peer/backend.js --config app-config.yaml > server.log   # Node\n\
         taskset -c 0 env NODE_ENV=production FEATURES=healthcheck,tasks \\\n  \
         target/release/conformance-backend --config app-config.yaml > server.log       # Greenroom\n\
         taskset -c 0 target/release/bench-floors axum-lines <port> > server.log        # floor; also: hyper, axum, axum-same\n\
         taskset -c 1 wrk {command}\n\
         taskset -c 0 node bench/node/log.js <lines> <secrets> > loop.log\n\
         taskset -c 0 target/release/bench-log greenroom <lines> <secrets> > loop.log   # also: write, write-batched\n\
         ```\n",
        plan.rounds
    )
}

pub(crate) fn value(samples: Option<&Samples>) -> String {
    let Some(median) = samples.and_then(Samples::median) else { return "–".to_owned() };
    match samples.filter(|samples| samples.count() > 1).and_then(Samples::spread) {
        Some(spread) => format!("{} ({spread:.0} %)", number(median)),
        None => number(median),
    }
}

fn ratio(above: Option<&Samples>, below: Option<&Samples>) -> String {
    let medians = (above.and_then(Samples::median), below.and_then(Samples::median));
    match medians {
        (Some(above), Some(below)) if below > 0.0 => format!("**{}**", number(above / below)),
        _ => "–".to_owned(),
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        0.0..9.995 => format!("{value:.2}"),
        9.995..99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// What Node's should be, and whether it is not.
fn aim(figure: &Figure, measured: &Measured) -> String {
    let best = |subject| Some(measured.of(figure, subject)?.range()?.0);
    let node = measured.of(figure, Subject::Node).and_then(Samples::median);
    // The best run of each floor: what nothing made of these crates can do.
    let floor = figure.floors.iter().filter_map(|floor| best(*floor)).min_by(f64::total_cmp);
    let yet = match (is_met(figure, measured), node.zip(floor)) {
        (Some(false), Some((node, floor))) if node < figure.aim * floor => ", which no floor is",
        (Some(false), _) => ", not reached",
        _ => "",
    };
    format!("{}× less than Node{yet}", figure.aim)
}

/// Whether Greenroom is as much better than Node as we want; `None` if one of them was not measured.
pub fn is_met(figure: &Figure, measured: &Measured) -> Option<bool> {
    let of = |subject| measured.of(figure, subject)?.median();
    Some(of(Subject::Node)? >= figure.aim * of(Subject::Greenroom)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> (Plan, Measured) {
        let figure = Figure::find("readiness").unwrap();
        let subjects = Subject::ALL.to_vec();
        let plan = Plan { figures: vec![figure], subjects, seconds: 5, rounds: 3 };
        let mut measured = Measured::default();
        let values = [
            (Subject::Node, [100.0, 110.0, 105.0]),
            (Subject::Greenroom, [10.0, 11.0, 10.5]),
            (Subject::AxumSame, [7.0, 7.0, 7.0]),
        ];
        for (subject, values) in values {
            values.into_iter().for_each(|value| measured.add(figure, subject, value));
        }
        (plan, measured)
    }

    #[test]
    fn the_table_shows_medians_with_their_spread_and_ratios() {
        let (plan, measured) = measured();
        let text = tables(&plan, &measured);
        let name = "CPU per request, readiness, its line to a file (µs)";
        let row = format!(
            "| {name} | 105 (10 %) | 10.5 (10 %) | 7.00 (0 %) | **10.0** | **1.50** | 10× less than Node |"
        );
        assert_eq!(text.lines().nth(2), Some(&*row));
        assert!(text.contains(&format!("| {name} | bare axum | – | – | – |\n")), "{text}");
        let floor =
            format!("| {name} | axum, the same lines and headers | 7.00 (0 %) | **15.0** | **1.50** |\n");
        assert!(text.contains(&floor), "{text}");
        assert_eq!(is_met(plan.figures[0], &measured), Some(true));
    }

    #[test]
    fn an_aim_that_no_floor_reaches_is_told_as_such() {
        let figure = Figure::find("readiness").unwrap();
        let told = |floors: &[f64]| {
            let mut measured = Measured::default();
            measured.add(figure, Subject::Node, 100.0);
            measured.add(figure, Subject::Greenroom, 12.0);
            floors.iter().for_each(|value| measured.add(figure, Subject::Hyper, *value));
            aim(figure, &measured)
        };
        assert_eq!(told(&[10.2, 10.1, 10.3]), "10× less than Node, which no floor is");
        assert_eq!(told(&[10.2, 9.9, 10.3]), "10× less than Node, not reached");
    }

    #[test]
    fn the_page_tells_the_machine_the_definitions_and_the_commands() {
        let (plan, measured) = measured();
        let page = page(&plan, &measured, &[("processor", "a quick one, 2 cores".to_owned())], "");
        for text in
            ["| processor | a quick one, 2 cores |", "(`--only readiness`): user and", "wrk -t1 -c32 -d5s "]
        {
            assert!(page.contains(text), "{text} is missing in:\n{page}");
        }
    }

    #[test]
    fn sections_are_written_without_the_rest_and_the_rest_without_them() {
        let (plan, measured) = measured();
        let counted = Section::INSTRUCTIONS.put(&page(&plan, &measured, &[], ""), "| first |");
        let again = Section::INSTRUCTIONS.put(&counted, "| second |");
        assert!(again.contains("| second |\n") && !again.contains("| first |"), "{again}");
        let both = Section::PORTAL.put(&again, "| third |");
        let whole = page(&plan, &measured, &[], &both);
        assert_eq!([whole.matches("| second |").count(), whole.matches("| third |").count()], [1, 1]);
        assert_eq!(Section::INSTRUCTIONS.put(&again, "| first |").len() + 1, again.len());
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        assert_eq!(
            [0.0, 1.234, 9.996, 12.34, 99.96, 1234.5].map(number),
            ["0.00", "1.23", "10.0", "12.3", "100", "1234"]
        );
    }
}
