//! The beginning of a secret, which is none that could be masked.

use crate::forms;

/// How many bytes at the text's end are the beginning of this secret, in a form in which text shows it.
pub(crate) fn at_end(text: &[u8], secret: &str) -> usize {
    let begun = |form: &[u8]| {
        let longest = form.len().saturating_sub(1).min(text.len());
        (1..=longest).rev().find(|length| text.ends_with(&form[..*length])).unwrap_or_default()
    };
    let mut escaped = vec![];
    greenroom_js::json::escaped(&mut escaped, secret);
    let in_forms = forms::of(secret).into_iter().map(|form| begun(form.text.as_bytes())).max();
    begun(&escaped).max(in_forms.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_whatever_its_length_and_in_each_form() {
        let secret = "correct \"horse\" battery";
        for length in 1..secret.len() {
            let text = format!("it is {}", &secret[..length]);
            assert_eq!(at_end(text.as_bytes(), secret), length, "{text}");
        }
        assert_eq!(at_end(br#"it is correct \"hor"#, secret), r#"correct \"hor"#.len());
        assert_eq!(at_end(b"it is correct+", secret), "correct+".len());
        for whole in [secret, "", "it is nothing of the kind!"] {
            assert_eq!(at_end(whole.as_bytes(), secret), 0, "{whole}");
        }
    }
}
