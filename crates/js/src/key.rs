//! In which order an object lists its keys, and `sort()` puts them.

use std::cmp::Ordering;

/// A key that counts as an index. Objects list these first, by number; then all others, by when they were set.
///
/// ```
/// use greenroom_js::key::array_index;
///
/// assert_eq!(array_index("7"), Some(7));
/// assert_eq!(array_index("07"), None);
/// assert_eq!(array_index("4294967295"), None);
/// ```
pub fn array_index(key: &str) -> Option<u32> {
    let n: u32 = key.parse().ok()?;
    (n < u32::MAX && itoa::Buffer::new().format(n) == key).then_some(n)
}

/// How `sort()` compares: by UTF-16 units.
///
/// It differs from the order of UTF-8 only where a character beyond the basic plane meets one of U+E000 to U+FFFF.
#[inline]
pub fn cmp(a: &str, b: &str) -> Ordering {
    let at = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    match at {
        None => a.len().cmp(&b.len()),
        Some((0xF0.., 0xEE | 0xEF)) => Ordering::Less,
        Some((0xEE | 0xEF, 0xF0..)) => Ordering::Greater,
        Some((a, b)) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn surrogates_sort_below_the_private_use_area() {
        assert_eq!(cmp("a\u{1F600}", "a\u{E000}"), Ordering::Less);
        assert_eq!(cmp("\u{FFFF}", "\u{10000}"), Ordering::Greater);
        assert_eq!(cmp("a", "aa"), Ordering::Less);
    }

    #[test]
    fn an_index_is_written_without_sign_or_zeros() {
        assert_eq!(array_index("0"), Some(0));
        assert_eq!(array_index("4294967294"), Some(u32::MAX - 1));
        for key in ["", "+1", "-0", "00", "1.0", "1e3", " 1"] {
            assert_eq!(array_index(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_ordered_by_utf16_units(a in any::<String>(), b in any::<String>()) {
            prop_assert_eq!(cmp(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }
}
