//! The output of `cargo test`: one line a test, for unit, integration and documentation tests alike.

use super::{Failed, Skipped, Tally, said};

/// Reads the test lines of every binary: as many as it announces, so that output of tests is not taken for one.
pub(crate) fn parse(output: &str) -> Tally {
    let mut tally = Tally::default();
    let mut announced = 0;
    for line in output.lines() {
        if let Some(count) = line.strip_prefix("running ").and_then(|rest| rest.split_once(" test")) {
            announced = count.0.parse().unwrap_or(0);
        }
        let result = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "));
        if let Some((name, verdict)) = result.filter(|_| announced > 0) {
            announced -= usize::from(count(&mut tally, name, verdict));
        }
    }
    for failed in &mut tally.failed {
        let heading = format!("---- {} stdout ----", failed.name);
        let lines = output.lines().skip_while(|line| *line != heading).skip(1);
        failed.said =
            said::shortened(lines.take_while(|line| !line.starts_with("---- ") && *line != "failures:"));
    }
    tally
}

/// Counts one test; false if this is not a verdict.
fn count(tally: &mut Tally, name: &str, verdict: &str) -> bool {
    let name = name.trim_end_matches(" - should panic").to_owned();
    match verdict.split_once(", ").unwrap_or((verdict, "ignored")) {
        ("ok", _) => tally.passed += 1,
        ("FAILED", _) => tally.failed.push(Failed { name, said: String::new() }),
        ("ignored", reason) => tally.skipped.push(Skipped { name, reason: reason.to_owned() }),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_run_is_counted_over_all_its_binaries() {
        let tally = parse(include_str!("recorded/libtest.txt"));
        assert_eq!(tally.passed, 3);
        let [failed] = &tally.failed[..] else { panic!("{tally:?}") };
        assert_eq!(failed.name, "tests::fails");
        assert!(
            failed.said.starts_with("thread 'tests::fails' (30448) panicked at src/lib.rs:8:70:\nboom\n")
        );
        assert!(!failed.said.contains("test result"), "{}", failed.said);
        let skipped: Vec<_> = tally.skipped.iter().map(|s| (s.name.as_str(), s.reason.as_str())).collect();
        assert_eq!(skipped, [("tests::later", "needs a moon"), ("src/lib.rs - f (line 4)", "ignored")]);
    }

    #[test]
    fn other_lines_that_look_alike_are_not_tests() {
        let output = "test before ... ok\nrunning 1 test\ntest x has been running for over 60 seconds\n\
            test a ... ok\ntest in the output of a failed one ... ok\ntest result: ok. 1 passed; 0 failed\n";
        assert_eq!(parse(output), Tally { passed: 1, ..Tally::default() });
    }
}
