//! Tokens that were sent to a server, masked in what it answers.

use std::borrow::Cow;

use crate::Secrets;

/// The tokens that somebody sends to a server which may repeat them: in a page, in JSON, in a header.
///
/// They are found in every form in which [`Secrets`] are, and where they are escaped for HTML. An answer is to be masked before anything
/// cuts or shows it: of a token that was cut, nobody could tell any more that it is one.
///
/// ```
/// use greenroom_redact::Tokens;
///
/// let tokens = Tokens::of(["abc=/def"]);
/// assert_eq!(tokens.text("no abc&#x3D;&sol;def, no abc%3D%2Fdef"), "no ***, no ***");
/// assert_eq!(&*tokens.bytes(b"\xff abc=/def"), b"\xff ***");
/// ```
#[derive(Debug, Default)]
pub struct Tokens(Secrets);

impl Tokens {
    /// How many bytes a token has at least. A shorter one is a word that any answer may hold: it cannot be masked, so it should not be
    /// sent.
    pub const SHORTEST: usize = 4;

    /// Those of at least [`SHORTEST`](Self::SHORTEST) bytes.
    pub fn of<'t>(tokens: impl IntoIterator<Item = &'t str>) -> Self {
        let tokens = tokens.into_iter().filter(|token| token.len() >= Self::SHORTEST);
        // The names of headers are in lower case, whoever repeats a token there.
        let forms: Vec<_> =
            tokens.flat_map(|token| [Cow::Borrowed(token), token.to_ascii_lowercase().into()]).collect();
        let secrets = Secrets::in_pages().with(forms.iter().map(|form| &**form));
        Self(secrets.map(|(secrets, _)| secrets).unwrap_or_default())
    }

    /// The text without them.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.mask(text)
    }

    /// The same of bytes; borrowed if there are none of them. What is no text stays: a token is none but in text.
    pub fn bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if !self.0.is_active() {
            return bytes.into();
        }
        let mut masked: Option<Vec<u8>> = None;
        let mut from = 0;
        for chunk in bytes.utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            match (self.text(valid), &mut masked) {
                (Cow::Borrowed(_), None) => {}
                (text, masked) => {
                    let masked = masked.get_or_insert_with(|| bytes[..from].to_vec());
                    masked.extend_from_slice(text.as_bytes());
                    masked.extend_from_slice(invalid);
                }
            }
            from += valid.len() + invalid.len();
        }
        masked.map_or(bytes.into(), Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "The-Token<of>/an+operator==";

    fn decimal(text: &str) -> String {
        text.chars().map(|c| format!("&#{};", u32::from(c))).collect()
    }

    #[test]
    fn a_token_is_masked_in_each_form_that_an_answer_may_have() {
        let tokens = Tokens::of([TOKEN, "Another&Token"]);
        for form in [
            TOKEN,
            "the-token<of>/an+operator==",
            "The-Token<of>\\/an+operator==",
            "\\u0054he-Token\\u003cof\\u003e/an+operator\\u003d=",
            "The-Token%3Cof%3E%2Fan%2Boperator%3D%3D",
            "%54he-Token%3cof%3e%2fan%2boperator%3d%3d",
            "The-Token&lt;of&gt;/an+operator==",
            "The-Token&lt;of&gt;&#x2F;an&#43;operator&#x3D;&#x3D;",
            "The-Token&LT;of&gt;&sol;an&plus;operator&equals;&equals;",
            "The-Token&amp;lt;of&amp;gt;&amp;#x2F;an+operator==",
            "The-Token&lt;of&gt;\\/an+operator&#61;&#61;",
            "The-Token%26lt%3Bof&gt;%26%23x2F%3Ban+operator==",
            &decimal(TOKEN),
            "Another&amp;Token",
            "Another%26Token",
            "Another&Token",
        ] {
            assert_eq!(tokens.text(&format!("Bearer {form};")), "Bearer ***;", "{form}");
        }
    }

    #[test]
    fn without_a_token_or_with_a_mere_word_nothing_changes() {
        for tokens in [Tokens::default(), Tokens::of(["ok", "abc"])] {
            assert!(matches!(tokens.bytes(b"ok abc \xff"), Cow::Borrowed(_)));
        }
    }

    /// A server may answer with whatever costs most to look through.
    #[test]
    fn an_answer_that_repeats_it_takes_no_longer_than_its_length() {
        let tokens = Tokens::of([TOKEN]);
        for part in
            ["%25\\u0025 1, 2, 3, ", "&amp;amp;", "&#", "&#0000000000", "&sol;%26", "&&&&", "\\u0026#37;"]
        {
            let text = format!("{TOKEN}{}", part.repeat((1 << 18) / part.len()));
            assert_eq!(tokens.text(&text).len(), text.len() - TOKEN.len() + 3, "{part}");
        }
        let many = "aaaa".repeat(1 << 16);
        assert_eq!(Tokens::of(["aaaa"]).text(&many), "***");
    }

    proptest! {
        #[test]
        fn an_answer_without_it_stays_as_it_is(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(matches!(Tokens::of([TOKEN]).bytes(&body), Cow::Borrowed(_)));
        }

        #[test]
        fn bytes_that_are_no_text_stay(before in prop::collection::vec(128_u8.., 0..9), after in prop::collection::vec(128_u8.., 0..9)) {
            let body = [&before[..], b" ", TOKEN.as_bytes(), b" ", &after].concat();
            let expected = [&before[..], b" *** ", &after].concat();
            prop_assert_eq!(&*Tokens::of([TOKEN]).bytes(&body), &*expected);
        }
    }
}
