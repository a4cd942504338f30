//! Telling tokens apart and verifying those of users.
//!
//! What a token says of itself chooses what is required of it, and never how its signature is checked: the algorithm is
//! the key's.

use greenroom_errors::Error;
use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{AUDIENCE, LIMITED_USER, PLUGIN, USER, decoded};
use crate::{InvalidToken, PublicKey, keys::install_provider};

/// What a token claims to be. Each kind is verified in one way, and refused for good if that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plugin,
    User,
    LimitedUser,
    /// One for the audience of users that names no type, as Backstage issued before tokens had types.
    Untyped,
}

impl Kind {
    fn typ(self) -> Option<&'static str> {
        match self {
            Self::Plugin => Some(PLUGIN),
            Self::User => Some(USER),
            Self::LimitedUser => Some(LIMITED_USER),
            Self::Untyped => None,
        }
    }
}

/// What kind of Backstage's tokens it is; `None` if it is none, and may be somebody else's.
pub(crate) fn kind(token: &str) -> Option<Kind> {
    // The shape of a JWT comes first: most tokens of systems outside have none.
    let parts = token.split('.').count();
    if !matches!(parts, 3 | 5) {
        return None;
    }
    let mut parts_read = token.split('.').map(decoded);
    let header = parts_read.next()??;
    match header.get("typ").and_then(Value::as_str) {
        Some(PLUGIN) => return Some(Kind::Plugin),
        Some(USER) => return Some(Kind::User),
        Some(LIMITED_USER) => return Some(Kind::LimitedUser),
        _ => {}
    }
    let payload = (parts == 3).then(|| parts_read.next())???;
    (payload.get("aud")?.as_str() == Some(AUDIENCE)).then_some(Kind::Untyped)
}

/// The id of the key that a token names.
pub(crate) fn key_id(token: &str) -> Result<String, String> {
    let header = decode_header(token).map_err(|_| "its header is malformed".to_owned())?;
    header.kid.ok_or_else(|| "it names no key".to_owned())
}

/// Why decoding failed. In words of our own: the library's quote the token, at any length.
fn undecoded(why: &ErrorKind) -> Refused {
    match why {
        ErrorKind::InvalidSignature => {
            Refused::Unproved(InvalidToken::BadSignature, "signature verification failed".to_owned())
        }
        ErrorKind::InvalidAlgorithm => {
            Refused::Unproved(InvalidToken::BadSignature, r#""alg" is not that of its key"#.to_owned())
        }
        _ => Refused::malformed("it is malformed"),
    }
}

/// What a verified token says.
#[derive(Debug)]
pub(crate) struct Verified {
    /// A user's entity reference, or the id of the plugin that issued it.
    pub(crate) subject: String,
    /// Seconds since 1970.
    pub(crate) expires: f64,
    /// In a plugin's token: the token of the user on whose behalf it calls.
    pub(crate) on_behalf_of: Option<String>,
}

/// Why a token is refused: what its sender reads, and what the log does.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is nobody to ask for keys, which the log has been told.
    Unknown,
    /// It does not prove what it says.
    Unproved(InvalidToken, String),
    /// It proves too little.
    Incomplete(&'static str),
}

impl Refused {
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::Unproved(InvalidToken::Malformed, why.into())
    }

    /// The same in one of a few words.
    pub(crate) fn reason(&self) -> InvalidToken {
        match self {
            Self::Unknown => InvalidToken::UnknownKey,
            Self::Unproved(reason, _) => *reason,
            Self::Incomplete(_) => InvalidToken::Malformed,
        }
    }

    pub(super) fn error(&self) -> Error {
        Error::authentication(match self {
            Self::Unknown | Self::Unproved(..) => "Failed user token verification",
            Self::Incomplete(text) => text,
        })
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: Option<Value>,
    iat: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    aud: Option<IgnoredAny>,
    obo: Option<Value>,
}

/// Checks a token of a kind by its key, at a time in seconds since 1970. No clock is given leeway.
///
/// For whom a plugin's token is, and whether that on whose behalf it calls is a user's, is for the caller to check.
pub(crate) fn verify(token: &str, kind: Kind, key: &PublicKey, now: u64) -> Result<Verified, Refused> {
    let unproved = |reason, why: &str| Err(Refused::Unproved(reason, why.to_owned()));
    install_provider();
    let mut validation = Validation::new(key.algorithm().algorithm());
    // Times are checked below, by a clock that tests can set; the audience of an untyped token was read with its kind.
    validation.required_spec_claims.clear();
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.validate_aud = false;
    let token = decode::<Claims>(token, key.verifies(), &validation).map_err(|why| undecoded(why.kind()))?;
    if token.header.typ.as_deref() != kind.typ() && kind != Kind::Untyped {
        return unproved(InvalidToken::WrongType, r#"unexpected "typ" JWT header value"#);
    }
    if token.header.crit.is_some() {
        return Err(Refused::malformed("it has critical header parameters"));
    }
    let Claims { sub, iat, exp, nbf, aud, obo } = token.claims;
    if kind != Kind::Untyped {
        let has_audience = aud.is_some() || kind != Kind::Plugin;
        let required =
            [("sub", sub.is_some()), ("exp", exp.is_some()), ("iat", iat.is_some()), ("aud", has_audience)];
        if let Some((name, _)) = required.iter().find(|(_, is_there)| !is_there) {
            return Err(Refused::malformed(format!(r#"missing required "{name}" claim"#)));
        }
    }
    let number = |name: &str, claim: Option<Value>| match claim {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            None => Err(Refused::malformed(format!(r#""{name}" claim must be a number"#))),
            number => Ok(number),
        },
    };
    number("iat", iat)?;
    let (nbf, exp) = (number("nbf", nbf)?, number("exp", exp)?);
    let now = now as f64;
    if nbf.is_some_and(|nbf| nbf > now) {
        return unproved(InvalidToken::NotYetValid, r#""nbf" claim timestamp check failed"#);
    }
    if exp.is_some_and(|exp| exp <= now) {
        return unproved(InvalidToken::Expired, r#""exp" claim timestamp check failed"#);
    }
    let sub = sub.as_ref().and_then(Value::as_str).filter(|sub| !sub.is_empty());
    let sub = sub.ok_or(Refused::Incomplete("No user sub found in token"))?;
    let expires = exp.ok_or(Refused::Incomplete("User token is missing expiration"))?;
    let on_behalf_of = match obo {
        _ if kind != Kind::Plugin => None,
        // Node takes what JavaScript counts as false for nobody.
        None | Some(Value::Null | Value::Bool(false)) => None,
        Some(Value::String(obo)) => Some(obo).filter(|obo| !obo.is_empty()),
        Some(_) => return Err(Refused::malformed(r#""obo" claim is no token"#)),
    };
    Ok(Verified { subject: sub.to_owned(), expires, on_behalf_of })
}
