//! Limited user tokens, cut out of whole ones.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use greenroom_errors::Error;
use serde_json::{Value, json};

use super::{LIMITED_USER, USER, decoded, encoded};

/// A token that says who somebody is and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct LimitedUserToken {
    /// The token: a secret.
    pub token: String,
    /// Until when it is good: as long as the token that it was cut out of.
    pub expires_at: SystemTime,
}

impl fmt::Debug for LimitedUserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedUserToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What the signature of a limited token covers. Its bytes are part of the format: who issues a user token signs them.
pub(super) fn limited_content(alg: &Value, kid: &Value, sub: &Value, iat: &Value, exp: &Value) -> String {
    let header = json!({"typ": LIMITED_USER, "alg": alg, "kid": kid});
    let payload = json!({"sub": sub, "iat": iat, "exp": exp});
    format!("{}.{}", encoded(&header), encoded(&payload))
}

/// The limited token of a user's; a token that is limited already, or of no type, is returned as it is.
pub(crate) fn limited(token: &str) -> Result<LimitedUserToken, Error> {
    let failed = |why: &str| Error::authentication(format!("Failed to create limited user token, {why}"));
    let mut parts = token.split('.').map(decoded);
    let (Some(Some(header)), Some(Some(payload))) = (parts.next(), parts.next()) else {
        return Err(failed("invalid token type"));
    };
    let seconds = payload["exp"].as_u64().ok_or_else(|| failed("missing expiration"))?;
    let expires_at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    let expires_at = expires_at.ok_or_else(|| failed("invalid expiration"))?;
    let token = match header["typ"].as_str() {
        None | Some("" | LIMITED_USER) => token.to_owned(),
        Some(USER) => {
            let proof = payload["uip"].as_str().ok_or_else(|| failed("missing user identity proof"))?;
            let [sub, iat, exp] = ["sub", "iat", "exp"].map(|claim| &payload[claim]);
            format!("{}.{proof}", limited_content(&header["alg"], &header["kid"], sub, iat, exp))
        }
        Some(_) => return Err(failed("invalid token type")),
    };
    Ok(LimitedUserToken { token, expires_at })
}
