//! What a token proves.

use serde::Deserialize;
use serde_json::Value;

use super::{InvalidToken, Issuer, RemoteKeys, TokenLabel, cache::Keep, keys::Found};
use crate::{
    ExternalTokens,
    user::{Kind, Verified, decoded, key_id, kind, verify},
};

/// How long what proves nothing is remembered, in seconds.
const REFUSED_FOR: u64 = 60;
/// Between two questions for a list of keys, in seconds, however many keys it lacks.
const PAUSE: u64 = 10;
/// Signatures that are checked in a second: a tenth of a core. A good token needs that once, so that this many are new
/// only where somebody makes them up.
const SIGNATURES_A_SECOND: u32 = 1_000;

/// What a token proves, and for how long that is so.
pub(super) type Judged = (TokenLabel, Keep);

const UNVERIFIED: Judged = (TokenLabel::Unverified, Keep::Not);

pub(super) struct Judge {
    keys: RemoteKeys,
    external: ExternalTokens,
    /// How many signatures were checked in which second.
    checked: (u64, u32),
}

/// What a token says of itself, which proves nothing.
#[derive(Deserialize)]
struct Stated {
    sub: Option<Value>,
    iat: Option<Value>,
    exp: Option<Value>,
}

impl Judge {
    pub(super) fn new(keys: RemoteKeys, external: ExternalTokens) -> Self {
        Self { keys, external, checked: (0, 0) }
    }

    /// In Node's order: what says that it is Backstage's is nothing else.
    pub(super) fn judge(&mut self, token: &str) -> Judged {
        let now = self.keys.clock().seconds();
        let Some(kind) = kind(token) else { return self.external(token, now) };
        let proved = match kind {
            Kind::Plugin => self.plugin(token, now),
            _ => self.verified(token, kind, now).map(|user| (TokenLabel::User, user.expires)),
        };
        match proved {
            Ok((label, expires)) => (label, Keep::Proved(expires.ceil() as u64)),
            Err(judged) => judged,
        }
    }

    /// A plugin calls on its own behalf, or on that of a user whose token is in its own.
    fn plugin(&mut self, token: &str, now: u64) -> Result<(TokenLabel, f64), Judged> {
        let plugin = self.verified(token, Kind::Plugin, now)?;
        let Some(of_user) = plugin.on_behalf_of else { return Ok((TokenLabel::Service, plugin.expires)) };
        let kind = kind(&of_user).filter(|kind| *kind != Kind::Plugin);
        let kind = kind.ok_or_else(|| invalid(InvalidToken::Malformed, now))?;
        let user = self.verified(&of_user, kind, now)?;
        Ok((TokenLabel::User, plugin.expires.min(user.expires)))
    }

    fn verified(&mut self, token: &str, kind: Kind, now: u64) -> Result<Verified, Judged> {
        let malformed = || invalid(InvalidToken::Malformed, now);
        let stated = Stated::of(token).ok_or_else(malformed)?;
        let issuer = match kind {
            Kind::Plugin => stated.sub.as_ref().and_then(Value::as_str).and_then(Issuer::plugin),
            _ => Some(Issuer::Users),
        };
        let issuer = issuer.ok_or_else(malformed)?;
        let kid = key_id(token).map_err(|_| malformed())?;
        let iat = stated.iat.as_ref().and_then(Value::as_f64).map(|iat| iat as u64);
        let key = match self.keys.find(&issuer, &kid, iat, PAUSE) {
            Found::Key(key) => key,
            // Whoever signed it.
            _ if stated.has_expired(now) => return Err(invalid(InvalidToken::Expired, now)),
            Found::Unknown(until) => {
                return Err((TokenLabel::Invalid(InvalidToken::UnknownKey), Keep::Until(until)));
            }
            Found::Unusable | Found::Pending | Found::Unavailable(_) => return Err(UNVERIFIED),
        };
        if !self.may_check(now) {
            return Err(UNVERIFIED);
        }
        verify(token, kind, &key, now).map_err(|refused| invalid(refused.reason(), now))
    }

    fn may_check(&mut self, now: u64) -> bool {
        if self.checked.0 != now {
            self.checked = (now, 0);
        }
        self.checked.1 += 1;
        self.checked.1 <= SIGNATURES_A_SECOND
    }

    fn external(&self, token: &str, now: u64) -> Judged {
        if self.external.has(token) {
            return (TokenLabel::External, Keep::Proved(u64::MAX));
        }
        match is_jwt(token) {
            false => invalid(InvalidToken::UnknownToken, now),
            true if self.external.unsupported().is_empty() => invalid(InvalidToken::WrongType, now),
            // One that this version cannot verify, and the backend behind it can.
            true => UNVERIFIED,
        }
    }
}

impl Stated {
    fn of(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1).and_then(decoded)?;
        serde_json::from_value(payload).ok()
    }

    fn has_expired(&self, now: u64) -> bool {
        self.exp.as_ref().and_then(Value::as_f64).is_some_and(|exp| exp <= now as f64)
    }
}

fn invalid(why: InvalidToken, now: u64) -> Judged {
    let keep = match why {
        InvalidToken::NotYetValid => Keep::Not,
        _ => Keep::Until(now.saturating_add(REFUSED_FOR)),
    };
    (TokenLabel::Invalid(why), keep)
}

fn is_jwt(token: &str) -> bool {
    let parts = token.split('.').count();
    matches!(parts, 3 | 5)
        && token.split('.').next().and_then(decoded).is_some_and(|header| header.is_object())
}
