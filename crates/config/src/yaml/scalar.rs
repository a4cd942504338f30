//! What a scalar is: by the core schema of YAML 1.2, or by YAML 1.1 as npm's `yaml` reads it.
//!
//! Must not know where the scalar stands.

use greenroom_js::number;
use saphyr_parser::{ScalarStyle, Tag};

use crate::value::Value;

/// The versions of YAML that differ in what plain scalars mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// After the directive `%YAML 1.1`.
    V1_1,
    V1_2,
}

impl Version {
    /// By the directives before the document.
    pub(super) fn of(text: &str) -> Self {
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut directives = lines.take_while(|line| line.starts_with('%'));
        let is_1_1 = |line: &str| {
            let mut words = line.split_ascii_whitespace().take_while(|word| !word.starts_with('#'));
            words.next() == Some("%YAML") && words.next() == Some("1.1")
        };
        if directives.any(is_1_1) { Self::V1_1 } else { Self::V1_2 }
    }

    fn plain(self, raw: &str) -> Value {
        match self {
            Self::V1_1 => plain_1_1(raw),
            Self::V1_2 => plain(raw),
        }
    }
}

/// `None` when a core tag asks for what the text is not.
pub(super) fn scalar(raw: &str, style: ScalarStyle, tag: Option<&Tag>, version: Version) -> Option<Value> {
    let string = || Value::String(raw.to_owned());
    match tag {
        None if style == ScalarStyle::Plain => Some(version.plain(raw)),
        None => Some(string()),
        Some(tag) if tag.is_yaml_core_schema() => {
            let value = version.plain(raw);
            match (tag.suffix.as_str(), &value) {
                ("int" | "float", Value::Number(_)) | ("bool", Value::Bool(_)) | ("null", Value::Null) => {
                    Some(value)
                }
                ("int" | "float" | "bool" | "null", _) => None,
                _ => Some(string()),
            }
        }
        Some(_) => Some(string()),
    }
}

/// The core schema of YAML 1.2 (contract: config-15): `yes` is a string, `012` twelve, `0o14` twelve, `1_000` a string.
fn plain(raw: &str) -> Value {
    match raw {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Number(f64::NAN),
        _ => {}
    }
    let (sign, unsigned) = signed(raw);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Value::Number(sign * f64::INFINITY);
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(n) = raw.strip_prefix(prefix).and_then(|digits| number::from_digits(digits, radix)) {
            return Value::Number(n);
        }
    }
    // A digit must lead, perhaps after a dot: Rust's parser is left nothing to be generous about but a second sign.
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    if digits.starts_with(|c: char| c.is_ascii_digit())
        && let Some(n) = number::decimal(unsigned)
    {
        return Value::Number(sign * n);
    }
    Value::String(raw.to_owned())
}

/// YAML 1.1 (contract: config-41): `yes` and `on` are true, `017` is fifteen, `1_000` a thousand, `1:30` ninety.
///
/// Dates stay text.
fn plain_1_1(raw: &str) -> Value {
    match raw {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "Y" | "y" | "Yes" | "yes" | "YES" | "True" | "true" | "TRUE" | "On" | "on" | "ON" => {
            return Value::Bool(true);
        }
        "N" | "n" | "No" | "no" | "NO" | "False" | "false" | "FALSE" | "Off" | "off" | "OFF" => {
            return Value::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Value::Number(f64::NAN),
        _ => {}
    }
    let (sign, unsigned) = signed(raw);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Value::Number(sign * f64::INFINITY);
    }
    match whole_1_1(unsigned).or_else(|| fraction_1_1(unsigned)).or_else(|| sexagesimal(unsigned)) {
        Some(n) => Value::Number(sign * n),
        None => Value::String(raw.to_owned()),
    }
}

fn signed(raw: &str) -> (f64, &str) {
    match raw.as_bytes()[0] {
        b'-' => (-1.0, &raw[1..]),
        b'+' => (1.0, &raw[1..]),
        _ => (1.0, raw),
    }
}

fn is_made_of(text: &str, is_one: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(|byte| byte == b'_' || is_one(byte))
}

fn without_underscores(text: &str) -> String {
    text.replace('_', "")
}

/// Digits of base 2, 8, 16 or 10, with underscores; without any digit it is not a number, as JavaScript has it.
fn whole_1_1(text: &str) -> Option<f64> {
    let of = |digits: &str, radix: u32| {
        let fits = !digits.is_empty() && is_made_of(digits, |byte| char::from(byte).is_digit(radix));
        fits.then(|| number::from_digits(&without_underscores(digits), radix).unwrap_or(f64::NAN))
    };
    if let Some(n) = text.strip_prefix("0b").and_then(|digits| of(digits, 2)) {
        return Some(n);
    }
    if let Some(n) = text.strip_prefix("0x").and_then(|digits| of(digits, 16)) {
        return Some(n);
    }
    if let Some(n) = text.strip_prefix('0').and_then(|digits| of(digits, 8)) {
        return Some(n);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) { of(text, 10) } else { None }
}

/// `1_0.5`, `.5`, `1.`, `1e3`, even `.` and `e5`, which are not a number.
fn fraction_1_1(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let digits = |text: &str| is_made_of(text, is_digit);
    let is_exponent = |text: &str| {
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        !text.is_empty() && text.bytes().all(is_digit)
    };
    let is_one = digits(whole)
        && !whole.starts_with('_')
        && fraction.is_none_or(digits)
        && (fraction.is_some() || exponent.is_some())
        && exponent.is_none_or(is_exponent);
    is_one.then(|| number::decimal(&without_underscores(text)).unwrap_or(f64::NAN))
}

/// `1:30` and `1:30:05.5`: base 60.
fn sexagesimal(text: &str) -> Option<f64> {
    let (first, rest) = text.split_once(':')?;
    let is_digit = |byte: u8| byte.is_ascii_digit();
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !is_made_of(first, is_digit) {
        return None;
    }
    let last = rest.split(':').count() - 1;
    rest.split(':').enumerate().try_fold(number::decimal(&without_underscores(first))?, |sum, (i, part)| {
        let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
        let fits = matches!(whole.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
        let may_have_fraction = i == last && is_made_of(fraction, is_digit);
        let fits = fits && (whole == part || may_have_fraction);
        Some(sum * 60.0 + number::decimal(&without_underscores(part)).filter(|_| fits)?)
    })
}
