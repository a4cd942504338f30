//! Numbers as JavaScript reads and prints them.

use serde_json::Value as Json;

/// JavaScript's `Number(text)`. `None` stands for NaN and the infinities, which no config reader accepts.
pub(crate) fn from_string(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        if let Some(digits) = prefixes.iter().find_map(|p| text.strip_prefix(p)) {
            return from_digits(digits, radix);
        }
    }
    decimal(text).filter(|n| n.is_finite())
}

/// Digits of a base; `None` for no digits or others. Beyond 2^53 the value is rounded, as in JavaScript.
pub(crate) fn from_digits(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0.0, |sum, c| Some(sum * f64::from(radix) + f64::from(c.to_digit(radix)?)))
}

/// A decimal literal. Rust's parser also takes `inf` and `nan`, so letters other than the exponent's are refused.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    text.bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        .then(|| text.parse().ok())?
}

/// `String(n)`: `1`, `1e+21`, `-0` as `0`.
pub(crate) fn to_string(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        ryu_js::Buffer::new().format(n).to_owned()
    }
}

/// Whole numbers become integers, so that they print without a fraction; -0 becomes 0; what is not finite, null.
pub(crate) fn to_json(n: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if n.fract() == 0.0 && n.abs() <= EXACT {
        Json::from(n as i64)
    } else {
        serde_json::Number::from_f64(n).map_or(Json::Null, Json::Number)
    }
}
