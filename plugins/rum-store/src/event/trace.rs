//! Ids of traces and spans: an SDK writes them in decimal, a page as it was given them, and `traceparent` in hexadecimal.

/// 32 hexadecimal digits; `None` of what is no id.
pub(crate) fn trace_id(text: &str) -> Option<String> {
    hexadecimal(text, 32)
}

/// 16 hexadecimal digits; `None` of what is no id.
pub(crate) fn span_id(text: &str) -> Option<String> {
    hexadecimal(text, 16)
}

fn hexadecimal(text: &str, width: usize) -> Option<String> {
    let id = match text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != width {
        true => u128::from(text.parse::<u64>().ok()?),
        false if text.len() <= width && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u128::from_str_radix(text, 16).ok()?
        }
        false => return None,
    };
    (id != 0).then(|| format!("{id:0width$x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_however_it_is_written() {
        for (written, id) in [
            ("1234567890123456789", Some("0000000000000000112210f47de98115")),
            ("18446744073709551615", Some("0000000000000000ffffffffffffffff")),
            ("0000000000000000112210F47DE98115", Some("0000000000000000112210f47de98115")),
            ("112210f47de98115", Some("0000000000000000112210f47de98115")),
            ("12345678901234567890123456789012", Some("12345678901234567890123456789012")),
            ("18446744073709551616", None),
            ("x", None),
            ("+1", None),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(trace_id(written).as_deref(), id, "{written}");
        }
        assert_eq!(span_id("6973839071269183222").as_deref(), Some("60c80dafb3bd5ef6"));
    }
}
