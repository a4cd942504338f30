//! What in a text is a secret by itself, and which texts are nothing but ordinary.
//!
//! Must not know where the text comes from.

use std::{borrow::Cow, collections::HashSet};

use greenroom_redact as redact;

/// Words that stand before a token in a header.
const SCHEMES: [&str; 6] = ["bearer", "basic", "token", "apikey", "api-key", "geniekey"];

/// The secrets within a text: credentials of URLs, tokens after `Bearer`, the values of `password=`.
pub(crate) fn secret_parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for range in redact::credentials_in(text) {
        let (found, is_user) = (&text[range.clone()], text[range.end..].starts_with('@'));
        let password = found.split_once(':').filter(|_| is_user).map_or(found, |(_, password)| password);
        parts.push(percent_decoded(password).into_owned());
    }
    if let Some((scheme, token)) = text.split_once(' ')
        && SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
    {
        parts.push(token.trim().to_owned());
    }
    let pairs = text.split([';', '&', '?', ' ', '\n']).filter_map(|pair| pair.split_once('='));
    let values = pairs.filter(|(name, _)| redact::names_secrets(name)).map(|(_, value)| value);
    parts.extend(values.map(|value| percent_decoded(value.trim_matches(['"', '\''])).into_owned()));
    let mut seen = HashSet::new();
    parts.retain(|part| part != text && !is_ordinary(part) && seen.insert(part.clone()));
    parts
}

/// The text as the log's search reads it; where that is no text, as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap_or(text.into())
}

/// Longer words are rarely ones.
const LONGEST_WORD: usize = 12;

/// Whether a text is made of words, such as `postgres`, `eu-west-1`, `/var/lib/backstage` and `Platform Team`; or is a host
/// name, or a certificate: masked wherever they occur they would make the log unreadable.
pub(crate) fn is_ordinary(text: &str) -> bool {
    let is_word = |word: &str| {
        let rest = &word[word.len().min(1)..];
        let is_one = |is_letter: fn(&u8) -> bool, text: &str| text.as_bytes().iter().all(is_letter);
        let is_number = word.len() <= 3 && is_one(u8::is_ascii_digit, word);
        let is_cased = is_one(u8::is_ascii_alphabetic, word)
            && (is_one(u8::is_ascii_lowercase, rest) || is_one(u8::is_ascii_uppercase, word));
        is_number || (word.len() <= LONGEST_WORD && is_cased)
    };
    text.is_ascii() && (text.split(['-', '_', '.', '/', ' ', ':', ',']).all(is_word) || is_host_name(text))
        || text.starts_with("-----BEGIN CERTIFICATE")
}

/// The names that programs give to temporary directories are shorter; longer words that mix cases and digits are keys.
const LONGEST_MIXED: usize = 9;
const LONGEST_SEGMENT: usize = 32;

/// Whether a text is a path, absolute or from `.` or `..` on, of which no segment is likely to be a secret: short ones of
/// ordinary characters, without words that look random.
pub(crate) fn is_ordinary_path(text: &str) -> bool {
    let is_segment = |segment: &str| {
        segment.len() <= LONGEST_SEGMENT
            && segment.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_. ".contains(&c))
            && segment.split(['-', '_', '.', ' ']).all(is_name)
            && !redact::is_secret_by_shape(segment)
    };
    ["/", "./", "../"].iter().any(|start| text.starts_with(start)) && text.split('/').all(is_segment)
}

/// Whether a word of letters and digits is one that people or programs give to files.
fn is_name(word: &str) -> bool {
    let has = |is_one: fn(&u8) -> bool| word.as_bytes().iter().any(is_one);
    let (has_digit, has_lower) = (has(u8::is_ascii_digit), has(u8::is_ascii_lowercase));
    let is_mixed = word.bytes().skip(1).any(|c| c.is_ascii_uppercase()) && has_lower;
    match (has_digit, is_mixed) {
        (true, true) => word.len() <= LONGEST_MIXED,
        (false, false) => true,
        _ => word.len() <= LONGEST_WORD,
    }
}

/// `psql-1.internal.example.com`.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_lowercase())
            && label.len() <= 24
            && label.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.split('.').all(is_label) && last.bytes().all(|c| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_within_texts() {
        for (text, parts) in [
            ("redis://:p%40ssword1@cache:6379", vec!["p@ssword1"]),
            ("https://ghp_1234567890@github.com/x", vec!["ghp_1234567890"]),
            ("Bearer abc.def-123456", vec!["abc.def-123456"]),
            ("host=db user=me password='s3cr3t-pw' port=1", vec!["s3cr3t-pw"]),
            ("AccountName=x;AccountKey=no;accessKey=aGVsbG8=", vec!["aGVsbG8="]),
            ("https://x/?token=t0ken-t0ken&page=2", vec!["t0ken-t0ken"]),
            ("https://x/?sig=abc%2Bdef-1&page=2", vec!["abc+def-1"]),
            ("https://x/?sig=abc%+1abcdef&page=2", vec!["abc%+1abcdef"]),
            ("Server=x;Tokens=t0ken-t0ken", vec!["t0ken-t0ken"]),
            ("see Bearer abc.def-123456", vec!["abc.def-123456"]),
            ("https://example.com/a@b", vec![]),
            ("https://git@github.com", vec![]),
            ("a sentence about a token", vec![]),
        ] {
            assert_eq!(secret_parts(text), parts, "{text}");
        }
    }

    #[test]
    fn a_path_is_ordinary_if_each_of_its_segments_is() {
        for path in [
            "/",
            "/srv/portal/dist/",
            "./Portal_v2",
            "../../packages/app-2026.11.29/dist",
            "/Volumes/My Disk/backstage",
            "/tmp/.tmpAb1Cd2/dist",
            "/home/backstagedeveloper/myPortal",
        ] {
            assert!(is_ordinary_path(path), "{path}");
        }
        for path in [
            "portal",
            "/srv/ghp_abcdefghijklmnopqrstuvwxyz0123456789/data",
            "/srv/0123456789abcdef0123456789abcdef",
            "/aws/Kh7MDENGbP/data",
            "/wJalrXUtnFEMI/K7MDENG",
            "/srv/a+b=",
            "/srv/me:pw@host",
            "/srv/eyJhbGciOi.eyJzdWIi.c2ln",
            "/srv/correct-horse-battery-staple-of-33",
            "/srv/\u{e4}",
        ] {
            assert!(!is_ordinary_path(path), "{path}");
        }
    }

    #[test]
    fn ordinary_texts() {
        for text in [
            "backstage_plugin",
            "postgres",
            "eu-west-1",
            "Platform Team",
            "/var/lib/backstage",
            "psql-1.internal.example.com",
            "PRODUCTION",
            "-----BEGIN CERTIFICATE-----\nMII",
        ] {
            assert!(is_ordinary(text), "{text}");
        }
        for text in [
            "hunter2hunter2",
            "correcthorsebatterystaple",
            "aBcDeFgH",
            "1234567890",
            "v1.0123456789abcdef",
            "eyJhbGciOi.eyJzdWIi.c2ln",
            "-----BEGIN PRIVATE KEY-----\nMIIabc+/\n-----END PRIVATE KEY-----",
            "na\u{ef}ve-text",
        ] {
            assert!(!is_ordinary(text), "{text}");
        }
    }
}
