//! A JSON Web Key Set, as another backend publishes it.

use serde_json::Value;

use crate::PublicKey;

/// More bytes are not read.
const LONGEST: usize = 64 * 1024;
/// More keys are not kept: Backstage lists those of three hours for each of its replicas.
const MOST: usize = 100;
const LONGEST_NAME: usize = 256;

/// The keys of an issuer, by name.
#[derive(Debug, Default)]
pub(super) struct JwkSet(Vec<(Box<str>, Option<PublicKey>)>);

/// What a set has under a name.
#[derive(Debug)]
pub(super) enum Listed {
    One(PublicKey),
    /// Something that verifies nothing here: a key of another algorithm, or two of one name.
    Unusable,
    Nothing,
}

impl JwkSet {
    /// # Errors
    /// A text that says what it is instead, and quotes nothing.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() > LONGEST {
            return Err("the JSON Web Key Set is larger than 64 KiB");
        }
        let json: Value = serde_json::from_slice(bytes).map_err(|_| "the JSON Web Key Set is no JSON")?;
        let keys = json.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or("the JSON Web Key Set has no list \"keys\"")?;
        let named = keys.iter().filter_map(|jwk| {
            let kid = jwk.get("kid")?.as_str().filter(|kid| kid.len() <= LONGEST_NAME)?;
            Some((kid.into(), PublicKey::from_jwk(jwk)))
        });
        Ok(Self(named.take(MOST).collect()))
    }

    pub(super) fn find(&self, kid: &str) -> Listed {
        let mut named = self.0.iter().filter(|(name, _)| **name == *kid);
        match (named.next(), named.next()) {
            (Some((_, Some(key))), None) => Listed::One(key.clone()),
            (Some(_), _) => Listed::Unusable,
            (None, _) => Listed::Nothing,
        }
    }

    /// Whether it has all that `before` has.
    pub(super) fn has_all_of(&self, before: &Self) -> bool {
        before.0.iter().all(|(kid, _)| !matches!(self.find(kid), Listed::Nothing))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;
    use crate::{SigningAlgorithm, SigningKey};

    fn read(json: &Value) -> JwkSet {
        JwkSet::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_published_is_read_as_it_was() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let Listed::One(read) = read(&json!({"keys": [key.public()]})).find(key.public().kid()) else {
                panic!("{algorithm:?}")
            };
            assert_eq!(json!(read), json!(key.public()));
        }
    }

    #[test]
    fn a_key_that_verifies_nothing_here_is_known_by_its_name() {
        let key = json!(SigningKey::generate(SigningAlgorithm::Es256).unwrap().public());
        let but = |name: &str, value: Value| {
            let mut key = key.clone();
            key[name] = value;
            key
        };
        let kid = key["kid"].as_str().unwrap();
        for odd in [
            but("kty", "RSA".into()),
            but("crv", "P-384".into()),
            but("alg", "HS256".into()),
            but("use", "enc".into()),
            but("x", "AAAA".into()),
            but("y", json!(7)),
        ] {
            assert!(matches!(read(&json!({"keys": [odd]})).find(kid), Listed::Unusable), "{odd}");
        }
        assert!(matches!(read(&json!({"keys": [key, key]})).find(kid), Listed::Unusable));
        let nameless =
            json!({"keys": [but("kid", Value::Null), but("kid", "k".repeat(257).into()), 7, null]});
        assert!(matches!(read(&nameless).find(kid), Listed::Nothing));
    }

    #[test]
    fn what_is_no_set_or_too_large_a_one_is_refused() {
        for bytes in [&b""[..], b"<html>", b"[]", b"{}", br#"{"keys": {}}"#, &vec![b' '; LONGEST + 1]] {
            JwkSet::read(bytes).unwrap_err();
        }
        let keys: Vec<_> = (0..200).map(|index| json!({"kid": index.to_string()})).collect();
        assert_eq!(read(&json!({ "keys": keys })).0.len(), MOST);
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
            let _ = JwkSet::read(&bytes);
        }

        #[test]
        fn whatever_members_a_key_has_it_is_read_or_left(
            (kty, crv) in ("(EC|OKP|[A-Z]{0,3})", "(P-256|P-384|Ed25519|[a-z]{0,3})"),
            (x, y) in ("[A-Za-z0-9_=-]{0,70}", "[A-Za-z0-9_-]{43}"),
        ) {
            let key = json!({"kty": kty, "crv": crv, "x": x, "y": y, "kid": "k"});
            let found = read(&json!({"keys": [key]})).find("k");
            prop_assert!(!matches!(found, Listed::Nothing));
        }
    }
}
