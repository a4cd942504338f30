//! The operator's token, masked in each answer before anything reads, cuts or shows it.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use greenroom_redact::Tokens;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::seen::Reply;

/// What masks the token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask(Arc<Tokens>);

impl Mask {
    pub(crate) fn of(token: Option<&str>) -> Self {
        Self(Arc::new(Tokens::of(token)))
    }

    pub(crate) fn text(&self, text: &str) -> String {
        self.0.text(text).into_owned()
    }

    pub(crate) fn reply(&self, reply: Reply) -> Reply {
        let masked = match self.0.bytes(&reply.body) {
            Cow::Owned(masked) => Some(Bytes::from(masked)),
            Cow::Borrowed(_) => None,
        };
        Reply { headers: self.headers(&reply.headers), body: masked.unwrap_or(reply.body), ..reply }
    }

    fn headers(&self, headers: &HeaderMap) -> HeaderMap {
        let mut masked = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers {
            let name = HeaderName::from_bytes(self.0.text(name.as_str()).as_bytes());
            let value = HeaderValue::from_bytes(&self.0.bytes(value.as_bytes()));
            if let (Ok(name), Ok(value)) = (name, value) {
                masked.append(name, value);
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_masked_in_the_names_and_values_of_headers_and_in_the_body() {
        let mut reply = Reply { body: Bytes::from_static(b"Abc.Def&#x5F;Ghi \xff"), ..Reply::default() };
        let name = HeaderName::from_static("x-abc.def_ghi");
        reply.headers.insert(name, HeaderValue::from_static("Bearer Abc.Def%5FGhi"));
        let told = Mask::of(Some("Abc.Def_Ghi")).reply(reply);
        assert_eq!((told.header("x-***"), &*told.body), (Some("Bearer ***"), &b"*** \xff"[..]));
    }

    /// Of as many characters as a server takes in all headers, and all alike.
    #[test]
    fn a_token_as_long_as_any_is_masked() {
        let token = "a".repeat(9_000);
        let mask = Mask::of(Some(&token));
        let body = Bytes::from(format!("no {token}, no {}", &token[1..]));
        let told = mask.reply(Reply { body, ..Reply::default() });
        assert_eq!(told.text(), format!("no ***, no {}", &token[1..]));
    }

    #[test]
    fn without_a_token_nothing_changes() {
        let reply = Mask::of(None).reply(Reply { body: Bytes::from_static(b"ok"), ..Reply::default() });
        assert_eq!(reply.text(), "ok");
    }
}
