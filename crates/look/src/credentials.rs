//! What a token says of itself. It is only read: nothing is verified.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// The head and the claims of a JSON Web Token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claims {
    pub(crate) kind: Option<String>,
    pub(crate) issued: Option<i64>,
    pub(crate) expires: Option<i64>,
    /// Entities that it says its user owns as.
    pub(crate) ownership: usize,
}

impl Claims {
    /// `None` where it is a token of another kind, such as a static one.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (head, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (head, claims) = (read(head)?, read(claims)?);
        let seconds = |name: &str| claims.get(name)?.as_i64();
        Some(Self {
            kind: head.get("typ").and_then(Value::as_str).map(str::to_owned),
            issued: seconds("iat"),
            expires: seconds("exp"),
            ownership: claims.get("ent").and_then(Value::as_array).map_or(0, Vec::len),
        })
    }
}

/// A token of these claims, for tests.
#[cfg(test)]
pub(crate) fn token_of(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = serde_json::json!({"typ": "vnd.backstage.user", "alg": "ES256"});
    format!("{}.{}.c2lnbmF0dXJl", part(&head), part(claims))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_read_and_a_static_token_has_none() {
        let token = token_of(&json!({"iat": 10, "exp": 3610, "ent": ["user:default/a"]}));
        let claims = Claims::of(&token).unwrap();
        assert_eq!((claims.issued, claims.expires, claims.ownership), (Some(10), Some(3610), 1));
        assert_eq!(claims.kind.as_deref(), Some("vnd.backstage.user"));
        for other in ["", "abc", "a.b.c", "a.b.c.d"] {
            assert_eq!(Claims::of(other), None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[A-Za-z0-9_.=-]{0,80}") {
            Claims::of(&text);
        }
    }
}
