//! User tokens: their form, who issues them, and how every plugin verifies them.
//!
//! A **user token** is what a browser gets when somebody signs in. A **limited user token** says no more than who it is, and
//! goes where a whole one should not: into a cookie, or to another plugin on behalf of the user. It is cut out of a user
//! token without any key: `uip`, a claim of the user token, is the signature of exactly its bytes.
//!
//! Contract: auth-12, auth-15 to auth-22.

#[cfg(test)]
mod attacks;
mod info;
mod issue;
mod limited;
mod tokens;
mod verify;

pub use self::{
    info::{UserIdentity, UserInfo, UserInfoService},
    issue::{UserClaims, UserTokenIssuer},
    limited::LimitedUserToken,
    tokens::{AuthBackend, UserTokens},
};
pub(crate) use self::{
    limited::limited,
    verify::{Kind, Verified, key_id, kind, verify},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

const USER: &str = "vnd.backstage.user";
const LIMITED_USER: &str = "vnd.backstage.limited-user";
const PLUGIN: &str = "vnd.backstage.plugin";
/// Whom a user token is for: every backend of Backstage.
const AUDIENCE: &str = "backstage";

/// A part of a token.
fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A part of a token, if it is JSON.
pub(crate) fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
