//! Making user tokens, byte by byte as Backstage does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenroom_errors::Error;
use serde_json::{Map, Value, json};

use super::{AUDIENCE, USER, encoded, limited::limited_content};
use crate::{SigningKey, canonical_entity_ref};

/// More is a mistake of who resolves the sign-in: headers of requests have an end.
const LONGEST: usize = 32_768;

/// What a user token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserClaims {
    /// Whose it is: a full entity reference.
    pub sub: String,
    /// On whose behalf they own what they own: themselves and their groups.
    pub ent: Vec<String>,
    /// What a sign-in adds of its own.
    pub additional: Map<String, Value>,
}

impl UserClaims {
    /// Those of a user who owns by these references, in canonical spelling, each once.
    pub fn new<T: AsRef<str>>(sub: &str, ent: impl IntoIterator<Item = T>) -> Self {
        let canonical = |text: &str| canonical_entity_ref(text, None).unwrap_or_else(|| text.to_owned());
        let mut all: Vec<String> = vec![];
        for one in ent.into_iter().map(|one| canonical(one.as_ref())) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        Self { sub: canonical(sub), ent: all, additional: Map::new() }
    }
}

/// Issues user tokens.
#[derive(Clone, Debug)]
pub struct UserTokenIssuer {
    /// The external URL of the plugin `auth`.
    pub issuer: String,
    /// How long a token is good.
    pub lifetime: Duration,
    /// Whether a token lacks `ent`, which others then ask the plugin `auth` for.
    pub omits_ownership: bool,
}

impl UserTokenIssuer {
    /// A token, good from `now` on.
    ///
    /// # Errors
    /// In Backstage's words: for a `sub` that is no entity reference, and for a token that would be longer than 32,768
    /// characters.
    pub fn issue(&self, key: &SigningKey, claims: &UserClaims, now: SystemTime) -> Result<String, Error> {
        let UserClaims { sub, ent, additional } = claims;
        if canonical_entity_ref(sub, None).is_none() {
            return Err(Error::new(r#""sub" claim provided by the auth resolver is not a valid EntityRef."#));
        }
        let iat = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let exp = iat + self.lifetime.as_secs();
        let public = key.public();
        let content = limited_content(
            &json!(public.algorithm().name()),
            &json!(public.kid()),
            &json!(sub),
            &json!(iat),
            &json!(exp),
        );
        let mut said = additional.clone();
        said.insert("iss".into(), json!(self.issuer));
        said.insert("sub".into(), json!(sub));
        match self.omits_ownership {
            true => _ = said.shift_remove("ent"),
            false => _ = said.insert("ent".into(), json!(ent)),
        }
        said.insert("aud".into(), json!(AUDIENCE));
        said.insert("iat".into(), json!(iat));
        said.insert("exp".into(), json!(exp));
        said.insert("uip".into(), json!(key.sign(&content)?));
        let header = json!({"typ": USER, "alg": public.algorithm().name(), "kid": public.kid()});
        let signed = format!("{}.{}", encoded(&header), encoded(&said.into()));
        let token = format!("{signed}.{}", key.sign(&signed)?);
        if token.len() > LONGEST {
            // Node's text goes on with all claims.
            return Err(Error::new(
                "Failed to issue a new user token. The resulting token is excessively large, with either too many \
                 ownership claims or too large custom claims. You likely have a bug either in the sign-in resolver or \
                 catalog data.",
            ));
        }
        Ok(token)
    }
}
