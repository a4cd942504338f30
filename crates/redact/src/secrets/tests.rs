//! What is masked and what is not.

use ::base64::{Engine, engine::general_purpose};
use proptest::{collection, prelude::*};

use super::*;

fn secrets(all: &[&str]) -> Secrets {
    Secrets::default().with(all.iter().copied()).unwrap().0
}

/// A secret with what escaping could trip over; no asterisk, which is the mask's.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c\"\\\\\n\t%+/ \u{e9}\u{1F600}\u{1b}'1-3]{6,24}",
        "[0-9]{4,9}",
        Just("-----BEGIN KEY-----\nabc/def+ghi==\n-----END KEY-----".to_owned()),
    ]
    .prop_map(|text| text.trim().to_owned())
    .prop_filter("usable", |text| text.len() >= 4)
}

fn json(text: &str) -> String {
    let mut out = Vec::new();
    greenroom_js::json::escaped(&mut out, text);
    String::from_utf8(out).unwrap()
}

/// JSON for those who take ASCII alone.
fn json_ascii(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn debug(text: &str) -> String {
    let quoted = format!("{text:?}");
    quoted[1..quoted.len() - 1].to_owned()
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn form(text: &str) -> String {
    percent(text).replace("%20", "+").to_ascii_lowercase()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn list(text: &str) -> String {
    text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")
}

const FORMS: [fn(&str) -> String; 13] = [
    str::to_owned,
    json,
    debug,
    json_ascii,
    percent,
    |text| json(&json(text)),
    |text| percent(&json(text)),
    |text| percent(&percent(text)),
    hex,
    |text| hex(text).to_ascii_uppercase(),
    list,
    |text| list(text).replace(' ', ""),
    |text| json(&list(text).replace(", ", ",\n    ")),
];

proptest! {
    #[test]
    fn a_secret_is_masked_in_every_form(secret in secret(), before in "[x-z]{0,3}", after in "[x-z]{0,3}") {
        let secrets = secrets(&[&secret]);
        for form in FORMS {
            let text = format!("{before}{}{after}", form(&secret));
            prop_assert_eq!(secrets.mask(&text), format!("{before}***{after}"), "{}", text);
        }
    }

    #[test]
    fn a_form_field_is_masked(secret in "[a-c][a-c %+/]{4,9}[a-c]") {
        let text = form(&secret);
        prop_assert_eq!(secrets(&[&secret]).mask(&text), "***");
    }

    #[test]
    fn nothing_of_a_secret_is_left_in_base64(
        secret in secret(),
        is_json in any::<bool>(),
        before in collection::vec(any::<u8>(), 0..5),
        after in collection::vec(any::<u8>(), 0..5),
    ) {
        let inner = if is_json { json(&secret) } else { secret.clone() };
        let whole = [&before[..], inner.as_bytes(), &after].concat();
        let secrets = secrets(&[&secret]);
        for engine in [general_purpose::STANDARD, general_purpose::URL_SAFE_NO_PAD] {
            let text = engine.encode(&whole);
            let masked = secrets.mask(&text).into_owned();
            let (left, right) = masked.split_once("***").expect("it is masked");
            // What is left of either side are the characters that hold no bit of the secret.
            prop_assert!(left.len() * 6 <= before.len() * 8, "{} of {}", masked, text);
            let (all, right) = (text.trim_end_matches('=').len(), right.trim_end_matches('=').len());
            let last = ((before.len() + inner.len()) * 8).div_ceil(6);
            prop_assert!(right <= all - last, "{} of {}", masked, text);
        }
    }

    #[test]
    fn secrets_that_overlap_are_both_gone(a in "[a-b]{2,5}", b in "[a-b]{2,5}", text in "[a-c]{0,20}") {
        let masked = secrets(&[&a, &b]).mask(&text).into_owned();
        // Each character that belongs to any occurrence of a secret is masked, and no other.
        let mut hidden = vec![false; text.len()];
        for secret in [&a, &b] {
            for at in 0..text.len() {
                if text[at..].starts_with(secret.as_str()) {
                    hidden[at..at + secret.len()].fill(true);
                }
            }
        }
        let shown: String = text.chars().zip(&hidden).filter(|(_, hidden)| !**hidden).map(|(c, _)| c).collect();
        prop_assert_eq!(masked.replace("***", ""), shown);
    }

    #[test]
    fn text_without_secrets_stays(text in "[d-z\\\\%\"n0-9u{}]{0,40}") {
        prop_assert_eq!(secrets(&["abcabc"]).mask(&text), &*text);
    }
}

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEpAIBAAKCAQEA\n+abc/defghijklmn\nlast0123==\n-----END RSA PRIVATE KEY-----";

#[test]
fn the_lines_of_a_key_are_masked_however_they_are_indented_and_end() {
    for secret in [PEM.to_owned(), PEM.replace('\n', "\\n"), PEM.replace('\n', " ")] {
        let secrets = secrets(&[&secret]);
        for end in ["\r\n", "\n    ", "\\n", " "] {
            let text = PEM.replace("-----\n", "-----\n ").replace('\n', end);
            let told = secrets.mask(&text).into_owned();
            assert!(!told.contains("MII") && !told.contains("abc") && !told.contains("last"), "{told}");
        }
        assert_eq!(secrets.mask("no +abc/defghijklmn"), "no ***");
        assert_eq!(secrets.mask("a RSA PRIVATE KEY, ENCRYPTED"), "a RSA PRIVATE KEY, ENCRYPTED");
    }
}

#[test]
fn numbers_that_are_no_bytes_end_a_list() {
    let secrets = secrets(&["abcd"]);
    assert_eq!(secrets.mask("[1, 97, 98,99 , 97, 98, 99, 100, 2]"), "[1, 97, 98,99 , ***, 2]");
    for text in ["97, 98, 99, 1000", "1097, 98, 99, 100", "97, 98, x, 99, 100", "97, 98, 99,", ",,,97"] {
        assert_eq!(secrets.mask(text), text);
    }
}

/// Lists are read from each comma on that may be within one.
#[test]
fn a_long_text_takes_no_longer_than_its_length() {
    let secrets = secrets(&["abcd"]);
    for part in ["1, ", "97,", ",", "1,    \n", "%31,", "\\u0031, ", "1111,", "x,1"] {
        let text = part.repeat((1 << 19) / part.len());
        assert_eq!(secrets.mask(&text), text);
    }
}

/// A token may be as long as a server takes headers, and whoever has chosen it may have held down a key.
#[test]
fn a_long_secret_takes_no_longer_than_its_length() {
    for part in ["a", "ab", "a ", "abcdefghijklmnopq/"] {
        for length in [LONGEST, 9_000, 20_000] {
            let secret = part.repeat(length / part.len());
            let (secret, hidden) = (secret.trim(), secrets(&[&secret]));
            assert_eq!(kind(&hidden), AhoCorasickKind::ContiguousNFA, "{length} of {part:?}");
            for form in [str::to_owned, json, percent, hex] {
                let text = format!("<{}>", form(secret));
                assert_eq!(hidden.mask(&text), "<***>", "{length} of {part:?}");
            }
            let shorter = &secret[2..];
            assert_eq!(hidden.mask(shorter), shorter, "{length} of {part:?}");
        }
    }
    assert_eq!(kind(&secrets(&["correct horse battery staple"])), AhoCorasickKind::DFA);
}

fn kind(secrets: &Secrets) -> AhoCorasickKind {
    secrets.scan.as_ref().expect("it knows one").automaton.kind()
}

#[test]
fn secrets_that_touch_are_masked_one_by_one() {
    assert_eq!(secrets(&["abc", "def"]).mask("xabcdefx"), "x******x");
}

#[test]
fn a_number_is_a_secret_as_a_whole_only() {
    let secrets = secrets(&["5432", "-1.5e+21", "text"]);
    assert!(secrets.hides_number("5432") && secrets.hides_number("-1.5e+21"));
    assert!(!secrets.hides_number("54321"));
    assert_eq!(secrets.mask("port 5432"), "port ***");
}

#[test]
fn new_secrets_are_counted_once() {
    let (first, new) = Secrets::default().with([" stage ", "x", "a-long-secret", "stage"]).unwrap();
    assert_eq!(new, 2);
    assert!(first.with(["stage"]).is_none());
    assert_eq!(first.generation(), 1);
    assert_eq!(format!("{first:?}"), "Secrets(2)");
}
