//! The part of a file that a client asks for, as the packages `range-parser` and `send` read it.

/// What `Range` comes to for a body of some length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// From the first of these bytes up to and with the last one.
    Bytes(u64, u64),
    /// Nothing of what is asked for is there.
    Unsatisfiable,
}

/// Reads the header. Several parts that do not touch are answered by the whole.
pub(crate) fn part(range: &str, length: u64) -> Part {
    let Some(list) = range.trim_start_matches(' ').strip_prefix("bytes=") else { return Part::Whole };
    let mut parts: Vec<(u64, u64)> = list.split(',').filter_map(|part| one(part, length)).collect();
    parts.sort_unstable();
    let mut joined: Option<(u64, u64)> = None;
    for (first, last) in parts {
        match &mut joined {
            None => joined = Some((first, last)),
            Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
            Some(_) => return Part::Whole,
        }
    }
    joined.map_or(Part::Unsatisfiable, |(first, last)| Part::Bytes(first, last))
}

/// `0-99`, `100-` or `-5`.
fn one(part: &str, length: u64) -> Option<(u64, u64)> {
    let mut numbers = part.split('-');
    let (first, last) = (leading(numbers.next()?), numbers.next().and_then(leading));
    let end = length.checked_sub(1)?;
    let (first, last) = match (first, last) {
        (None, Some(last)) => (length.checked_sub(last)?, end),
        (Some(first), None) => (first, end),
        (Some(first), Some(last)) => (first, last.min(end)),
        (None, None) => return None,
    };
    (first <= last).then_some((first, last))
}

/// JavaScript's `parseInt`: digits, whatever follows them.
fn leading(text: &str) -> Option<u64> {
    let text = text.trim_start().trim_start_matches('+');
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let digits = text.get(..digits).filter(|digits| !digits.is_empty())?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_or_parts_that_touch_are_sent_else_the_whole() {
        for (range, expected) in [
            ("bytes=0-9", Part::Bytes(0, 9)),
            ("bytes=90-", Part::Bytes(90, 99)),
            ("bytes=-5", Part::Bytes(95, 99)),
            ("bytes=90-1000", Part::Bytes(90, 99)),
            ("bytes=0-9,10-19", Part::Bytes(0, 19)),
            ("bytes=10-19,0-12", Part::Bytes(0, 19)),
            ("bytes=0-9,abc", Part::Bytes(0, 9)),
            ("bytes = 0-9", Part::Whole),
            ("bytes=0-9,20-29", Part::Whole),
            ("items=0-5", Part::Whole),
            ("bytes", Part::Whole),
            ("bytes=100-", Part::Unsatisfiable),
            ("bytes=9-5", Part::Unsatisfiable),
            ("bytes=abc", Part::Unsatisfiable),
            ("bytes=", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=-101", Part::Unsatisfiable),
            ("bytes=99999999999999999999999-", Part::Unsatisfiable),
        ] {
            assert_eq!(part(range, 100), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Unsatisfiable);
    }

    proptest::proptest! {
        #[test]
        fn a_part_lies_within_the_body(range in "bytes=[-0-9, a]{0,24}", length in 0..200_u64) {
            if let Part::Bytes(first, last) = part(&range, length) {
                proptest::prop_assert!(first <= last && last < length);
            }
        }
    }
}
