//! How long a request's header may be that Node takes, among its options: those of `NODE_OPTIONS` and those of the command.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
};

use crate::{
    ChildCommand, Environment,
    command::{Form, Runner},
};

pub(crate) const NODE_OPTIONS: &str = "NODE_OPTIONS";
const OPTION: &str = "--max-http-header-size";
/// Node's default.
const DEFAULT: u64 = 16 * 1024;

/// Lets Node take so many bytes more, and returns how many it took before. Options are added, never replaced: of two, the last
/// one counts, and those of the command count more than those of the environment.
pub(super) fn raise_header_limit(
    command: &ChildCommand,
    args: &mut Vec<OsString>,
    env: &mut Environment,
    more: u64,
) -> u64 {
    let given = env.get(OsStr::new(NODE_OPTIONS)).cloned().unwrap_or_default();
    let by_env = last(&split(given.as_bytes()));
    let own = match command.form() {
        Form::Arguments { runner: Runner::Node, range, .. } => &command.args[..range.start],
        _ => &[],
    };
    let own: Vec<_> = own.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let by_command = last(&own);
    let limit = by_command.map(|(_, value)| value).or(by_env.map(|(_, value)| value)).unwrap_or(DEFAULT);
    let option = format!("{OPTION}={}", limit.saturating_add(more));
    match by_command {
        Some((after, _)) => args.insert(after, option.into()),
        None => {
            let mut options = given;
            if !options.is_empty() {
                options.push(" ");
            }
            options.push(option);
            env.insert(NODE_OPTIONS.into(), options);
        }
    }
    limit
}

/// The option that counts, if there is one: the place after it, and its value.
fn last(options: &[String]) -> Option<(usize, u64)> {
    let mut found = None;
    for (at, option) in options.iter().enumerate() {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option.as_str(), None),
        };
        if name.replace('_', "-") != OPTION {
            continue;
        }
        // Without `=`, the value is the next word.
        let (after, value) = match value {
            Some(value) => (at + 1, Some(value)),
            None => (at + 2, options.get(at + 1).map(String::as_str)),
        };
        found = value.map(|value| (after, number(value))).or(found);
    }
    found
}

/// As C's `strtoull` reads it: the digits in front.
fn number(text: &str) -> u64 {
    let digits = text.trim_start().bytes().take_while(u8::is_ascii_digit);
    digits.fold(0, |number: u64, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// The words of `NODE_OPTIONS`, as Node parts them: at blanks that are not between double quotes, where a backslash stands for
/// the byte after it.
pub(crate) fn split(options: &[u8]) -> Vec<String> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let (mut is_quoted, mut is_new) = (false, true);
    let mut bytes = options.iter().copied();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' if is_quoted => match bytes.next() {
                Some(escaped) => escaped,
                // Node refuses it.
                None => break,
            },
            b' ' if !is_quoted => {
                is_new = true;
                continue;
            }
            b'"' => {
                is_quoted = !is_quoted;
                continue;
            }
            byte => byte,
        };
        match words.last_mut() {
            Some(word) if !is_new => word.push(byte),
            _ => words.push(vec![byte]),
        }
        is_new = false;
    }
    words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(options: &str) -> Option<u64> {
        last(&split(options.as_bytes())).map(|(_, value)| value)
    }

    #[test]
    fn the_last_option_counts_in_all_spellings_of_node() {
        assert_eq!(of("--no-node-snapshot --max-old-space-size=900"), None);
        assert_eq!(of("--max-http-header-size=20000 --max_http_header_size=30000"), Some(30_000));
        assert_eq!(of("--max-http-header-size 17000 --inspect"), Some(17_000));
        assert_eq!(of("\"--max-http-header-size=2\\0000\""), Some(20_000));
        assert_eq!(of("--require \"/a b/--max-http-header-size=1\""), None);
        assert_eq!(of("--max-http-header-size=1e5"), Some(1));
        assert_eq!(of("--max-http-header-size=9999999999999999999999"), Some(u64::MAX));
    }

    proptest! {
        // Within quotes that nobody closes, Node refuses all of it.
        #[test]
        fn what_is_added_counts_and_what_was_there_stays(
            before in "([^\"]|\"([^\"\\\\]|\\\\.){0,5}\"){0,12}",
            size: u32,
        ) {
            let options = format!("{before} --max-http-header-size={size}");
            let (was, is) = (split(before.as_bytes()), split(options.as_bytes()));
            prop_assert_eq!(is.len(), was.len() + 1);
            prop_assert_eq!(&is[..was.len()], &was[..]);
            prop_assert_eq!(of(&options), Some(u64::from(size)));
        }

        #[test]
        fn whatever_the_options_are_they_are_read(options in any::<String>()) {
            let _ = of(&options);
        }

        #[test]
        fn words_in_quotes_are_read_as_they_were(words in prop::collection::vec(".{1,8}", 0..6)) {
            let quoted = |word: &String| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
            let options = words.iter().map(quoted).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(options.as_bytes()), words);
        }
    }
}
