//! The output of `cargo nextest run` at status level `skip`: a line a test, a summary, then each failure again with its output.

use super::{Failed, Skipped, Tally, said};

/// Counts by the summary, names by the lines around it, as `binary test`. Nextest does not say why a test is skipped. The
/// tests that do not match a `filter` were not asked for: they are no skipped ones.
pub(crate) fn parse(output: &str, filter: Option<&str>) -> Tally {
    let mut tally = Tally::default();
    let mut lines = output.lines();
    let mut failures = 0;
    for line in lines.by_ref() {
        if let Some(("SKIP", name)) = status_line(line)
            && filter.is_none_or(|filter| name.contains(filter))
        {
            tally.skipped.push(Skipped { name: name.to_owned(), reason: "ignored".to_owned() });
        }
        if let Some(summary) = line.trim_start().strip_prefix("Summary [") {
            for (count, what) in counts(summary) {
                match what {
                    "passed" => tally.passed = count,
                    "skipped" => {}
                    _ => failures += count,
                }
            }
            break;
        }
    }
    let told: Vec<_> = lines.collect();
    let named = (0..told.len()).filter_map(|at| Some((at, status_line(told[at])?.1)));
    let said = |at: usize| {
        let lines = told[at + 1..].iter().copied().take_while(|line| status_line(line).is_none());
        said::shortened(lines.map(str::trim_start))
    };
    tally.failed =
        named.take(failures).map(|(at, name)| Failed { name: name.to_owned(), said: said(at) }).collect();
    let unnamed = failures - tally.failed.len();
    tally.failed.extend((0..unnamed).map(|_| Failed::silent("a test that was not named")));
    tally
}

/// `STATUS [   0.005s] (1/4) binary test`: the status, and the name with its binary.
fn status_line(line: &str) -> Option<(&str, &str)> {
    let (status, rest) = line.trim_start().split_once(" [")?;
    let (_, rest) = rest.split_once("] (")?;
    let (_, name) = rest.split_once(") ")?;
    let is_status =
        !status.is_empty() && status.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'+'));
    is_status.then_some((status, name))
}

/// `0.1s] 4 tests run: 1 passed (1 slow), 2 failed, 1 skipped`: each count with its word.
fn counts(summary: &str) -> impl Iterator<Item = (usize, &str)> {
    let (_, list) = summary.split_once(" run: ").unwrap_or_default();
    // What stands in parentheses tells more of the count before it; a comma there begins no count of its own.
    let mut depth = 0;
    let parts = list.split(move |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.filter_map(|part| {
        let (count, what) = part.trim().split_once(' ')?;
        Some((count.parse().ok()?, what.split(" (").next().unwrap_or(what)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = include_str!("recorded/nextest.txt");

    #[test]
    fn a_recorded_run_is_counted_and_its_failures_are_named_once() {
        let tally = parse(RECORDED, None);
        assert_eq!(tally.passed, 1);
        let names: Vec<_> = tally.failed.iter().map(|failed| &*failed.name).collect();
        assert_eq!(names, ["sample tests::aborts", "sample tests::fails", "sample tests::slow"]);
        assert!(tally.failed[1].said.contains("panicked at src/lib.rs:8:70:\nboom"), "{:?}", tally.failed[1]);
        assert!(!tally.failed[0].said.contains("boom"), "{:?}", tally.failed[0]);
        let skipped = Skipped { name: "sample tests::later".to_owned(), reason: "ignored".to_owned() };
        assert_eq!(tally.skipped, [skipped]);
    }

    #[test]
    fn tests_that_a_filter_leaves_out_are_not_skipped_ones() {
        assert!(parse(RECORDED, Some("health")).skipped.is_empty());
        assert_eq!(parse(RECORDED, Some("later")).skipped.len(), 1);
    }

    #[test]
    fn what_a_summary_says_in_parentheses_is_not_counted_again() {
        let line = "     Summary [   9.1s] 7 tests run: 5 passed (1 slow, 2 flaky), 1 failed, 1 timed out, 3 skipped\n";
        let tally = parse(line, None);
        assert_eq!((tally.passed, tally.failed.len()), (5, 2));
    }

    #[test]
    fn a_run_without_a_summary_counts_nothing() {
        assert_eq!(parse("error: could not compile `x`\n", None), Tally::default());
    }
}
