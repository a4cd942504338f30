//! Numbers as JavaScript reads and prints them.

use serde_json::{Number, Value};

use crate::text::trim;

/// `Number(text)`. `None` stands for NaN and for the infinities, which JSON cannot hold.
///
/// ```
/// use greenroom_js::number::parse;
///
/// assert_eq!(parse(" 42\n"), Some(42.0));
/// assert_eq!(parse("0b11"), Some(3.0));
/// assert_eq!(parse(""), Some(0.0));
/// assert_eq!(parse("1_000"), None);
/// ```
pub fn parse(text: &str) -> Option<f64> {
    let text = trim(text);
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            return from_digits(digits, radix).filter(|n| n.is_finite());
        }
    }
    decimal(text).filter(|n| n.is_finite())
}

/// Digits of a base from 2 to 36; `None` for no digits or others. Beyond 2^53 the value is rounded.
pub fn from_digits(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0.0, |sum, c| Some(sum * f64::from(radix) + f64::from(c.to_digit(radix)?)))
}

/// A decimal literal, perhaps infinite. Rust's parser also takes `inf` and `nan`, so letters other than the exponent's
/// are refused.
pub fn decimal(text: &str) -> Option<f64> {
    text.bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        .then(|| text.parse().ok())?
}

/// A number as text, on the stack.
#[derive(Default)]
pub struct Buffer {
    any: ryu_js::Buffer,
    thousandths: [u8; MOST_DIGITS + 1],
}

/// So many digits always tell one number from all others: none has a shorter text.
const MOST_DIGITS: usize = 15;
const BEYOND_DIGITS: u64 = 10_u64.pow(MOST_DIGITS as u32);

impl Buffer {
    /// `String(n)`: `1`, `1e+21`, `0` for `-0`, `NaN`, `-Infinity`.
    pub fn format(&mut self, n: f64) -> &str {
        match thousandths(n) {
            Some(count) => in_thousandths(&mut self.thousandths, count),
            None => self.any.format(n),
        }
    }
}

/// How many thousandths it is, if it is whole ones: what durations are, told in milliseconds. Their digits are at hand, where
/// those of any number have to be searched.
fn thousandths(n: f64) -> Option<u64> {
    let count = u64::try_from((n * 1000.0 + 0.5) as i64).ok().filter(|count| *count < BEYOND_DIGITS)?;
    (count as i64 as f64 / 1000.0 == n).then_some(count)
}

/// So many thousandths, without zeros at the end.
fn in_thousandths(text: &mut [u8], count: u64) -> &str {
    let (mut whole, mut fraction) = (count / 1000, count % 1000);
    let mut from = text.len();
    let mut put = |byte: u8| {
        from -= 1;
        text[from] = byte;
    };
    if fraction > 0 {
        let mut places = 3;
        while fraction % 10 == 0 {
            (fraction, places) = (fraction / 10, places - 1);
        }
        for _ in 0..places {
            put(b'0' + (fraction % 10) as u8);
            fraction /= 10;
        }
        put(b'.');
    }
    loop {
        put(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    std::str::from_utf8(&text[from..]).unwrap_or_default()
}

/// `String(n)`, as [`Buffer::format`].
pub fn to_string(n: f64) -> String {
    Buffer::default().format(n).to_owned()
}

/// The number as JSON: whole numbers become integers, so that they print without a fraction; -0 becomes 0; what is
/// not finite, null.
pub fn to_json(n: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if n.fract() == 0.0 && n.abs() <= EXACT {
        Value::from(n as i64)
    } else {
        Number::from_f64(n).map_or(Value::Null, Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_read_as_number_reads_it() {
        for (text, number) in [
            ("0x10", 16.0),
            ("0XfF", 255.0),
            ("0o17", 15.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("+1e3", 1000.0),
            ("\u{feff} 7\u{a0}", 7.0),
            ("  ", 0.0),
            ("010", 10.0),
            ("0x20000000000001", 9_007_199_254_740_992.0),
        ] {
            assert_eq!(parse(text), Some(number), "{text}");
        }
        for text in
            ["0x", "0x+5", "0x1g", "-0x10", "inf", "nan", "Infinity", "1e400", "1,5", "+-1", "e5", ".", "1 2"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_printed_as_string_prints_them() {
        for (n, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (1e21, "1e+21"),
            (1e16, "10000000000000000"),
            (1e-7, "1e-7"),
            (0.1 + 0.2, "0.30000000000000004"),
            (5e-324, "5e-324"),
            (0.0, "0"),
            (0.001, "0.001"),
            (0.25, "0.25"),
            (1.5, "1.5"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (1_234.56, "1234.56"),
            (999_999_999_999.999, "999999999999.999"),
            (1e12, "1000000000000"),
            (0.000_5, "0.0005"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(to_string(n), text);
        }
    }

    #[test]
    fn json_has_integers_where_they_are_exact() {
        assert_eq!(to_json(-0.0).to_string(), "0");
        assert_eq!(to_json(1e15).to_string(), "1000000000000000");
        assert_eq!(to_json(1.5).to_string(), "1.5");
        assert_eq!(to_json(f64::NAN), Value::Null);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(n in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            prop_assert_eq!(parse(&to_string(n)), Some(n));
        }

        #[test]
        fn thousandths_are_printed_as_any_number_is(count in 0..4 * BEYOND_DIGITS, shift in 0..50_u32, near in -2..3_i64) {
            let exact = (count >> shift) as f64 / 1000.0;
            let beside = f64::from_bits((exact.to_bits() as i64 + near).max(0) as u64);
            for n in [exact, beside, -exact] {
                let mut printed = ryu_js::Buffer::new();
                prop_assert_eq!(to_string(n), printed.format(n));
            }
        }
    }
}
