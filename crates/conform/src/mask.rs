//! The tokens of both sides, masked in each answer before anything compares, cuts or shows it. All become the same, so two
//! backends that repeat what they were sent are the same, each with a token of its own.

use greenroom_redact::Secrets;

use crate::side::Side;

/// A shorter token is a word that any answer may hold, and masking it would hide what is to be compared.
const SHORTEST: usize = 4;

/// What masks, in all forms in which text shows a secret: as it is, escaped for JSON or for a URL, in base64.
#[derive(Debug, Default)]
pub(crate) struct Mask(Secrets);

impl Mask {
    pub(crate) fn of(sides: &[Side; 2]) -> Self {
        let tokens = sides.iter().filter_map(|side| side.token.as_ref()?.text());
        let tokens = tokens.filter(|token| token.len() >= SHORTEST);
        // The names of headers are in lower case, whoever repeats a token there.
        let forms: Vec<String> =
            tokens.flat_map(|token| [token.to_owned(), token.to_ascii_lowercase(), html(token)]).collect();
        let secrets = Secrets::default().with(forms.iter().map(|form| &**form));
        Self(secrets.map(|(secrets, _)| secrets).unwrap_or_default())
    }

    pub(crate) fn text(&self, text: &str) -> String {
        self.0.mask(text).into_owned()
    }

    /// The same, and whether it held a token. What is no text stays: a token is none but in text.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> (Vec<u8>, bool) {
        if !self.0.is_active() {
            return (bytes, false);
        }
        let mut masked = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            masked.extend_from_slice(self.0.mask(chunk.valid()).as_bytes());
            masked.extend_from_slice(chunk.invalid());
        }
        let held_token = masked != bytes;
        (masked, held_token)
    }
}

/// As a page holds it.
fn html(token: &str) -> String {
    let token = token.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    token.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::side::{Origin, Token};

    pub(crate) fn mask_of(a: &str, b: &str) -> Mask {
        let side = |token| Side {
            origin: Origin::parse("http://localhost:7007").unwrap(),
            token: Some(Token::new("T", token).unwrap()),
        };
        Mask::of(&[side(a), side(b)])
    }

    #[test]
    fn the_tokens_of_both_sides_become_the_same_in_each_form() {
        let mask = mask_of("The-Token<of>/a", "Another&Token");
        for form in [
            "The-Token<of>/a",
            "the-token<of>/a",
            "Another&Token",
            "The-Token<of>\\/a",
            "\\u0054he-Token\\u003cof\\u003e/a",
            "The-Token%3Cof%3E%2Fa",
            "Another%26Token",
            "Another&amp;Token",
        ] {
            assert_eq!(mask.text(&format!("Bearer {form};")), "Bearer ***;", "{form}");
        }
    }

    #[test]
    fn a_mere_word_is_not_masked() {
        assert_eq!(mask_of("ok", "a").text("ok a"), "ok a");
        assert_eq!(Mask::default().bytes(b"x".to_vec()), (b"x".to_vec(), false));
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_text_stay(before in prop::collection::vec(128_u8.., 0..9), is_there: bool) {
            let token = if is_there { &b" secret-of-a"[..] } else { b"" };
            let masked = if is_there { &b" ***"[..] } else { b"" };
            let told = mask_of("secret-of-a", "secret-of-b").bytes([&before, token].concat());
            prop_assert_eq!(told, ([&before, masked].concat(), is_there));
        }
    }
}
