//! Text: by lines, of which the first one that differs is told.

use std::borrow::Cow;

use super::Finding;
use crate::shown::masked;

/// How many characters are shown before the place at which two long lines part.
const BEFORE: usize = 40;

pub(super) fn compare(found: &mut Finding<'_>, a: &str, b: &str) {
    let (mut of_a, mut of_b) = (a.lines(), b.lines());
    for number in 1.. {
        match (of_a.next(), of_b.next()) {
            (None, None) => return,
            (Some(a), Some(b)) => {
                if let Err([a, b]) = found.same(a, b, |n, line, applied| n.text(line, applied)) {
                    let (a, b) = around_the_first_difference(&masked("", &a), &masked("", &b));
                    found.add(format!("body line {number}"), Some(a), Some(b));
                    return;
                }
            }
            (a, b) => {
                let said = |line: Option<&str>| line.map(|line| masked("", line));
                found.add(format!("body line {number}"), said(a), said(b));
                return;
            }
        }
    }
}

/// Two texts without the long beginning that both have.
pub(super) fn around_the_first_difference(a: &str, b: &str) -> (String, String) {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| -> String {
        let skipped = common.saturating_sub(BEFORE);
        let text: Cow<'_, str> = match skipped {
            0 => text.into(),
            _ => format!("…{}", text.chars().skip(skipped).collect::<String>()).into(),
        };
        text.into_owned()
    };
    (from(a), from(b))
}
