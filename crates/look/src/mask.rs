//! The operator's token, masked in each answer before anything reads, cuts or shows it: of a token that was cut, nobody could tell
//! any more that it is one.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use greenroom_redact::Secrets;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::seen::Reply;

/// A shorter token is a word that any answer may hold, and masking it would change what the checks read.
const SHORTEST: usize = 4;

/// What masks, in all forms in which text shows a secret: as it is, escaped for JSON or for a URL, in base64.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask(Option<Arc<Secrets>>);

impl Mask {
    pub(crate) fn of(token: Option<&str>) -> Self {
        let Some(token) = token.filter(|token| token.len() >= SHORTEST) else { return Self::default() };
        // The names of headers are in lower case, whoever repeats a token there.
        let forms = [token.to_owned(), token.to_ascii_lowercase(), html(token)];
        let secrets = Secrets::default().with(forms.iter().map(|form| &**form));
        Self(secrets.map(|(secrets, _)| Arc::new(secrets)))
    }

    pub(crate) fn text(&self, text: String) -> String {
        match &self.0 {
            Some(secrets) => secrets.mask(&text).into_owned(),
            None => text,
        }
    }

    pub(crate) fn reply(&self, reply: Reply) -> Reply {
        let Some(secrets) = &self.0 else { return reply };
        let body = match bytes(secrets, &reply.body) {
            Cow::Borrowed(_) => reply.body.clone(),
            Cow::Owned(masked) => Bytes::from(masked),
        };
        Reply { headers: headers(secrets, &reply.headers), body, ..reply }
    }
}

/// As a page holds it.
fn html(token: &str) -> String {
    let token = token.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    token.replace('"', "&quot;").replace('\'', "&#39;")
}

fn headers(secrets: &Secrets, headers: &HeaderMap) -> HeaderMap {
    let mut masked = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(secrets.mask(name.as_str()).as_bytes());
        let value = HeaderValue::from_bytes(&bytes(secrets, value.as_bytes()));
        if let (Ok(name), Ok(value)) = (name, value) {
            masked.append(name, value);
        }
    }
    masked
}

/// What is no text stays: a token is none but in text.
fn bytes<'b>(secrets: &Secrets, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    let mut masked = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        masked.extend_from_slice(secrets.mask(chunk.valid()).as_bytes());
        masked.extend_from_slice(chunk.invalid());
    }
    if masked == bytes { bytes.into() } else { masked.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "The-Token<of>/an+operator";

    fn masked(headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let name = |name: &str| HeaderName::from_bytes(name.as_bytes()).unwrap();
        let headers = headers.iter().map(|(of, value)| (name(of), HeaderValue::from_str(value).unwrap()));
        let reply =
            Reply { headers: headers.collect(), body: Bytes::copy_from_slice(body), ..Reply::default() };
        Mask::of(Some(TOKEN)).reply(reply)
    }

    #[test]
    fn a_token_is_masked_in_each_form_that_an_answer_may_have() {
        for form in [
            TOKEN,
            "The-Token<of>\\/an+operator",
            "\\u0054he-Token\\u003cof\\u003e/an+operator",
            "The-Token%3Cof%3E%2Fan%2Boperator",
            "%54he-Token%3cof%3e%2fan%2boperator",
            "The-Token&lt;of&gt;/an+operator",
        ] {
            let told = masked(&[("x-echo", &format!("Bearer {form};"))], format!("a '{form}'").as_bytes());
            assert_eq!(told.header("x-echo"), Some("Bearer ***;"), "{form}");
            assert_eq!(told.text(), "a '***'", "{form}");
        }
    }

    #[test]
    fn the_name_of_a_header_is_masked_though_it_is_in_lower_case() {
        let mask = Mask::of(Some("Abc.Def_Ghi"));
        let mut reply = Reply::default();
        reply.headers.insert(HeaderName::from_static("x-abc.def_ghi"), HeaderValue::from_static("1"));
        assert_eq!(mask.reply(reply).header("x-***"), Some("1"));
    }

    #[test]
    fn bytes_that_are_no_text_stay_and_what_stands_between_them_is_masked() {
        let body = [b"\xff\x00", TOKEN.as_bytes(), b"\xfe"].concat();
        assert_eq!(&*masked(&[], &body).body, b"\xff\x00***\xfe");
    }

    #[test]
    fn without_a_token_or_with_a_mere_word_nothing_changes() {
        for mask in [Mask::of(None), Mask::of(Some("ok"))] {
            let reply = Reply { body: Bytes::from_static(b"ok"), ..Reply::default() };
            assert_eq!((mask.reply(reply).text(), mask.text("ok".to_owned())), ("ok".into(), "ok".into()));
        }
    }

    proptest! {
        #[test]
        fn an_answer_without_it_stays_as_it_is(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(&*masked(&[], &body).body, &*body);
        }
    }
}
