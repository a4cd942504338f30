//! What a shell is given by `-c`, as far as it is nothing but one command of plain words.

use std::ffi::{OsStr, OsString};

/// The place of the script among a shell's arguments.
pub(super) fn place(args: &[String]) -> Option<usize> {
    let options = args.iter().take_while(|arg| arg.starts_with(['-', '+']) && arg.as_str() != "--");
    let has_script = |arg: &String| arg.starts_with('-') && !arg.starts_with("--") && arg.contains('c');
    let count = options.clone().count();
    let found = options.into_iter().any(has_script);
    (found && count < args.len()).then_some(count)
}

/// Whether the shell gives its place to the command, and the command's words. `None` where the shell would do more with them
/// than to part them.
pub(super) fn read(script: &str) -> (bool, Option<Vec<String>>) {
    let script = script.trim();
    let (is_exec, command) = match script.strip_prefix("exec ") {
        Some(command) => (true, command),
        None => (false, script),
    };
    (is_exec, words(command))
}

fn words(script: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in script.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some('"'), '$' | '`' | '\\' | '!') => return None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, letter) if is_plain(letter) => word.get_or_insert_default().push(letter),
            (None, _) => return None,
        }
    }
    words.extend(word);
    // A variable in front is set for the command.
    let sets_variable = words.first().is_some_and(|first| first.contains('='));
    (quote.is_none() && !words.is_empty() && !sets_variable).then_some(words)
}

fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/' | '=' | ':' | '@' | '%' | '+' | ',')
}

/// A word as a shell takes it for itself.
pub(super) fn quoted(word: &OsStr) -> OsString {
    let text = word.to_string_lossy();
    if !text.is_empty() && text.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_one_command_of_plain_words_is_read() {
        let is = |script: &str, words: &[&str]| {
            assert_eq!(
                read(script).1,
                Some(words.iter().map(|word| (*word).to_owned()).collect()),
                "{script}"
            );
        };
        is("node packages/backend --config=a.yaml", &["node", "packages/backend", "--config=a.yaml"]);
        is("exec node 'my app' \"\"", &["node", "my app", ""]);
        for script in
            ["", "a; b", "a && b", "a $B", "A=1 b", "a > c", "a 'b", "a \"$B\"", "a\nb", "a *", "~/a"]
        {
            assert_eq!(read(script).1, None, "{script}");
        }
    }

    proptest! {
        #[test]
        fn words_that_are_quoted_are_read_as_they_were(words in prop::collection::vec("[^=\\x00]{0,8}", 1..5)) {
            let script: Vec<_> = words.iter().map(|word| quoted(word.as_ref()).into_string().unwrap()).collect();
            // An apostrophe is written by a backslash, which is not read.
            prop_assume!(!words.iter().any(|word| word.contains('\'')) && script[0] != "exec");
            prop_assert_eq!(super::words(&script.join(" ")), Some(words));
        }

        #[test]
        fn whatever_a_script_is_it_is_read_or_refused(script in any::<String>()) {
            let _ = read(&script);
        }
    }
}
